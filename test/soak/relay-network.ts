/** The relay over a network that really loses, resets and forgets packets: what dies is replaced in time, and people's watches go on. */
import { setTimeout as delay } from 'node:timers/promises';
import { api } from '../../shared/api/index.ts';
import { percentile } from '../bench/statistics.ts';
import { controlPlane } from '../support/clusters.ts';
import type { ConnectorClient } from '../support/connector-client.ts';
import { startFaultyLine } from '../support/faulty-line.ts';
import { guardCluster, type GuardedCluster } from '../support/guarded-cluster.ts';
import { waitFor } from '../support/wait-for.ts';
import { makeFaultyNetwork, type FaultyNetwork } from './faulty-network.ts';
import type { Rules } from './outcome.ts';

/** In which a dead path is noticed and replaced. */
const rule = 10;
const lossSeconds = 20;
const outageSeconds = 30;
/** After an outage, the next dial may have begun within it. */
const afterOutage = 15;
const port = 8443;

export async function relayNetwork(rules: Rules): Promise<void> {
  const network = await makeFaultyNetwork();
  // Nothing fails on this one: it is how people and the test come to the server.
  const way = await startFaultyLine(port, network.safeAddress);
  try {
    const guarded = await guardCluster({
      cluster: await controlPlane(),
      name: 'relay-network',
      server: {
        port: way.port,
        networkNamespace: network.namespace,
        settings: {
          listen: `0.0.0.0:${port}`,
          'public-url': `https://${network.address}:${port}`,
          // Not the host of that: Node takes a name that ends like an address for none.
          'trust-domain': 'relay-network.test',
        },
      },
      connector: { reach: 'relay', variables: { SERVER: `https://${network.address}:${port}` } },
    });
    try {
      await throughAll(network, guarded, rules);
    } finally {
      await guarded.stop();
    }
  } finally {
    way.close();
    await network.remove();
  }
}

async function throughAll(network: FaultyNetwork, guarded: GuardedCluster, rules: Rules): Promise<void> {
  const ana = await guarded.person('ana', { role: 'edit' });
  const parts = { network, guarded, rules, client: await ana.client() };
  await untilTwo(guarded, new Set(), rule);
  for (const work of [losesPackets, forgets, resets, isAway]) await work(parts);
}

interface Parts {
  readonly network: FaultyNetwork;
  readonly guarded: GuardedCluster;
  readonly rules: Rules;
  /** A new connection for each request. */
  readonly client: ConnectorClient;
}

const configMaps = ({ namespace }: GuardedCluster): string => `/api/v1/namespaces/${namespace}/configmaps`;

async function sinceOf({ call, connector }: GuardedCluster): Promise<Set<string>> {
  const { connectors } = await call(api.destinations.get, { params: { id: connector.destination.id } });
  return new Set(connectors.flatMap(({ tunnels }) => tunnels.map(({ since }) => since)));
}

/** Two, and none of those; the seconds until then. */
async function untilTwo(guarded: GuardedCluster, old: ReadonlySet<string>, within: number): Promise<number> {
  const startedAt = performance.now();
  await waitFor(
    async () => {
      const since = await sinceOf(guarded);
      return since.size === 2 && since.isDisjointFrom(old);
    },
    { within, what: 'two new tunnels' },
  );
  return (performance.now() - startedAt) / 1000;
}

async function losesPackets({ network, guarded, rules, client }: Parts): Promise<void> {
  const old = await sinceOf(guarded);
  const loss = ['-p', 'tcp', '-m', 'statistic', '--mode', 'random', '--probability', '0.05', '-j', 'DROP'];
  const mend = await network.rule(...loss);
  const took: number[] = [];
  let failed = 0;
  const end = performance.now() + lossSeconds * 1000;
  while (performance.now() < end) {
    const startedAt = performance.now();
    await client.request(configMaps(guarded)).then(
      ({ status }) => (status === 200 ? took.push(performance.now() - startedAt) : (failed += 1)),
      () => (failed += 1),
    );
  }
  await mend();
  const kept = (await sinceOf(guarded)).intersection(old).size;
  rules.holds(
    `5 % of all packets lost for ${lossSeconds} s: ${took.length} requests answered, ${failed} failed, p50 ${percentile(took, 0.5).toFixed(0)}, p99 ${percentile(took, 0.99).toFixed(0)} ms; ${kept} of 2 tunnels stayed`,
    failed === 0 && kept === 2,
  );
}

/** A watch, whether it has ended, and how long that took. */
async function openWatch({ client, guarded }: Parts) {
  const watch = await client.stream(`${configMaps(guarded)}?watch=true`);
  return {
    untilEnded: async (within: number): Promise<number> => {
      const startedAt = performance.now();
      await waitFor(() => watch.hasEnded(), { within, what: 'the watch over a dead path to end' });
      return (performance.now() - startedAt) / 1000;
    },
  };
}

async function diesBy(parts: Parts, name: string, fault: () => Promise<void>): Promise<void> {
  const { guarded, rules, client } = parts;
  const old = await sinceOf(guarded);
  const watch = await openWatch(parts);
  await fault();
  const [ended, replaced] = await Promise.all([watch.untilEnded(rule), untilTwo(guarded, old, rule)]);
  const { status } = await client.request(configMaps(guarded));
  rules.holds(
    `${name}: a watch over it ended after ${ended.toFixed(1)} s, two new tunnels after ${replaced.toFixed(1)} s (at most ${rule}); then ${status}`,
    status === 200,
  );
}

const forgets = async (parts: Parts): Promise<void> => diesBy(parts, 'the router forgets all connections', () => parts.network.forget());

async function resets(parts: Parts): Promise<void> {
  await diesBy(parts, 'the router resets what goes on', async () => {
    const stop = await parts.network.rule(
      '-p',
      'tcp',
      '-m',
      'conntrack',
      '--ctstate',
      'ESTABLISHED',
      '-j',
      'REJECT',
      '--reject-with',
      'tcp-reset',
    );
    // The connector says something every three seconds, to which this answers.
    await delay(3500);
    await stop();
  });
}

async function isAway(parts: Parts): Promise<void> {
  const { guarded, network, rules } = parts;
  const old = await sinceOf(guarded);
  const watching = watchAgainAndAgain(parts);
  const mend = await network.rule('-j', 'DROP');
  await delay(outageSeconds * 1000);
  await mend();
  const mendedAt = performance.now();
  const since = (): string => ((performance.now() - mendedAt) / 1000).toFixed(1);
  await untilTwo(guarded, old, afterOutage);
  const tunnels = since();
  await guarded.admin('-n', guarded.namespace, 'create', 'configmap', 'after-the-outage');
  await waitFor(() => watching.text().includes('after-the-outage'), { within: afterOutage, what: 'the watch to go on' });
  rules.note(
    `no packet passes for ${outageSeconds} s: then two new tunnels after ${tunnels} s, and a watch that is begun anew sees changes after ${since()} s`,
  );
  watching.stop();
}

/** As client-go does: a watch that ends is begun anew. */
function watchAgainAndAgain({ client, guarded }: Parts): { text(): string; stop(): void } {
  let isOver = false;
  let text = '';
  let look = (): string => '';
  const goesOn = (): boolean => !isOver;
  const go = async (): Promise<void> => {
    while (goesOn()) {
      try {
        const watch = await client.stream(`${configMaps(guarded)}?watch=true`);
        look = watch.text;
        while (goesOn() && !watch.hasEnded()) await delay(100);
        text += watch.text();
        look = () => '';
        watch.abort();
      } catch {
        // Refused while there is no tunnel.
      }
      await delay(500);
    }
  };
  void go();
  return {
    text: () => text + look(),
    stop: () => {
      isOver = true;
    },
  };
}
