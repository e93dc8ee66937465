/**
 * The program of `startFleet`: many connectors in one process, with keys, enrolments, tunnels and change streams by the connector's own code, and no cluster
 * behind them. What comes out of a tunnel ends in TLS of their own and is answered `ok`.
 */
import { generateKeyPairSync } from 'node:crypto';
import { createServer, type Server } from 'node:https';
import { createInterface } from 'node:readline';
import { createServerApi } from '../../connector/broker-link/server-api.ts';
import { startChangeStream, type ChangeStream } from '../../connector/broker-link/change-stream.ts';
import { publicJwkOf } from '../../connector/broker-link/key-files.ts';
import { createServerClock } from '../../connector/broker-link/server-clock.ts';
import { createServerFetch } from '../../connector/broker-link/server-fetch.ts';
import { startTunnels, type Tunnels } from '../../connector/broker-link/tunnels.ts';
import { connectors } from '../../shared/api/connectors.ts';
import { createClient } from '../../shared/client.ts';
import { createLogger } from '../../shared/node/logger.ts';
import { once } from 'node:events';

/** The first line on stdin; the program ends with its stdin. */
export interface FleetPlan {
  readonly serverUrl: string;
  /** PEM. */
  readonly ca: string;
  readonly joinTokens: readonly string[];
  /** Of the TLS that ends here; PEM. */
  readonly serving: { readonly cert: string; readonly key: string };
}

/** A line on stdout, twice a second. */
export interface FleetState {
  readonly enrolled: number;
  readonly tunnels: number;
  readonly changeStreams: number;
}

interface LightConnector {
  readonly tunnels: Tunnels;
  readonly changes: ChangeStream;
}

const tunnelsOfEach = 2;
const enrolAtOnce = 8;
const reportMilliseconds = 500;
const logger = createLogger({ program: 'fleet', level: 'silent' });

async function main(): Promise<void> {
  const lines = createInterface({ input: process.stdin });
  const [first] = (await once(lines, 'line')) as [string];
  lines.once('close', () => process.exit(0));
  // Written by startFleet.
  const plan = JSON.parse(first) as FleetPlan;
  const answering = createServer(plan.serving, (_request, response) => response.end('ok'));
  const fleet: LightConnector[] = [];
  setInterval(() => {
    const state: FleetState = {
      enrolled: fleet.length,
      tunnels: fleet.reduce((sum, { tunnels }) => sum + tunnels.readings().up, 0),
      changeStreams: fleet.filter(({ changes }) => changes.isConnected()).length,
    };
    process.stdout.write(`${JSON.stringify(state)}\n`);
  }, reportMilliseconds);
  const waiting = [...plan.joinTokens];
  const enrolSome = async (): Promise<void> => {
    for (let token = waiting.pop(); token !== undefined; token = waiting.pop()) fleet.push(await startOne(plan, token, answering));
  };
  await Promise.all(Array.from({ length: enrolAtOnce }, enrolSome));
}

async function startOne({ serverUrl, ca }: FleetPlan, joinToken: string, answering: Server): Promise<LightConnector> {
  const { privateKey: key } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const transport = createServerFetch(ca, {});
  const enrolled = await createClient({ baseUrl: serverUrl, fetch: transport.fetch })(connectors.enrol, {
    body: { joinToken, publicKey: publicJwkOf(key), clusterUid: null, version: 'fleet' },
  });
  const clock = createServerClock();
  const signer = { key, connectorId: enrolled.connectorId, trustDomain: enrolled.trustDomain };
  const api = createServerApi({ serverUrl, transport, signer, clock, version: 'fleet' });
  const changes = startChangeStream({
    api,
    logger,
    contact: { clock, heard: () => undefined, lastHeard: () => 0, flush: () => undefined },
    link: { known: () => undefined, isNews: () => false, pull: async () => void (await api.call(connectors.desiredState, { query: {} })) },
    connected: () => undefined,
  });
  const tunnels = startTunnels({
    ...{ serverUrl, signer, clock, logger },
    agent: transport.agent,
    version: 'fleet',
    replica: 'fleet',
    destinationId: enrolled.destination.id,
    count: tunnelsOfEach,
    take: (stream) => void answering.emit('connection', stream),
    lost: () => transport.dropIdle(),
  });
  return { tunnels, changes };
}

await main();
