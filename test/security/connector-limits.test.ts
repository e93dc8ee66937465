/** Whoever takes all they can get of a connector is stopped at a limit, in words that kubectl shows, and nobody else notices. */
import { expect } from 'chai';
import { setTimeout as delay } from 'node:timers/promises';
import type { TLSSocket } from 'node:tls';
import { api } from '../../shared/api/index.ts';
import { controlPlane } from '../support/clusters.ts';
import { statusOf, type ConnectorClient, type OpenStream } from '../support/connector-client.ts';
import { withoutLimits } from '../support/connector.ts';
import { guardCluster, type GuardedCluster, type Person } from '../support/guarded-cluster.ts';
import { waitFor } from '../support/wait-for.ts';

describe('security of the connector: limits', function () {
  this.timeout(90_000);
  let guarded: GuardedCluster;
  let greedy: Person;
  let client: ConnectorClient;
  let other: ConnectorClient;
  const list = (): string => `/api/v1/namespaces/${guarded.namespace}/configmaps`;
  const watch = (): string => `${list()}?watch=true`;

  async function start(name: string, limits: Readonly<Record<string, string>>): Promise<void> {
    const variables = { ...withoutLimits, ...limits };
    guarded = await guardCluster({ cluster: await controlPlane(), name: `limits-${name}`, connector: { variables } });
    greedy = await guarded.person('greedy', { role: 'view' });
    client = await greedy.client();
    other = await (await guarded.person('other', { role: 'view' })).client();
    for (const each of [client, other])
      await waitFor(async () => (await each.request(list())).status === 200, { within: 15, what: 'both to get in' });
  }

  const perSecond = 20;

  /** The other person's requests, as fast as one person may for as long as `attack` goes on, and ten at least; all must succeed. */
  async function meanwhileOthersAreServed(attack: Promise<unknown>): Promise<void> {
    const under = { way: true };
    const over = attack.finally(() => (under.way = false));
    for (let count = 0; under.way || count < 10; count += 1) {
      expect((await other.request(list())).status).to.equal(200);
      await delay(1000 / perSecond);
    }
    await over;
  }

  describe('of streams', () => {
    const most = 40;
    before(async () => start('streams', { LIMITS_STREAMS: `${most}` }));
    after(async () => guarded.stop());

    let streams: OpenStream[] = [];
    afterEach(async () => {
      streams.forEach((stream) => stream.abort());
      streams = [];
      await waitFor(
        async () => {
          const probe = await client.stream(watch());
          probe.abort();
          return probe.status === 200;
        },
        { within: 10, what: 'the end of the streams of before' },
      );
    });

    async function openStreams(count: number): Promise<void> {
      await waitFor(
        async () => {
          const opened = await client.stream(watch());
          if (opened.status === 200) streams.push(opened);
          return streams.length === count;
        },
        { within: 30, what: `${count} streams` },
      );
    }

    it('row 31: at the limit a watch and an upgrade get a 429 with Retry-After, while everything of another person succeeds', async () => {
      await openStreams(most);
      await meanwhileOthersAreServed(
        (async () => {
          for (let count = 0; count < 60; count += 1) {
            const { status, headers, text } = await client.request(watch());
            expect([status, headers['retry-after']]).to.deep.equal([429, '1']);
            expect(statusOf(text)).to.include({ kind: 'Status', code: 429, reason: 'TooManyRequests' });
          }
        })(),
      );
      const exec = `GET /api/v1/namespaces/${guarded.namespace}/pods/none/exec?command=sh HTTP/1.1\r\nHost: local\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`;
      const [upgrade] = await client.send(exec);
      expect(upgrade?.status).to.equal(429);
      expect(upgrade?.head).to.match(/^Retry-After: 1$/im);
      const others = await other.stream(watch());
      expect(others.status).to.equal(200);
      others.abort();
      expect((await client.request(list())).status, 'a request that is no stream').to.equal(200);
      expect(streams.filter((stream) => stream.hasEnded())).to.deep.equal([]);
    });

    it('row 31: refused streams take no place, and each that ends gives its place back', async () => {
      await openStreams(most);
      for (let count = 0; count < 3 * most; count += 1) expect((await client.request(watch())).status).to.equal(429);
      streams.splice(0, 7).forEach((stream) => stream.abort());
      await openStreams(most);
      expect((await client.request(watch())).status).to.equal(429);
    });

    it('kubectl says what is too much and what to do', async () => {
      const terminal = await greedy.terminal();
      await openStreams(most);
      const { code, stderr } = await terminal.kubectl('-n', guarded.namespace, 'get', 'configmaps', '--watch-only');
      expect(code).to.equal(1);
      expect(stderr).to.include(`infra: ${most} watches, logs and sessions`).and.include('limits.streams');
    });
  });

  describe('of requests and handshakes', () => {
    before(async () =>
      start('rates', {
        LIMITS_REQUESTS_PER_SECOND: `${perSecond}`,
        LIMITS_BURST: '200',
        LIMITS_HANDSHAKES_PER_SECOND: `${perSecond}`,
        LIMITS_HANDSHAKE_BURST: '150',
      }),
    );
    after(async () => guarded.stop());

    it('row 31: somebody who asks without end gets a 429 with Retry-After, while everything of another person succeeds', async () => {
      const ask = `GET ${list()} HTTP/1.1\r\nHost: local\r\n\r\n`;
      let received = '';
      const sockets = await Promise.all(Array.from({ length: 10 }, async () => client.connect()));
      for (const socket of sockets) {
        socket.on('data', (chunk: Buffer) => (received += chunk.toString('latin1')));
        socket.on('error', () => undefined);
        socket.write(ask.repeat(90));
      }
      await meanwhileOthersAreServed(waitFor(() => received.includes('HTTP/1.1 429'), { within: 20, what: 'a refusal' }));
      expect(received).to.match(/^Retry-After: [1-9]/im);
      sockets.forEach((socket) => socket.destroy());
    });

    it('row 31: handshakes without end from one address, finished or not, stop nobody else', async () => {
      const attack = async (): Promise<boolean> => {
        const tries = Array.from({ length: 50 }, async () => guarded.client().connect({ localAddress: '127.0.0.3' }));
        const outcomes = await Promise.allSettled<TLSSocket>(tries);
        for (const outcome of outcomes) if (outcome.status === 'fulfilled') outcome.value.destroy();
        return outcomes.filter(({ status }) => status === 'rejected').length > outcomes.length / 2;
      };
      await meanwhileOthersAreServed(waitFor(attack, { within: 30, what: 'the address to be cut off' }));
    });
  });

  describe('as they are by themselves', () => {
    before(async () => {
      guarded = await guardCluster({ cluster: await controlPlane(), name: 'limits-default' });
      greedy = await guarded.person('greedy', { role: 'view' });
      client = await greedy.client();
      other = await (await guarded.person('other', { role: 'view' })).client();
    });
    after(async () => guarded.stop());

    it('row 12: two hundred open streams of one person all end when the lease is revoked, and nobody else’s', async () => {
      const open = async (by: ConnectorClient, count: number): Promise<readonly OpenStream[]> =>
        Promise.all(Array.from({ length: count }, async () => by.stream(watch())));
      const [mine, others] = [await open(client, 200), await open(other, 20)];
      expect([...mine, ...others].map(({ status }) => status)).to.deep.equal(Array.from({ length: 220 }, () => 200));
      const { items } = await greedy.call(api.leases.list, { query: { live: 'true' } });
      for (const { id } of items) await greedy.call(api.leases.revoke, { params: { id } });
      await waitFor(() => mine.every((stream) => stream.hasEnded()), { within: 5, what: 'all two hundred to end' });
      expect(others.filter((stream) => stream.hasEnded())).to.deep.equal([]);
      others.forEach((stream) => stream.abort());
    });
  });
});
