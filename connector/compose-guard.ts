/** The part that lets people in or not: audit spool, gate, proxy, listener. */
import { X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { join } from 'node:path';
import type { ToldStreams } from '../shared/api/open-streams.ts';
import type { Logger } from '../shared/node/logger.ts';
import { splitPem } from '../shared/node/fingerprint.ts';
import type { Shutdown } from '../shared/node/shutdown.ts';
import { openAuditSpool, type AuditSpool } from './broker-link/audit-spool.ts';
import { startAuditUpload } from './broker-link/audit-upload.ts';
import type { ServerContact } from './broker-link/contact.ts';
import type { KnownState, Touched } from './broker-link/desired-state-rules.ts';
import type { Enrolment } from './broker-link/enrolment.ts';
import { loadOrCreateKey } from './broker-link/key-files.ts';
import type { ServerApi } from './broker-link/server-api.ts';
import type { ServerClock } from './broker-link/server-clock.ts';
import { keepServingCertificate, type ServingCertificate } from './broker-link/serving-certificate.ts';
import type { StateDirectory } from './broker-link/state-directory.ts';
import type { ClusterAccess } from './cluster-access.ts';
import { limitsOf, type ConnectorConfig } from './config.ts';
import type { ConnectorMetrics, Readings } from './metrics.ts';
import { createAccessLog, type AccessSink } from './proxy/access-log.ts';
import { createAdmission } from './proxy/admission.ts';
import { createConnectionLimits, type ConnectionLimits } from './proxy/connection-limits.ts';
import { createEntrance } from './proxy/entrance.ts';
import { createFairTurns } from './proxy/fair-turns.ts';
import { createGate } from './proxy/gate.ts';
import { createIdentityLimits, type IdentityLimits } from './proxy/identity-limits.ts';
import { createKubeProxy } from './proxy/kube-proxy.ts';
import { createListener, createPeerLookup } from './proxy/listener.ts';
import { createOpenRequests } from './proxy/open-requests.ts';
import { createPeerAddresses, type PeerAddresses } from './proxy/peer-addresses.ts';
import type { PeerExpectations, PeerResult } from './proxy/peer-certificate.ts';
import type { Staleness } from './proxy/staleness-rules.ts';
import { refuse, type Refusal } from './proxy/status.ts';
import { toldStreamsOf } from './proxy/told-streams.ts';
import { createUpgradeHandler } from './proxy/upgrade-proxy.ts';
import { createUpstream } from './proxy/upstream.ts';

export interface GuardOptions {
  readonly config: ConnectorConfig;
  readonly directory: StateDirectory;
  readonly enrolment: Enrolment;
  readonly clock: ServerClock;
  readonly contact: ServerContact;
  readonly api: ServerApi;
  readonly access: ClusterAccess;
  /** The connector's own namespace. */
  readonly guardedNamespace: string | undefined;
  /** The connector's own service account. */
  readonly ownAccount: string | undefined;
  readonly replica: string;
  readonly metrics: ConnectorMetrics;
  readonly logger: Logger;
  readonly shutdown: Shutdown;
  readonly failed: (error: Error) => void;
}

export interface Guard {
  /** Takes a state into force; the number of streams that ended by it. */
  enforce(state: KnownState, touched: Touched): number;
  /** How the gate asks for anything newer; set once the link to the server exists. */
  refreshWith(pull: () => Promise<void>): void;
  missing(): readonly string[];
  staleness(): Staleness;
  /** What is open now. */
  streams(): ToldStreams;
  /** Who is called when that has changed; set once the link to the server exists. */
  tellStreamsTo(changed: () => void): void;
  /** A connection that came through the relay, and where from. */
  takeRelayed(stream: Duplex, from: string): void;
  readings(): Omit<Readings, 'appliedRevision' | 'tunnels'>;
}

const drainMilliseconds = 3000;
/** Of one identity: about as much as one turn does for everybody else; a page of a dashboard asks for less. */
const requestsInOneTurn = 8;
const ending = refuse('ServiceUnavailable', 'the connector was told to end; try again in a moment');

export function composeGuard(options: GuardOptions): Guard {
  const { config, clock, contact, access, logger, shutdown } = options;
  let state: KnownState | undefined;
  let pull = (): Promise<void> => Promise.resolve();
  let streamsChanged = (): void => undefined;
  const auditMode = (): 'required' | 'bestEffort' => state?.destination.auditMode ?? config.auditMode;

  const openRequests = createOpenRequests(() => streamsChanged());
  const gate = createGate({
    ...options,
    now: () => clock.now(),
    lastHeard: () => contact.lastHeard(),
    refresh: () => pull(),
    stalenessLimitSeconds: config.stalenessLimit,
    openRequests,
  });
  shutdown.onShutdown('gate', () => gate.stop());
  const spool = openSpool(options, auditMode, (refusal) => void gate.closeAll(refusal));
  shutdown.onShutdown('audit spool', () => spool.close());
  const accessLog = createAccessLog({ sink: counted(spool, options), clock, isRequired: () => auditMode() === 'required' });
  const upload = startAuditUpload({ ...options, spool, droppedEvent: (count) => accessLog.droppedEvent(count) });
  shutdown.onShutdown('audit upload', () => upload.stop());
  shutdown.onShutdown('access log', () => accessLog.stop());

  const upstream = createUpstream(access);
  shutdown.onShutdown('connections to the cluster', () => upstream.close());
  const trust = createTrust(options.enrolment);
  const entry = composeEntry(options, () => trust.expectations);
  const admission = createAdmission({ gate, accessLog, clock, ...entry, counts: options.metrics });
  const listener = createListener({
    address: config.relayOnly ? undefined : config.listen,
    entrance: createEntrance(admission, createKubeProxy({ upstream, gate, turns: createFairTurns(requestsInOneTurn) })),
    ...entry,
    upgrade: createUpgradeHandler(admission, upstream, gate),
    listening: (port) => logger.info({ host: config.listen.host, port }, 'listening'),
    handshakeFailed: () => options.metrics.handshake('failed'),
    failed: options.failed,
  });
  shutdown.onShutdown('listener', () => listener.drain(drainMilliseconds, () => void gate.closeAll(ending)));

  const serving = keepServing(options, (certificate, key) => {
    trust.learn(certificate.certificateChain, certificate.caCertificates);
    listener.use({ certificateChain: certificate.certificateChain, key });
  });
  shutdown.onShutdown('serving certificate', () => serving.stop());

  return {
    enforce: (next, touched) => {
      state = next;
      return gate.enforce(next, touched);
    },
    refreshWith: (next) => {
      pull = next;
    },
    streams: () => toldStreamsOf(openRequests.all()),
    tellStreamsTo: (changed) => {
      streamsChanged = changed;
    },
    missing: () => [...(state === undefined ? ['desired state'] : []), ...(listener.isServing() ? [] : ['serving certificate'])],
    staleness: () => gate.staleness(),
    takeRelayed: (stream, from) => listener.takeRelayed(stream, entry.addresses.relayed(from)),
    readings: () => ({ ...readingsOf(entry), staleness: gate.staleness(), spool: spool.size(), enforcedRevision: state?.revision }),
  };
}

function openSpool(
  { directory, config, logger }: GuardOptions,
  mode: () => 'required' | 'bestEffort',
  endAll: (refusal: Refusal) => void,
): AuditSpool {
  return openAuditSpool({
    path: join(directory.path, 'audit'),
    limitBytes: config.auditSpoolMegabytes * 1_000_000,
    mode,
    logger,
    failing: (reason) => {
      if (mode() === 'required')
        endAll(refuse('ServiceUnavailable', `requests here must be recorded, and ${reason}; ask an admin to look at the connector`));
    },
  });
}

/** What was let through counts when its answer is known; refusals were counted as they were made. */
const counted = (spool: AccessSink, { metrics }: GuardOptions): AccessSink => ({
  canTake: () => spool.canTake(),
  append: (event) => {
    if (event.phase === 'completed' || event.phase === 'stream-opened') metrics.answered(event.status);
    spool.append(event);
  },
});

interface Entry {
  readonly peerOf: (socket: Socket) => PeerResult;
  readonly limits: IdentityLimits;
  readonly connections: ConnectionLimits;
  readonly addresses: PeerAddresses;
}

const readingsOf = ({ limits, connections }: Entry): Pick<Readings, 'openRequests' | 'openStreams' | 'connections'> => ({
  openRequests: limits.totals().openRequests,
  openStreams: limits.totals().streams,
  connections: connections.count(),
});

/** Who comes in, and how much of it. */
function composeEntry({ config, metrics, logger }: GuardOptions, expectations: () => PeerExpectations): Entry {
  const peerOf = createPeerLookup(expectations);
  const limits = limitsOf(config);
  const now = (): number => performance.now();
  const identities = createIdentityLimits(limits, now);
  const addresses = createPeerAddresses();
  const connections = createConnectionLimits({ limits, identities, peerOf, addresses, now, counts: metrics, logger });
  return { peerOf, limits: identities, connections, addresses };
}

function keepServing(options: GuardOptions, use: (certificate: ServingCertificate, keyPem: string) => void): { stop(): Promise<void> } {
  const key = loadOrCreateKey(options.directory, 'serving-key.pem');
  const keyPem = key.export({ type: 'pkcs8', format: 'pem' }).toString();
  return keepServingCertificate({
    ...options,
    key,
    host: hostOf(options.config.address),
    use: (certificate) => use(certificate, keyPem),
  });
}

/** What people's certificates are checked against; follows the authorities as they come with each serving certificate. */
function createTrust(enrolment: Enrolment): { readonly expectations: PeerExpectations; learn(chain: string, roots: string): void } {
  const parse = (pems: readonly string[]): X509Certificate[] => pems.map((pem) => new X509Certificate(pem));
  const fixed = { trustDomain: enrolment.trustDomain, destinationId: enrolment.destination.id };
  const trust = {
    expectations: { ...fixed, roots: parse(splitPem(enrolment.roots)), intermediates: [] as X509Certificate[] },
    learn: (chain: string, roots: string): void => {
      trust.expectations = { ...fixed, roots: parse(splitPem(roots)), intermediates: parse(splitPem(chain).slice(1)) };
    },
  };
  return trust;
}

const hostOf = (address: string | undefined): string | null =>
  address === undefined ? null : address.slice(0, address.lastIndexOf(':')).replace(/^\[|\]$/g, '');
