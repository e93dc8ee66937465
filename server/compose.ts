/** Puts the server together from its parts: plain values, passed by hand. Opens what must be open, starts nothing. */
import { readFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import type { Clock } from '../shared/clock.ts';
import { toTime } from '../shared/clock.ts';
import { api } from '../shared/api/index.ts';
import type { BuildInfo } from '../shared/node/build-info.ts';
import type { Logger } from '../shared/node/logger.ts';
import { createApp, createMetricsApp } from './app.ts';
import { auditRoutes } from './audit/audit-routes.ts';
import { authorOf, system, type ServerRole } from './audit/caller.ts';
import { connectorServerName, openCertificateAuthority, type CertificateAuthority } from './authority/certificate-authority.ts';
import type { ServerConfig } from './config.ts';
import { createAssertionCheck } from './destinations/assertion-check.ts';
import { createChangeNotices } from './destinations/change-notices.ts';
import { createChangeService } from './destinations/change-service.ts';
import { createConnectorService } from './destinations/connector-service.ts';
import { createDesiredStateService } from './destinations/desired-state-service.ts';
import { connectorRoutes, destinationRoutes, type DestinationServices } from './destinations/destination-routes.ts';
import { createDestinationService } from './destinations/destination-service.ts';
import { createEnrolmentService } from './destinations/enrolment-service.ts';
import { createPresence } from './destinations/presence.ts';
import { grantRoutes } from './grants/grant-routes.ts';
import { createGrantService } from './grants/grant-service.ts';
import { createReadiness, type Readiness } from './http/health.ts';
import { createMetrics } from './http/metrics.ts';
import { route, type RouteContext, type Router } from './http/route.ts';
import { createSourceOf } from './http/source-address.ts';
import { createGroupService } from './identity/group-service.ts';
import { identityRoutes } from './identity/identity-routes.ts';
import { createUserService } from './identity/user-service.ts';
import { createWorkloadService } from './identity/workload-service.ts';
import { openInstallation } from './installation.ts';
import { housekeepingJobs } from './jobs/housekeeping.ts';
import type { Job } from './jobs/scheduler.ts';
import { leaseRoutes } from './leases/lease-routes.ts';
import { createLeaseService } from './leases/lease-service.ts';
import { createAccessKeyService } from './login/access-key-service.ts';
import { attemptLimits, createLoginAttempts, type LoginAttempts } from './login/login-attempts.ts';
import { loginRoutes } from './login/login-routes.ts';
import { createLoginService } from './login/login-service.ts';
import { passwordPreparation } from './login/password-preparation.ts';
import { createSessionService } from './login/session-service.ts';
import { createSetupService, type SetupService } from './login/setup-service.ts';
import { createChangeBell } from './storage/change-feed.ts';
import { openDatabase } from './storage/database.ts';
import { createSharedCommit } from './storage/shared-commit.ts';
import { createTransact, type Transact } from './storage/transact.ts';
import { bindStores, type Stores } from './stores.ts';

export interface Server {
  readonly app: RequestListener;
  readonly metricsApp: RequestListener;
  readonly authority: CertificateAuthority;
  readonly readiness: Readiness;
  readonly jobs: readonly Job[];
  readonly setup: SetupService;
  readonly isFirstStart: boolean;
  /** Ends the connectors' change streams. */
  readonly endStreams: () => void;
  readonly close: () => Promise<void>;
}

export interface ComposeOptions {
  readonly config: ServerConfig;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly build: BuildInfo;
}

/** What every feature is built from. */
interface Foundation extends ComposeOptions {
  readonly read: Stores;
  readonly transact: Transact<Stores>;
  readonly bell: ReturnType<typeof createChangeBell>;
  readonly authority: CertificateAuthority;
  readonly attempts: LoginAttempts;
}

export async function compose(options: ComposeOptions): Promise<Server> {
  const { config, clock } = options;
  const database = await openDatabase(config.databaseUrl);
  const bell = createChangeBell();
  const transact = createTransact(database.db, (handle) => bindStores(handle, clock), bell);
  const installation = await openInstallation(transact, config, clock);
  const authority = await openCertificateAuthority({
    transact,
    sealing: installation.sealing,
    trustDomain: installation.trustDomain,
    clock,
  });
  const read = bindStores(database.db, clock);
  const foundation: Foundation = {
    ...options,
    read,
    transact,
    bell,
    authority,
    attempts: createLoginAttempts(read.loginAttempts, attemptLimits),
  };
  const setup = createSetupService({ ...foundation, preparation: passwordPreparation });
  if (installation.isFirstStart) await createConfiguredAdmin(setup, config);
  await transact(async ({ audit }) =>
    audit.record({
      event: 'server.started',
      act: { by: system, now: clock.now() },
      details: { version: options.build.version, firstStart: installation.isFirstStart },
    }),
  );

  const destinations = composeDestinations(foundation);
  const { app, metricsApp, readiness } = composeHttp(foundation, setup, destinations);
  const jobs = housekeepingJobs({ transact, clock, rotateAuthority: authority.rotate });
  return {
    app,
    metricsApp,
    authority,
    readiness,
    jobs,
    setup,
    isFirstStart: installation.isFirstStart,
    endStreams: destinations.notices.closeAll,
    close: database.close,
  };
}

async function createConfiguredAdmin(setup: SetupService, { admin }: ServerConfig): Promise<void> {
  if (admin.email === undefined || admin.passwordFile === undefined) return;
  await setup.createFirstAdmin(admin.email, readFileSync(admin.passwordFile, 'utf8').trim());
}

function composeDestinations(foundation: Foundation): DestinationServices {
  const { read, transact, bell, authority, attempts, clock, logger } = foundation;
  const presence = createPresence();
  const root = { certificate: authority.rootCertificate, fingerprint: authority.rootFingerprint };
  const seen = (connectorId: string): void => {
    read.connectors
      .seen(connectorId, toTime(clock.now()))
      .catch((error: unknown) => logger.warn({ err: error }, 'could not note a connector’s presence'));
  };
  return {
    destinations: createDestinationService({ read, transact, presence, serverName: serverNameOf(authority), root, clock }),
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
      nameIdentities: async (ids) =>
        new Map((await read.identities.findMany(ids)).map(({ id, kind, name }) => [id as string, { kind, name }])),
      clock,
    }),
    desiredState: createDesiredStateService({ transact, clock }),
    changes: createChangeService({ read, bell, presence, clock }),
    notices: createChangeNotices({ feed: read.feed, bell, presence, seen }),
  };
}

const serverNameOf = (authority: CertificateAuthority) => (destinationId: string) =>
  connectorServerName(destinationId, authority.trustDomain);

function composeHttp(foundation: Foundation, setup: SetupService, destinations: DestinationServices) {
  const { config, logger, clock, read, transact, authority } = foundation;
  const serverRolesOf = async (identityId: string, now: number): Promise<ReadonlySet<ServerRole>> => {
    const held = await read.grants.ofIdentity(identityId, toTime(now), null);
    const isAdmin = held.some(({ role }) => role === 'admin');
    return new Set<ServerRole>(isAdmin ? ['admin', 'view'] : held.some(({ role }) => role === 'view') ? ['view'] : []);
  };
  const sessions = createSessionService({ read, transact, serverRolesOf, clock });
  const readiness = createReadiness();
  const metrics = createMetrics();
  const parts = { logger, readiness, metrics };
  const app = createApp({
    ...parts,
    sourceOf: createSourceOf(config.trustedProxies),
    authenticateSession: sessions.authenticate,
    checkAssertion: createAssertionCheck({
      trustDomain: authority.trustDomain,
      clock,
      keyOf: async (id) => (await read.connectors.find(id))?.publicKey,
    }),
    connectorCaller: async (connectorId, source) => {
      const connector = await read.connectors.find(connectorId);
      const destination = connector === undefined ? undefined : await read.destinations.find(connector.destinationId);
      if (destination === undefined) throw new Error('an assertion held for a connector that is not there');
      return { connectorId, destination: { id: destination.id, name: destination.name }, source };
    },
    recordRefusal: async (caller, endpoint) =>
      transact(async ({ audit }) =>
        audit.record({
          event: 'access.refused',
          act: { by: authorOf(caller), now: clock.now() },
          outcome: 'refused',
          details: { endpoint: endpoint.name, reason: `needs ${endpoint.access} on infra` },
        }),
      ),
    mount: (router, context) => {
      mountServerInfo(router, context, foundation, setup);
      mountFeatures(router, context, { foundation, sessions, setup, destinations });
    },
  });
  return { app, metricsApp: createMetricsApp(parts), readiness };
}

function mountServerInfo(router: Router, context: RouteContext, { authority, config, build }: Foundation, setup: SetupService): void {
  route(router, context, api.server.info, async () => ({
    product: 'infra' as const,
    version: build.version,
    trustDomain: authority.trustDomain,
    publicUrl: config.publicUrl,
    loginMethods: ['password', 'access-key'],
    rootCertificate: authority.rootCertificate,
    rootFingerprint: authority.rootFingerprint,
    setupPending: await setup.isPending(),
  }));
}

interface Features {
  readonly foundation: Foundation;
  readonly sessions: ReturnType<typeof createSessionService>;
  readonly setup: SetupService;
  readonly destinations: DestinationServices;
}

function mountFeatures(router: Router, context: RouteContext, { foundation, sessions, setup, destinations }: Features): void {
  const { config, clock, read, transact, authority, attempts } = foundation;
  const login = createLoginService({
    read,
    transact,
    attempts,
    preparation: passwordPreparation,
    sessionSettings: config.session,
    clock,
  });
  loginRoutes(router, context, { login, sessions, setup, accessKeys: createAccessKeyService({ read, transact, clock }) });
  identityRoutes(router, context, {
    users: createUserService({ read, transact, passwords: passwordPreparation, clock }),
    groups: createGroupService({ read, transact, clock }),
    workloads: createWorkloadService({ read, transact, clock }),
  });
  destinationRoutes(router, context, destinations);
  connectorRoutes(router, context, destinations);
  grantRoutes(
    router,
    context,
    createGrantService({ read, transact, serverName: serverNameOf(authority), rootCertificate: authority.rootCertificate, clock }),
  );
  leaseRoutes(
    router,
    context,
    createLeaseService({
      read,
      transact,
      shareCommit: createSharedCommit(transact),
      issue: authority.issueForLease,
      rootCertificate: authority.rootCertificate,
      defaultTtlSeconds: config.leaseTtlSeconds,
      clock,
    }),
  );
  auditRoutes(router, context, read.auditStore);
}
