/** Two hundred streams of every kind end with one revocation, counted in its acknowledgement, while two hundred of somebody else do not miss a byte. */
import { expect } from 'chai';
import type { TLSSocket } from 'node:tls';
import { noWholeCluster, wholeCluster } from '../support/clusters.ts';
import { converse, type ConnectorClient } from '../support/connector-client.ts';
import { guardCluster, type GuardedCluster, type Person } from '../support/guarded-cluster.ts';
import { openHttp2 } from '../support/http2-client.ts';
import { loginWithPassword, newTerminal } from '../support/infra.ts';
import { runPod } from '../support/pod.ts';
import { adminEmail, adminPassword } from '../support/server.ts';
import { waitFor } from '../support/wait-for.ts';

interface Stream {
  readonly kind: string;
  text(): string;
  hasEnded(): boolean;
  end(): void;
}

/** Says a number a second, each once. */
const count = 'i=0; while true; do i=$((i+1)); echo "n=$i;"; sleep 1; done';
const kinds = { watch: 60, 'watch over HTTP/2': 60, log: 40, exec: 20, attach: 10, 'port-forward': 10 } as const;
const all = Object.values(kinds).reduce((sum, each) => sum + each, 0);

describe('e2e: a revocation with two hundred streams', function () {
  this.timeout(180_000);
  let guarded: GuardedCluster;
  let [ana, ben]: [Person?, Person?] = [];

  before(async function () {
    if (noWholeCluster !== undefined) this.skip();
    guarded = await guardCluster({ cluster: await wholeCluster(), name: 'many' });
    const { namespace, admin } = guarded;
    await admin('-n', namespace, 'create', 'configmap', 'ticker', '--from-literal=n=0');
    await runPod(admin, { namespace, name: 'talker', script: count });
    ana = await guarded.person('ana', { role: 'edit' });
    ben = await guarded.person('ben', { role: 'edit' });
  });
  after(async () => guarded.stop());

  async function openAll(person: Person): Promise<readonly Stream[]> {
    const lease = await person.lease();
    const client = guarded.client(lease);
    const path = `/api/v1/namespaces/${guarded.namespace}`;
    const watched = `${path}/configmaps?watch=true&fieldSelector=metadata.name=ticker`;
    const pod = `${path}/pods/talker`;
    await waitFor(async () => (await client.request(`${path}/configmaps`)).status === 200, {
      within: 15,
      what: `${person.email} to get in`,
    });
    const http2 = await openHttp2(client.tls);
    const open: Record<keyof typeof kinds, () => Promise<Omit<Stream, 'kind'>>> = {
      watch: async () => plain(client, watched),
      'watch over HTTP/2': async () => {
        const stream = http2.session.request({ ':path': watched });
        let text = '';
        stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        stream.on('error', () => undefined);
        await new Promise((resolve) => stream.once('response', resolve));
        return { text: () => text, hasEnded: () => stream.destroyed, end: () => http2.session.destroy() };
      },
      log: async () => plain(client, `${pod}/log?follow=true`),
      exec: async () =>
        upgraded(client, `GET ${pod}/exec?stdout=true&command=sh&command=-c&command=${encodeURIComponent(count)}`, webSocket),
      attach: async () => upgraded(client, `GET ${pod}/attach?stdout=true`, webSocket),
      'port-forward': async () => upgraded(client, `POST ${pod}/portforward`, spdy),
    };
    const streams: Stream[] = [];
    for (const [kind, many] of Object.entries(kinds) as [keyof typeof kinds, number][])
      streams.push(...(await Promise.all(Array.from({ length: many }, async () => ({ kind, ...(await open[kind]()) })))));
    return streams;
  }

  it('ends all of the one, and nothing of the other', async () => {
    if (ana === undefined || ben === undefined) throw new Error('nobody is there');
    const [anas, bens] = [await openAll(ana), await openAll(ben)];
    let ticks = 0;
    const tick = async (): Promise<void> => {
      ticks += 1;
      await guarded.admin('-n', guarded.namespace, 'patch', 'configmap', 'ticker', '--type=merge', `-p={"data":{"n":"n=${ticks};"}}`);
    };
    await tick();
    const hasOutput = ({ kind, text }: Stream): boolean => kind === 'port-forward' || /n=\d+;/.test(text());
    await waitFor(() => [...anas, ...bens].every(hasOutput), { within: 30, what: 'every stream to say something' });
    expect([...anas, ...bens].filter((stream) => stream.hasEnded())).to.deep.equal([]);

    const admin = newTerminal();
    await loginWithPassword(admin, guarded.server, { email: adminEmail, password: adminPassword });
    const revoked = await admin.infra(['revoke', ana.email, '--wait']);
    expect(revoked.code, revoked.stderr).to.equal(0);
    expect(revoked.stdout + revoked.stderr).to.match(new RegExp(`enforced in \\d+ ms, ${all} streams closed`));
    await waitFor(() => anas.every((stream) => stream.hasEnded()), { within: 2, what: 'all of them to end' });

    for (let more = 0; more < 3; more += 1) await tick();
    const isUpToDate = ({ kind, text }: Stream): boolean => !kind.startsWith('watch') || text().includes(`n=${ticks};`);
    await waitFor(() => bens.every(isUpToDate), { within: 15, what: 'the other watches to show the last change' });
    expect(bens.filter((stream) => stream.hasEnded()).map(({ kind }) => kind)).to.deep.equal([]);
    for (const { kind, text } of bens) {
      const numbers = [...text().matchAll(/n=(\d+);/g)].map(([, number]) => Number(number));
      // A watch shows an object as often as it changes; told of at its beginning, the count may begin later.
      const distinct = kind.startsWith('watch') ? [...new Set(numbers)] : numbers;
      const first = distinct[0] ?? 0;
      expect(distinct, kind).to.deep.equal(distinct.map((_, index) => first + index));
    }
    bens.forEach((stream) => stream.end());
  });
});

const webSocket =
  'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: v5.channel.k8s.io\r\n';
const spdy = 'Connection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: portforward.k8s.io\r\nContent-Length: 0\r\n';

async function plain(client: ConnectorClient, path: string): Promise<Omit<Stream, 'kind'>> {
  const { status, text, hasEnded, abort } = await client.stream(path);
  expect(status, path).to.equal(200);
  return { text, hasEnded, end: abort };
}

async function upgraded(client: ConnectorClient, line: string, headers: string): Promise<Omit<Stream, 'kind'>> {
  const socket: TLSSocket = await client.connect();
  const { received, hasEnded, answers } = converse(socket);
  socket.write(`${line} HTTP/1.1\r\nHost: local\r\n${headers}\r\n`);
  const [answer] = await answers(1);
  expect(answer?.status, answer?.body).to.equal(101);
  return { text: received, hasEnded, end: () => socket.destroy() };
}
