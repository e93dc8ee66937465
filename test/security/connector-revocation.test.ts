/** Every kind of open stream ends when its right is taken away, and the cluster's own client notices. */
import { expect } from 'chai';
import { connect } from 'node:net';
import { api } from '../../shared/api/index.ts';
import { noWholeCluster, wholeCluster } from '../support/clusters.ts';
import { guardCluster, type GuardedCluster, type Person } from '../support/guarded-cluster.ts';
import type { Terminal } from '../support/infra.ts';
import { startKubectl, type LongKubectl } from '../support/long-kubectl.ts';
import { runPod } from '../support/pod.ts';
import { waitFor } from '../support/wait-for.ts';

describe('security of the connector: streams and revocation', function () {
  this.timeout(120_000);
  let guarded: GuardedCluster;
  const ticking = 'while true; do echo tick; sleep 0.1; done';

  before(async function () {
    if (noWholeCluster !== undefined) this.skip();
    guarded = await guardCluster({ cluster: await wholeCluster(), name: 'revoked' });
    // Port 7 answers with ticks of its own.
    const script = `nc -ll -p 7 -e sh -c '${ticking}' & ${ticking}`;
    await runPod(guarded.admin, { namespace: guarded.namespace, name: 'pod', script });
  });
  // Undefined where the suite was skipped.
  after(async () => (guarded as GuardedCluster | undefined)?.stop());

  const overSpdy = { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: 'false', KUBECTL_PORT_FORWARD_WEBSOCKETS: 'false' };
  const exec = ['exec', 'pod', '--', 'sh', '-c', ticking];
  const kinds: readonly (readonly [title: string, args: readonly string[], env?: Readonly<Record<string, string>>])[] = [
    ['exec over WebSocket', exec],
    ['exec over SPDY', exec, overSpdy],
    ['exec that waits for input', ['exec', '-i', 'pod', '--', 'sh', '-c', 'echo tick; cat']],
    ['attach over WebSocket', ['attach', 'pod']],
    ['attach over SPDY', ['attach', 'pod'], overSpdy],
    ['logs --follow', ['logs', '--follow', '--tail=1', 'pod']],
    ['a watch', ['get', 'configmaps', '--watch']],
  ];

  interface Inside {
    readonly person: Person;
    readonly terminal: Terminal;
    readonly grantId: string;
  }
  type TakeBack = (inside: Inside) => Promise<unknown>;
  const takenBack: Readonly<Record<string, readonly [how: TakeBack, says: RegExp]>> = {
    'removing the grant': [async ({ grantId: id }) => guarded.call(api.grants.remove, { params: { id } }), /infra grants add/],
    'revoking the lease': [
      async ({ person }) => {
        const { items } = await person.call(api.leases.list, { query: { live: 'true' } });
        for (const { id } of items) await person.call(api.leases.revoke, { params: { id } });
      },
      /this credential was revoked; log in again/,
    ],
  };

  /** Somebody with `edit` who may exec by now. */
  async function letIn(name: string): Promise<Inside> {
    const person = await guarded.person(name);
    const grantId = await person.grant({ role: 'edit' });
    const terminal = await person.terminal();
    const mayExec = ['auth', 'can-i', 'create', 'pods', '--subresource=exec'];
    await waitFor(async () => (await terminal.kubectl('-n', guarded.namespace, ...mayExec)).code === 0, {
      within: 15,
      what: 'the grant to hold',
    });
    return { person, terminal, grantId };
  }

  type Env = Readonly<Record<string, string>>;
  const start = (terminal: Terminal, args: readonly string[], env: Env = {}): LongKubectl =>
    startKubectl({ kubeconfig: terminal.kubeconfig, env: { ...terminal.env, ...env } }, '-n', guarded.namespace, ...args);

  /** A forwarded port and a connection through it. */
  async function forward(
    terminal: Terminal,
    env: Env = {},
  ): Promise<{ readonly kubectl: LongKubectl; received(): string; isOver(): boolean }> {
    const kubectl = start(terminal, ['port-forward', 'pod/pod', ':7'], env);
    const port = await waitFor(() => /127\.0\.0\.1:(\d+)/.exec(kubectl.stdout())?.[1], { within: 15, what: 'the forwarded port' });
    const socket = connect(Number(port), '127.0.0.1');
    let received = '';
    let isOver = false;
    socket.on('data', (chunk: Buffer) => (received += chunk.toString()));
    socket.on('error', () => undefined).on('close', () => (isOver = true));
    return { kubectl, received: () => received, isOver: () => isOver };
  }

  for (const [way, [takeBack, says]] of Object.entries(takenBack))
    it(`row 12: ${way} ends exec, attach, port-forward (WebSocket and SPDY), logs and watch: no byte more, and each process ends`, async () => {
      const inside = await letIn(way.replaceAll(' ', '-'));
      const { terminal } = inside;
      const running = kinds.map(([title, args, env]) => ({ title, kubectl: start(terminal, args, env) }));
      const forwards = [await forward(terminal), await forward(terminal, overSpdy)];
      for (const { title, kubectl } of running)
        await waitFor(() => kubectl.stdout() !== '', { within: 15, what: `${title} to say something` });
      for (const { received } of forwards) await waitFor(() => received() !== '', { within: 15, what: 'a tick through the port' });
      await takeBack(inside);
      for (const { title, kubectl } of running) await waitFor(() => kubectl.hasEnded(), { within: 5, what: `${title} to end` });
      for (const { isOver } of forwards) await waitFor(isOver, { within: 5, what: 'the forwarded connection to end' });
      const refused = await terminal.kubectl('-n', guarded.namespace, 'logs', 'pod', '--tail=1');
      expect(refused.code).to.equal(1);
      expect(refused.stderr).to.match(says);
      for (const { kubectl } of forwards) kubectl.kill();
    });

  it('row 12: a role taken from somebody who keeps another ends what ran on it, and nothing else', async () => {
    const { person, terminal, grantId } = await letIn('keeps-another');
    await person.grant({ role: 'view', namespace: null });
    const running = start(terminal, exec);
    const elsewhere = start(terminal, ['-n', 'kube-system', 'get', 'configmaps', '--watch']);
    for (const kubectl of [running, elsewhere]) await waitFor(() => kubectl.stdout() !== '', { within: 15, what: 'both to say something' });
    await guarded.call(api.grants.remove, { params: { id: grantId } });
    await waitFor(() => running.hasEnded(), { within: 5, what: 'the exec to end' });
    const answer = await terminal.kubectl('-n', 'kube-system', 'get', 'configmaps');
    expect(answer.code, answer.stderr).to.equal(0);
    expect(elsewhere.hasEnded()).to.equal(false);
    elsewhere.kill();
  });
});
