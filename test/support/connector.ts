/** `infra-connector` as a real process beside a real cluster, joined to a real server. */
import { join } from 'node:path';
import { api } from '../../shared/api/index.ts';
import type { DestinationSettings } from '../../shared/api/destinations.ts';
import type { Cluster } from './clusters.ts';
import { freePort } from './ports.ts';
import { startProgram, type Program } from './program.ts';
import type { RunningServer } from './server.ts';
import { tempDir } from './temp-dir.ts';
import { waitFor } from './wait-for.ts';

export interface ConnectorWish {
  readonly server: RunningServer;
  readonly cluster: Cluster;
  /** Name of the destination; added here. */
  readonly destination: string;
  readonly settings?: Partial<DestinationSettings>;
  /** Once the destination is there, and before the connector is. */
  readonly beforeStart?: (destinationId: string) => Promise<void>;
  /**
   * Absent: by the connector's own address alone, so that no other way is chosen where a busy machine is slow to answer. `both`: as it comes.
   * `relay`: it listens on nothing, and everything comes through the server's relay; with INFRA_TEST_REACH=relay that is so for all that leave it open.
   */
  readonly reach?: 'relay' | 'both';
  /** More settings of the connector, as variables without their prefix: `{ AUDIT_MODE: 'bestEffort' }`. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Other programs' variables, as they are: `HTTPS_PROXY`. */
  readonly env?: Readonly<Record<string, string>>;
}

/** For figures and for more at once than one identity may have. */
export const withoutLimits: Readonly<Record<string, string>> = {
  LIMITS_STREAMS: '1000000',
  LIMITS_OPEN_REQUESTS: '1000000',
  LIMITS_REQUESTS_PER_SECOND: '1000000',
  LIMITS_HANDSHAKES_PER_SECOND: '1000000',
  LIMITS_CONNECTIONS: '1000000',
};

export interface RunningConnectorProgram {
  readonly destination: { readonly id: string; readonly name: string };
  readonly joinToken: string;
  /** host:port that kubectl reaches it at. */
  readonly address: string;
  readonly port: number;
  readonly healthPort: number;
  /** The name in its certificate. */
  readonly serverName: string;
  readonly stateDir: string;
  readonly program: () => Program;
  /** Starts again with the same state. */
  start(): Promise<void>;
  stop(signal?: NodeJS.Signals): Promise<void>;
}

export async function startConnector(wish: ConnectorWish): Promise<RunningConnectorProgram> {
  const { server, cluster } = wish;
  const admin = await server.admin();
  const { destination, joinToken } = await admin(api.destinations.create, {
    body: { name: wish.destination, ...(wish.settings === undefined ? {} : { settings: wish.settings }) },
  });
  await wish.beforeStart?.(destination.id);
  const stateDir = join(tempDir('infra-connector'), 'state');
  const way = wish.reach ?? (process.env['INFRA_TEST_REACH'] === 'relay' ? 'relay' : undefined);
  const port = way === 'relay' ? server.port : await freePort();
  const healthPort = await freePort();
  const address = `127.0.0.1:${port}`;
  const tunnels = way === undefined ? { TUNNELS: '0' } : {};
  const reach = way === 'relay' ? { RELAY_ONLY: 'on' } : { LISTEN: address, ADDRESS: address, ...tunnels };
  let program: Program | undefined;
  const current = (): Program => {
    if (program === undefined) throw new Error('the connector was not started');
    return program;
  };
  const start = async (): Promise<void> => {
    program = startProgram({
      program: 'connector',
      env: {
        ...wish.env,
        INFRA_CONNECTOR_SERVER: server.url,
        INFRA_CONNECTOR_TOKEN: joinToken,
        INFRA_CONNECTOR_STATE_DIR: stateDir,
        INFRA_CONNECTOR_KUBECONFIG: cluster.adminKubeconfig,
        INFRA_CONNECTOR_HEALTH_LISTEN: `127.0.0.1:${healthPort}`,
        INFRA_CONNECTOR_LOG_LEVEL: 'info',
        ...Object.fromEntries(Object.entries({ ...reach, ...wish.variables }).map(([name, value]) => [`INFRA_CONNECTOR_${name}`, value])),
      },
    });
    await untilReady(current(), healthPort);
  };
  await start();
  const entry = await waitFor(
    async () => {
      const { destinations } = await admin(api.destinations.directory, { query: { name: destination.name } });
      return destinations.find((each) => (way === 'relay' ? each.tunnels > 0 : each.address !== null));
    },
    { within: 15, what: 'the connector to report its address, or to have a tunnel' },
  );
  return {
    destination: { id: destination.id, name: destination.name },
    joinToken,
    address,
    port,
    healthPort,
    serverName: entry.tlsServerName,
    stateDir,
    program: current,
    start,
    stop: async (signal = 'SIGTERM') => void (await current().end(signal)),
  };
}

async function untilReady(program: Program, healthPort: number): Promise<void> {
  await waitFor(async () => program.hasEnded() || (await fetch(`http://127.0.0.1:${healthPort}/readyz`)).ok, {
    within: 20,
    what: 'infra-connector to be ready',
  });
  if (program.hasEnded()) throw new Error(`infra-connector ended: ${program.stderr()}${program.stdout()}`);
}
