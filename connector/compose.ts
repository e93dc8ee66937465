/** Puts the connector together: what is made here is passed on by hand, and stopped in reverse order. */
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { z } from 'zod';
import type { BuildInfo } from '../shared/node/build-info.ts';
import type { Logger } from '../shared/node/logger.ts';
import { SecretValue } from '../shared/node/secret-value.ts';
import type { Shutdown } from '../shared/node/shutdown.ts';
import { createServerContact } from './broker-link/contact.ts';
import { createDesiredStateCache } from './broker-link/desired-state-cache.ts';
import { enrol, type Enrolment, type EnrolmentOptions } from './broker-link/enrolment.ts';
import { loadOrCreateKey } from './broker-link/key-files.ts';
import { readProxyVariables } from './broker-link/proxy-variables.ts';
import { createServerApi } from './broker-link/server-api.ts';
import { createServerClock, type ServerClock } from './broker-link/server-clock.ts';
import { createServerFetch, type ServerFetch } from './broker-link/server-fetch.ts';
import { startTunnels, type Tunnels, type TunnelsOptions } from './broker-link/tunnels.ts';
import { openStateDirectory } from './broker-link/state-directory.ts';
import { findClusterAccess } from './cluster-access.ts';
import { composeGuard, type Guard } from './compose-guard.ts';
import { composeLink } from './compose-link.ts';
import type { ConnectorConfig } from './config.ts';
import { startHealth, type Readiness } from './health.ts';
import { createConnectorMetrics } from './metrics.ts';
import { ownAccountOf } from './own-account.ts';
import { createClusterClient, type ClusterClient } from './reconcile/cluster-client.ts';

export interface ConnectorOptions {
  readonly config: ConnectorConfig;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly build: BuildInfo;
  readonly logger: Logger;
  readonly shutdown: Shutdown;
  /** Aborted when the program is told to end. */
  readonly signal: AbortSignal;
  readonly failed: (error: Error) => void;
}

export async function startConnector(options: ConnectorOptions): Promise<void> {
  const { config, logger, shutdown } = options;
  const proxyEnv = readProxyVariables(options.env);
  const directory = openStateDirectory(config.stateDir);
  const access = await findClusterAccess({ kubeconfig: config.kubeconfig, env: options.env, logger });
  shutdown.onShutdown('access to the cluster', () => access.stop());
  const client = createClusterClient(access);
  shutdown.onShutdown('cluster client', () => client.close());

  const metrics = createConnectorMetrics();
  const ready = { now: (): Readiness => ({ missing: ['enrolment'], staleness: undefined }) };
  const health = await startHealth({ ...config.healthListen, readiness: () => ready.now(), metrics });
  shutdown.onShutdown('health', () => health.stop());
  logger.info({ port: health.port }, 'health');

  const clusterUid = await readClusterUid(client, logger);
  const key = loadOrCreateKey(directory, 'connector-key.pem');
  const enrolment = await enrolThis(options, { directory, key, clusterUid, proxyEnv });

  const cache = createDesiredStateCache(directory);
  const clock = createServerClock(cache.loadContact()?.clockOffset ?? 0);
  const contact = createServerContact(cache, clock);
  shutdown.onShutdown('last contact', () => contact.flush());
  const transport = createServerFetch(readCa(config) ?? (enrolment.serverTrust === 'pinned' ? enrolment.roots : undefined), proxyEnv);
  shutdown.onShutdown('connections to the server', () => transport.close());
  const signer = { key, connectorId: enrolment.connectorId, trustDomain: enrolment.trustDomain };
  const api = createServerApi({ serverUrl: config.server, transport, signer, clock, version: options.build.version });

  const guardedNamespace = config.namespace ?? access.namespace;
  const ownAccount = ownAccountOf(access.bearerToken());
  const shared = {
    config,
    guardedNamespace,
    ownAccount,
    directory,
    enrolment,
    cache,
    clock,
    contact,
    api,
    client,
    access,
    metrics,
    logger,
    shutdown,
  };
  const guard = composeGuard({ ...shared, replica: replicaName(), failed: options.failed });
  const link = composeLink({ ...shared, guard, clusterUid, version: options.build.version, replica: replicaName() });
  const tunnels = composeTunnels(options, { enrolment, clock, transport, signer, guard });
  ready.now = () => ({ missing: [...guard.missing(), ...link.missing()], staleness: guard.staleness() });
  metrics.observe(() => ({ ...guard.readings(), appliedRevision: link.appliedRevision(), tunnels: tunnels.readings() }));
}

interface TunnelParts {
  readonly enrolment: Enrolment;
  readonly clock: ServerClock;
  readonly transport: ServerFetch;
  readonly signer: TunnelsOptions['signer'];
  readonly guard: Guard;
}

function composeTunnels(
  { config, build, logger, shutdown }: ConnectorOptions,
  { enrolment, clock, transport, signer, guard }: TunnelParts,
): Tunnels {
  const tunnels = startTunnels({
    ...{ agent: transport.agent, signer, clock, logger },
    serverUrl: config.server,
    version: build.version,
    replica: replicaName(),
    destinationId: enrolment.destination.id,
    count: config.tunnels,
    take: (stream, from) => guard.takeRelayed(stream, from),
    lost: () => transport.dropIdle(),
  });
  shutdown.onShutdown('tunnels', () => tunnels.drain());
  return tunnels;
}

function enrolThis(
  options: ConnectorOptions,
  found: Pick<EnrolmentOptions, 'directory' | 'key' | 'clusterUid' | 'proxyEnv'>,
): Promise<Enrolment> {
  const { config, logger, signal } = options;
  const fromFile = config.tokenFile === undefined ? undefined : readFileIfThere(config.tokenFile);
  return enrol({
    serverUrl: config.server,
    joinToken: config.token ?? (fromFile === undefined ? undefined : new SecretValue(fromFile.trim())),
    serverCa: readCa(config),
    ...found,
    version: options.build.version,
    logger,
    signal,
  });
}

const readCa = (config: ConnectorConfig): string | undefined => (config.ca === undefined ? undefined : readFileSync(config.ca, 'utf8'));

/** Once enrolled the token file is not needed again and may be gone. */
function readFileIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

const namespaceSchema = z.object({ metadata: z.object({ uid: z.string() }) });

/** Which cluster this is; a cluster that does not answer now is no reason not to enrol. */
async function readClusterUid(client: ClusterClient, logger: Logger): Promise<string | null> {
  try {
    return namespaceSchema.parse(await client.get('/api/v1/namespaces/kube-system')).metadata.uid;
  } catch (error) {
    logger.warn({ err: error }, 'the cluster does not say which one it is');
    return null;
  }
}

/** Tells replicas of one connector apart; stable over restarts where the host name is. */
const replicaName = (): string =>
  hostname()
    .replace(/[^A-Za-z0-9._-]/g, '-')
    .slice(0, 100) || 'connector';
