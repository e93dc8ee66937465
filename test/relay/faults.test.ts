/** The line between connector and server fails in the ways lines do: it is noticed at both ends, replaced, and costs only what went over it. */
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { api } from '../../shared/api/index.ts';
import { controlPlane } from '../support/clusters.ts';
import { startFaultyLine, type FaultyLine, type Line } from '../support/faulty-line.ts';
import { guardCluster, type GuardedCluster, type Person } from '../support/guarded-cluster.ts';
import { openHttp2, type Http2Client } from '../support/http2-client.ts';
import { kubeconfigOf, watchAgainAndAgain } from '../support/kubectl-watch.ts';
import { freePort } from '../support/ports.ts';
import { waitFor } from '../support/wait-for.ts';

/** In which a dead path is noticed and replaced; seconds. */
const rule = 10;
/** The dial that began within the outage has to be given up first. */
const afterOutage = 15;

describe('relay: faults of the line', function () {
  this.timeout(60_000);
  let line: FaultyLine;
  let guarded: GuardedCluster;
  let ana: Person;

  before(async () => {
    const port = await freePort();
    line = await startFaultyLine(port);
    guarded = await guardCluster({
      cluster: await controlPlane(),
      name: 'relay-faults',
      server: { port },
      connector: { reach: 'relay', variables: { SERVER: `https://localhost:${line.port}` } },
    });
    ana = await guarded.person('ana', { role: 'edit' });
    await guarded.admin('-n', guarded.namespace, 'create', 'configmap', 'large', `--from-literal=text=${'x'.repeat(100_000)}`);
    await untilTunnels(new Set());
  });
  after(async () => {
    await guarded.stop();
    line.close();
  });

  const configMaps = (): string => `/api/v1/namespaces/${guarded.namespace}/configmaps`;
  const tunnelsOf = async () => {
    const { connectors } = await guarded.call(api.destinations.get, { params: { id: guarded.connector.destination.id } });
    return connectors.flatMap(({ tunnels }) => tunnels);
  };
  const sinceOf = async (): Promise<Set<string>> => new Set((await tunnelsOf()).map(({ since }) => since));
  /** Two, none of which is one of those. */
  const untilTunnels = async (old: ReadonlySet<string>, within = rule): Promise<void> =>
    void (await waitFor(
      async () => {
        const since = (await tunnelsOf()).map((tunnel) => tunnel.since);
        return since.length === 2 && since.every((each) => !old.has(each));
      },
      { within, what: 'two new tunnels' },
    ));
  const gauge = async (name: string): Promise<number> => {
    const text = await (await fetch(`http://127.0.0.1:${guarded.connector.healthPort}/metrics`)).text();
    return Number(new RegExp(`^infra_connector_${name} (.*)$`, 'm').exec(text)?.[1]);
  };
  /** A connection of its own through the relay, and what it goes over. */
  const openConnection = async (): Promise<{ readonly client: Http2Client; readonly over: Line }> => {
    const client = await openHttp2((await ana.client()).tls);
    const before = new Map(line.lines().map((each) => [each, each.bytes()]));
    expect((await client.request(`${configMaps()}/large`)).status).to.equal(200);
    const grown = line.lines().map((each) => ({ each, by: each.bytes() - (before.get(each) ?? 0) }));
    const [most] = grown.sort((left, right) => right.by - left.by);
    if (most === undefined || most.by < 100_000) throw new Error('no line carried the answer');
    return { client, over: most.each };
  };
  const untilClosed = async ({ session }: Http2Client, within: number): Promise<void> =>
    void (await waitFor(() => session.destroyed, { within, what: 'the person’s connection to end' }));
  const asksOn = (client: Http2Client): { stop(): Promise<{ readonly count: number; readonly slowest: number }> } => {
    let isOver = false;
    const ask = async () => {
      let count = 0;
      let slowest = 0;
      for (; !isOver; count += 1) {
        const startedAt = performance.now();
        expect((await client.request(`${configMaps()}?limit=1`)).status).to.equal(200);
        slowest = Math.max(slowest, performance.now() - startedAt);
        await delay(50);
      }
      return { count, slowest };
    };
    const asking = ask();
    // Looked at in the end.
    asking.catch(() => undefined);
    return {
      stop: async () => {
        isOver = true;
        return asking;
      },
    };
  };

  it('one of two tunnels is forgotten: both ends notice, it is replaced, what went over it ends, and what goes over the other feels nothing', async () => {
    const [first, second] = [await openConnection(), await openConnection()];
    expect(first.over, 'new connections go where there are fewer').to.not.equal(second.over);
    const old = await sinceOf();
    const others = asksOn(second.client);
    const forgottenAt = performance.now();
    first.over.forget();
    const left = (): number => rule - (performance.now() - forgottenAt) / 1000;
    await Promise.all([
      untilClosed(first.client, left()),
      waitFor(async () => (await gauge('tunnel_streams')) === 1, { within: left(), what: 'the connector to end the stream' }),
      waitFor(async () => (await sinceOf()).difference(old).size === 1 && (await tunnelsOf()).length === 2, {
        within: left(),
        what: 'the server to have a new tunnel in place of the old',
      }),
    ]);
    await waitFor(async () => (await gauge('tunnels')) === 2, { within: 2, what: 'the connector to count the new tunnel' });
    const { count, slowest } = await others.stop();
    expect(count).to.be.greaterThan(20);
    expect(slowest).to.be.lessThan(3000);
    second.client.session.destroy();
  });

  it('everything is forgotten, the API’s connections too: two new tunnels carry people, though every pooled connection is dead', async () => {
    const { client } = await openConnection();
    const old = await sinceOf();
    const forgottenAt = performance.now();
    line.forgetAll();
    const left = (): number => rule - (performance.now() - forgottenAt) / 1000;
    await Promise.all([untilClosed(client, left()), untilTunnels(old, left())]);
    expect((await (await ana.client()).request(configMaps())).status).to.equal(200);
  });

  it('a reset ends at once what went over it, and new tunnels come at once', async () => {
    const { client } = await openConnection();
    const old = await sinceOf();
    for (const each of line.lines()) each.reset();
    await Promise.all([untilClosed(client, 2), untilTunnels(old, 5)]);
    await waitFor(async () => (await gauge('tunnel_streams')) === 0, { within: 2, what: 'the connector to end the stream' });
  });

  it('a line that stands still for three seconds and goes on loses nothing', async () => {
    const { client } = await openConnection();
    const old = await sinceOf();
    line.hold();
    const asked = client.request(configMaps());
    await delay(3000);
    line.release();
    expect((await asked).status).to.equal(200);
    expect(await sinceOf()).to.deep.equal(old);
    client.session.destroy();
  });

  it('a slow line is a slow line, and its round trip is shown', async () => {
    const old = await sinceOf();
    line.delay(150);
    for (const each of line.lines()) each.reset();
    await untilTunnels(old);
    await waitFor(async () => (await tunnelsOf()).every(({ roundTripMilliseconds }) => (roundTripMilliseconds ?? 0) >= 300), {
      within: 5,
      what: 'round trips of 300 ms and more',
    });
    expect((await (await ana.client()).request(configMaps())).status).to.equal(200);
    line.delay(0);
  });

  it('an outage: a kubectl that watches, begun anew each time it ends, goes on by itself soon after', async () => {
    const watching = watchAgainAndAgain(await kubeconfigOf(guarded, ana), guarded.namespace);
    try {
      await waitFor(() => watching.names().has('large'), { within: 10, what: 'kubectl to list' });
      const old = await sinceOf();
      line.beginOutage();
      await waitFor(async () => (await tunnelsOf()).length === 0, { within: rule, what: 'the server to take the tunnels for dead' });
      await waitFor(() => watching.ended() > 0, { within: 3, what: 'kubectl to end or be refused' });
      const before = line.accepted();
      await waitFor(() => line.accepted() > before, { within: rule, what: 'the connector to dial in vain' });
      line.endOutage();
      await untilTunnels(old, afterOutage);
      await guarded.admin('-n', guarded.namespace, 'create', 'configmap', 'after-the-outage');
      await waitFor(() => watching.names().has('after-the-outage'), { within: 5, what: 'kubectl to see what came after the outage' });
    } finally {
      watching.stop();
    }
  });

  it('the server is killed and comes back on its port: so do the tunnels, and people', async () => {
    const { client } = await openConnection();
    await guarded.server.stop('SIGKILL');
    await untilClosed(client, 2);
    await waitFor(async () => (await gauge('tunnels')) === 0, { within: 2, what: 'the connector to notice' });
    await guarded.server.start();
    await untilTunnels(new Set());
    expect((await (await ana.client()).request(configMaps())).status).to.equal(200);
    expect(guarded.connector.program().stderr()).to.equal('');
  });
});
