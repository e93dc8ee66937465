/** Puts the server together from its parts: plain values, passed by hand. Opens what must be open, starts nothing. */
import type { RequestListener } from 'node:http';
import { toTime } from '../shared/clock.ts';
import { system } from './audit/caller.ts';
import { connectorServerName, openCertificateAuthority, type CertificateAuthority } from './authority/certificate-authority.ts';
import { composeHttp } from './compose-http.ts';
import { composeLive, tellCommits } from './compose-live.ts';
import { composeRelay, composeTunnelDoor } from './compose-relay.ts';
import { configuredAdmin } from './configured-admin.ts';
import { createChangeNotices } from './destinations/change-notices.ts';
import { createChangeService } from './destinations/change-service.ts';
import { createConnectorService } from './destinations/connector-service.ts';
import { createDesiredStateService } from './destinations/desired-state-service.ts';
import { type DestinationServices } from './destinations/destination-routes.ts';
import { createDirectory } from './destinations/directory.ts';
import { createDestinationService } from './destinations/destination-service.ts';
import { createEnrolmentService } from './destinations/enrolment-service.ts';
import { createPresence } from './destinations/presence.ts';
import { createStreamService } from './destinations/stream-service.ts';
import { createLeaseOwners } from './leases/lease-owners.ts';
import type { ComposeOptions, Foundation } from './foundation.ts';
import { type Readiness } from './http/health.ts';
import { createMetrics } from './http/metrics.ts';
import { isInstalled, openInstallation } from './installation.ts';
import { housekeepingJobs } from './jobs/housekeeping.ts';
import type { Job } from './jobs/scheduler.ts';
import { attemptLimits, createLoginAttempts } from './login/login-attempts.ts';
import { passwordPreparation } from './login/password-preparation.ts';
import { createSetupService, type SetupService } from './login/setup-service.ts';
import { createMailSender } from './mail/mail-sender.ts';
import type { FrontDoor } from './relay/front-door.ts';
import type { TunnelDoor } from './relay/tunnel-door.ts';
import { createChangeBell } from './storage/change-feed.ts';
import { openDatabase, type OpenDatabase } from './storage/database.ts';
import { createTransact } from './storage/transact.ts';
import { bindStores } from './stores.ts';

export interface Server {
  readonly app: RequestListener;
  readonly metricsApp: RequestListener;
  readonly authority: CertificateAuthority;
  readonly readiness: Readiness;
  readonly jobs: readonly Job[];
  readonly setup: SetupService;
  readonly isFirstStart: boolean;
  /** Ends the streams of connectors and pages. */
  readonly endStreams: () => void;
  readonly frontDoor: FrontDoor;
  readonly tunnelDoor: TunnelDoor;
  /** Lets relayed connections end by themselves for a while, then ends them and the tunnels. */
  readonly drainRelay: () => Promise<void>;
  readonly close: () => Promise<void>;
}

const relayDrainMilliseconds = 3000;

export async function compose(options: ComposeOptions): Promise<Server> {
  const database = await openDatabase(options.config.databaseUrl);
  try {
    return await composeOn(database, options);
  } catch (error) {
    await database.close();
    throw error;
  }
}

async function composeOn(database: OpenDatabase, options: ComposeOptions): Promise<Server> {
  const { config, clock } = options;
  const bell = createChangeBell();
  const read = bindStores(database.db, clock);
  const live = composeLive(read, clock);
  const transact = createTransact(database.db, (handle) => bindStores(handle, clock), bell, tellCommits(live));
  // Faults in these settings must show before anything is made: at the next start they would count no more.
  const firstAdmin = (await isInstalled(read.settings)) ? undefined : await configuredAdmin(config.admin);
  const mail = config.mail === undefined ? undefined : createMailSender(config.mail);
  const installation = await openInstallation(transact, config, clock);
  const authority = await openCertificateAuthority({
    transact,
    sealing: installation.sealing,
    trustDomain: installation.trustDomain,
    clock,
  });
  const foundation = layFoundation(options, { read, transact, bell, live, authority, sealing: installation.sealing, mail });
  const setup = createSetupService({ ...foundation, preparation: passwordPreparation });
  if (firstAdmin !== undefined) await setup.createFirstAdmin(firstAdmin);
  // What was asked for, or let in, while it was open: not worth more once it is open again.
  if (!config.deviceLogin) await transact(async ({ deviceLogins }) => deviceLogins.removeEverything());
  await transact(async ({ audit }) =>
    audit.record({
      event: 'server.started',
      act: { by: system, now: clock.now() },
      details: { version: options.build.version, firstStart: installation.isFirstStart },
    }),
  );

  const destinations = composeDestinations(foundation);
  const { app, metricsApp, readiness, jobs, authenticateConnector } = composeHttp(foundation, setup, destinations);
  const tunnelDoor = composeTunnelDoor(foundation, authenticateConnector);
  return {
    app,
    metricsApp,
    authority,
    readiness,
    jobs: [...housekeepingJobs({ transact, clock, rotateAuthority: authority.rotate }), ...jobs],
    setup,
    isFirstStart: installation.isFirstStart,
    endStreams: () => {
      destinations.notices.closeAll();
      live.closeAll();
    },
    frontDoor: foundation.relay.frontDoor,
    tunnelDoor,
    drainRelay: async () => {
      await foundation.relay.hub.drain(relayDrainMilliseconds);
      await tunnelDoor.settled();
    },
    close: database.close,
  };
}

type Opened = Pick<Foundation, 'read' | 'transact' | 'bell' | 'live' | 'authority' | 'sealing' | 'mail'>;

function layFoundation(options: ComposeOptions, parts: Opened): Foundation {
  const serverNameOf = (destinationId: string): string => connectorServerName(destinationId, parts.authority.trustDomain);
  const presence = createPresence(() => parts.live.touched(['destinations']));
  const metrics = createMetrics();
  const relay = composeRelay(options.config, serverNameOf, metrics);
  return {
    ...options,
    ...parts,
    attempts: createLoginAttempts(parts.transact, attemptLimits),
    serverNameOf,
    presence,
    metrics,
    relay,
    directory: createDirectory({
      connectors: parts.read.connectors,
      ...{ presence, serverNameOf },
      tunnels: relay.hub,
      relayAddress: options.config.relay.address,
    }),
  };
}

function composeDestinations(foundation: Foundation): DestinationServices {
  const { read, transact, bell, live, authority, attempts, presence, clock, logger } = foundation;
  const root = { certificate: authority.rootCertificate, fingerprint: authority.rootFingerprint };
  const seen = (connectorId: string): void => {
    read.connectors
      .seen(connectorId, toTime(clock.now()))
      .catch((error: unknown) => logger.warn({ err: error }, 'could not note a connector’s presence'));
  };
  return {
    destinations: createDestinationService({ ...foundation, tunnels: foundation.relay.hub, root }),
    enrolment: createEnrolmentService({
      transact,
      trustDomain: authority.trustDomain,
      rootCertificate: authority.rootCertificate,
      countFailure: async (source) => attempts.count('connector enrolment', source.address, clock.now()),
      clock,
    }),
    connectors: createConnectorService({
      read,
      transact,
      bell,
      certificates: authority,
      reported: () => live.touched(['destinations', 'grants']),
      nameIdentities: async (ids) =>
        new Map((await read.identities.findMany(ids)).map(({ id, kind, name }) => [id as string, { kind, name }])),
      clock,
    }),
    desiredState: createDesiredStateService({ transact, clock }),
    changes: createChangeService({ read, bell, presence, clock }),
    notices: createChangeNotices({ feed: read.feed, bell, presence, seen }),
    streams: createStreamService({ read, ownersOf: createLeaseOwners({ read, clock }), presence, clock }),
  };
}
