/** What people do with pods every day, through infra, over both protocols that kubectl speaks: logs, exec, attach, port-forward, cp. */
import { expect } from 'chai';
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { noWholeCluster, wholeCluster, type WholeCluster } from '../support/clusters.ts';
import { guardCluster, type GuardedCluster, type Person } from '../support/guarded-cluster.ts';
import type { Terminal } from '../support/infra.ts';
import { kubectl, type KubectlResult } from '../support/kubectl.ts';
import { auditedBy } from '../support/kubernetes-audit.ts';
import { startKubectl, type LongKubectl } from '../support/long-kubectl.ts';
import { runPod } from '../support/pod.ts';
import { tempDir } from '../support/temp-dir.ts';
import { waitFor } from '../support/wait-for.ts';

describe('pods through infra', function () {
  this.timeout(120_000);
  let cluster: WholeCluster;
  let guarded: GuardedCluster;
  let ana: Person;
  let terminal: Terminal;

  before(async function () {
    if (noWholeCluster !== undefined) this.skip();
    cluster = await wholeCluster();
    guarded = await guardCluster({ cluster, name: 'pods' });
    ana = await guarded.person('ana', { role: 'edit' });
    terminal = await ana.terminal();
    // As ana: what she may create, she may reach.
    const asAna = async (...args: readonly string[]): Promise<void> => {
      const { code, stderr } = await terminal.kubectl(...args);
      if (code !== 0) throw new Error(stderr);
    };
    const script = 'nc -ll -p 7 -e cat & i=0; while true; do i=$((i+1)); echo line $i; sleep 0.2; done';
    const echo = 'while read -r line; do echo "heard $line"; done';
    const { namespace } = guarded;
    await Promise.all([
      runPod(asAna, { namespace, name: 'worker', script }),
      runPod(asAna, { namespace, name: 'listener', script: echo, stdin: true }),
    ]);
  });
  // Undefined where the suite was skipped.
  after(async () => (guarded as GuardedCluster | undefined)?.stop());

  it('the cluster sees the person who execs, not the connector', async () => {
    const result = await run({}, 'exec', 'worker', '--', 'hostname');
    expect(result, result.stderr).to.include({ code: 0, stdout: 'worker\n' });
    const event = await auditedBy(
      cluster,
      ({ objectRef, user }) => objectRef?.subresource === 'exec' && objectRef.namespace === guarded.namespace && user.username !== 'admin',
    );
    expect(event.user.username).to.equal(guarded.account.username);
    expect(event.impersonatedUser?.username).to.equal(`infra:${ana.email}`);
  });

  it('logs --follow shows lines as they come', async () => {
    const logs = start({}, 'logs', '--follow', '--tail=1', 'worker');
    const lines = (): number => logs.stdout().split('\n').length - 1;
    await waitFor(() => lines() >= 1, { within: 10, what: 'a first line' });
    const before = lines();
    await waitFor(() => lines() >= before + 3, { within: 10, what: 'three more lines' });
    expect(logs.hasEnded()).to.equal(false);
    logs.kill();
  });

  const protocols = {
    WebSocket: {},
    SPDY: { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: 'false', KUBECTL_PORT_FORWARD_WEBSOCKETS: 'false' },
  } as const;
  for (const [protocol, env] of Object.entries(protocols)) {
    it(`${protocol}: really is what kubectl speaks`, async () => {
      const { stderr } = await run({ env }, '-v=8', 'exec', 'worker', '--', 'true');
      const header = /Upgrade: ?\[?"?([A-Za-z0-9./]+)/i.exec(stderr)?.[1] ?? '';
      expect(header.toLowerCase()).to.equal(protocol === 'SPDY' ? 'spdy/3.1' : 'websocket');
    });

    it(`${protocol}: exec passes stdin, stdout, stderr and the exit code`, async () => {
      const script = 'cat; echo to-stderr >&2; exit 7';
      const result = await run({ env, input: 'typed in\n' }, 'exec', '-i', 'worker', '--', 'sh', '-c', script);
      expect(result.code).to.equal(7);
      expect(result.stdout).to.equal('typed in\n');
      expect(result.stderr).to.include('to-stderr').and.include('exit code 7');
    });

    it(`${protocol}: attach hears the process and is heard`, async () => {
      const attached = start(env, 'attach', '-i', 'listener');
      const word = `over-${protocol}`;
      await waitFor(
        () => {
          attached.write(`${word}\n`);
          return attached.stdout().includes(`heard ${word}`);
        },
        { within: 15, what: 'an answer of the attached process' },
      );
      attached.kill();
    });

    it(`${protocol}: port-forward carries bytes both ways, on several connections`, async () => {
      const forward = start(env, 'port-forward', 'pod/worker', ':7');
      const port = Number(await waitFor(() => /127\.0\.0\.1:(\d+)/.exec(forward.stdout())?.[1], { within: 15, what: 'the port' }));
      const sent = [randomBytes(300_000), randomBytes(10), randomBytes(70_000)];
      const received = await Promise.all(sent.map(async (bytes) => echoed(port, bytes)));
      expect(received.map(digest)).to.deep.equal(sent.map(digest));
      forward.kill();
    });

    it(`${protocol}: cp of some megabytes, there and back, loses no byte`, async () => {
      const folder = tempDir('infra-cp');
      const bytes = randomBytes(4_000_000);
      writeFileSync(join(folder, 'there'), bytes);
      const there = await run({ env }, 'cp', join(folder, 'there'), `worker:/tmp/${protocol}`);
      expect(there.code, there.stderr).to.equal(0);
      const inside = await run({ env }, 'exec', 'worker', '--', 'sha256sum', `/tmp/${protocol}`);
      expect(inside.stdout.split(' ')[0]).to.equal(digest(bytes));
      const back = await run({ env }, 'cp', '--retries=3', `worker:/tmp/${protocol}`, join(folder, 'back'));
      expect(back.code, back.stderr).to.equal(0);
      expect(digest(readFileSync(join(folder, 'back')))).to.equal(digest(bytes));
    });
  }

  type Env = Readonly<Record<string, string>>;

  function run({ env = {}, input }: { env?: Env; input?: string }, ...args: readonly string[]): Promise<KubectlResult> {
    const options = { kubeconfig: terminal.kubeconfig, env: { ...terminal.env, ...env }, ...(input === undefined ? {} : { input }) };
    return kubectl(options, '-n', guarded.namespace, ...args);
  }

  function start(env: Env, ...args: readonly string[]): LongKubectl {
    return startKubectl({ kubeconfig: terminal.kubeconfig, env: { ...terminal.env, ...env } }, '-n', guarded.namespace, ...args);
  }
});

const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** Sends the bytes and gives as many as come back. */
async function echoed(port: number, bytes: Buffer): Promise<Buffer> {
  const socket = connect(port, '127.0.0.1');
  const chunks: Buffer[] = [];
  let length = 0;
  socket
    .on('error', () => undefined)
    .on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      length += chunk.length;
    });
  socket.write(bytes);
  try {
    await waitFor(() => length >= bytes.length, { within: 20, what: `${bytes.length} bytes to come back` });
    return Buffer.concat(chunks);
  } finally {
    socket.destroy();
  }
}
