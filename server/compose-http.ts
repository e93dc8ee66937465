/** Mounts every feature behind HTTP: who may call what is asked here, what happens is the features' own. */
import type { IncomingMessage } from 'node:http';
import { api } from '../shared/api/index.ts';
import { toTime } from '../shared/clock.ts';
import { createApp, createMetricsApp } from './app.ts';
import { createServerRolesOf } from './compose-live.ts';
import { composeMail } from './compose-mail.ts';
import { composePasswordLogin, type PasswordLogin } from './compose-password-login.ts';
import { mountSecondFactors } from './compose-second-factors.ts';
import { auditRoutes } from './audit/audit-routes.ts';
import { authorOf } from './audit/caller.ts';
import { createAbsence } from './destinations/absence.ts';
import { createAssertionCheck } from './destinations/assertion-check.ts';
import { connectorRoutes, destinationRoutes, type DestinationServices } from './destinations/destination-routes.ts';
import type { Foundation } from './foundation.ts';
import { explainRoutes } from './grants/explain-routes.ts';
import { createExplainService } from './grants/explain-service.ts';
import { grantRoutes } from './grants/grant-routes.ts';
import { createGrantChangeService } from './grants/grant-change-service.ts';
import { createGrantPreview } from './grants/grant-preview.ts';
import { createGrantService } from './grants/grant-service.ts';
import { createWhoCan } from './grants/who-can.ts';
import { createWhy } from './grants/why.ts';
import { createReadiness } from './http/health.ts';
import { assertionToken } from './http/authenticate.ts';
import { route, type ConnectorCaller, type RouteContext, type Router } from './http/route.ts';
import { createSourceOf } from './http/source-address.ts';
import { createAccountUnlinkService } from './identity/account-unlink-service.ts';
import { createGroupService } from './identity/group-service.ts';
import { identityRoutes } from './identity/identity-routes.ts';
import { impactOf } from './identity/provider-impact.ts';
import { providerRoutes } from './identity/provider-routes.ts';
import { createProviderService } from './identity/provider-service.ts';
import { createUserService } from './identity/user-service.ts';
import { createWorkloadService } from './identity/workload-service.ts';
import { liveEventsRoutes } from './live/live-events-routes.ts';
import { leaseRoutes } from './leases/lease-routes.ts';
import { createLeaseService } from './leases/lease-service.ts';
import { createRevocationImpact } from './leases/revocation-impact.ts';
import { createAccessKeyService } from './login/access-key-service.ts';
import { browserLoginRoutes, redirectUriOf } from './login/browser-login-routes.ts';
import { createBrowserLoginService } from './login/browser-login-service.ts';
import { closedDeviceLoginRoutes } from './login/closed-device-login-routes.ts';
import { createDeviceApprovalService } from './login/device-approval-service.ts';
import { deviceLoginRoutes, type DeviceLoginRoutes } from './login/device-login-routes.ts';
import { createDeviceLoginService } from './login/device-login-service.ts';
import { createLoginOrigins } from './login/login-origins.ts';
import { newClientKey } from './login/client-keys.ts';
import { clientKeyRoutes, clientKeysUriOf } from './login/client-key-routes.ts';
import { loginMethodsOf } from './login/login-method-rules.ts';
import { loginRoutes } from './login/login-routes.ts';
import { createLogoutTokens } from './login/logout-token.ts';
import { createDirectories, serviceAccountKeyPurpose } from './login/directories.ts';
import { createOpenIdDiscovery } from './login/openid-discovery.ts';
import { createPasskeyOffer, createSignIn, pageLoginRoutes } from './login/page-login-routes.ts';
import { passwordPreparation } from './login/password-preparation.ts';
import { passwordResetRoutes } from './login/password-reset-routes.ts';
import { backchannelLogoutUriOf, leaveUrlOf, postLogoutRedirectUriOf, providerLogoutRoutes } from './login/provider-logout-routes.ts';
import { createProviderLogoutService } from './login/provider-logout-service.ts';
import { createArrivalAtProvider } from './login/provider-arrival.ts';
import { createProviderLoginTestRun } from './login/provider-login-test-run.ts';
import { createProviderLoginTestService } from './login/provider-login-test-service.ts';
import { providerLoginTestRoutes } from './login/provider-login-test-routes.ts';
import { createProviderProbe } from './login/provider-probe.ts';
import { clientSecretPurpose, createProviderLogins } from './login/provider-logins.ts';
import { createProviderRefresh } from './login/provider-refresh.ts';
import { createProviderSync } from './login/provider-sync.ts';
import { createProviderPeople } from './login/provider-people.ts';
import { readServiceAccount } from './login/service-account.ts';
import { createSessionService } from './login/session-service.ts';
import { type SetupService } from './login/setup-service.ts';
import { createIssuerKeys } from './login/issuer-keys.ts';
import { trustRuleRoutes } from './login/trust-rule-routes.ts';
import { createTrustRuleService } from './login/trust-rule-service.ts';
import { uiLoginRoutes } from './login/ui-login-routes.ts';
import { createUiSignIn } from './login/ui-sign-in.ts';
import { createWorkloadLogin } from './login/workload-login.ts';
import { createOverview } from './overview/overview.ts';
import { overviewRoutes } from './overview/overview-routes.ts';
import { createSettingsRecord } from './overview/settings-record.ts';
import { createScimGroupService } from './scim/scim-group-service.ts';
import { scimBaseUrlOf, scimRoutes } from './scim/scim-routes.ts';
import { createScimTokenService } from './scim/scim-token-service.ts';
import { createScimUserService } from './scim/scim-user-service.ts';
import { createSharedCommit } from './storage/shared-commit.ts';

/** Express keeps the whole path elsewhere. */
type ConnectorRequest = IncomingMessage & { readonly originalUrl?: string };

export function composeHttp(foundation: Foundation, setup: SetupService, destinations: DestinationServices) {
  const { config, logger, clock, read, transact, authority, metrics } = foundation;
  const sessions = createSessionService({ read, transact, serverRolesOf: createServerRolesOf(read), clock });
  const passwordLogin = composePasswordLogin(foundation);
  const providerLogins = composeProviderLogins(foundation);
  const readiness = createReadiness();
  const mail = composeMail(foundation, metrics);
  const parts = { logger, readiness, metrics };
  const sourceOf = createSourceOf(config.trustedProxies, (socket) => foundation.relay.frontDoor.sourceOf(socket).address);
  const checkAssertion = createAssertionCheck({
    trustDomain: authority.trustDomain,
    clock,
    keyOf: async (id) => (await read.connectors.find(id))?.publicKey,
  });
  const authenticateConnector = async (request: ConnectorRequest, body: Buffer): Promise<ConnectorCaller> => {
    const connectorId = await checkAssertion(assertionToken(request), {
      method: request.method ?? '',
      url: request.originalUrl ?? request.url ?? '',
      body,
    });
    const connector = await read.connectors.find(connectorId);
    const destination = connector === undefined ? undefined : await read.destinations.find(connector.destinationId);
    if (destination === undefined) throw new Error('an assertion held for a connector that is not there');
    return { connectorId, destination: { id: destination.id, name: destination.name }, source: sourceOf(request) };
  };
  const app = createApp({
    ...parts,
    sourceOf,
    publicUrl: config.publicUrl,
    authenticateSession: sessions.authenticate,
    authenticateConnector,
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
      mountSecondFactors(router, context, foundation, passwordLogin);
      passwordResetRoutes(router, context, mail.resets);
      mountFeatures(router, context, { foundation, sessions, passwordLogin, providerLogins, setup, destinations });
    },
  });
  return {
    app,
    metricsApp: createMetricsApp(parts),
    readiness,
    jobs: [providerLogins.syncJob, ...mail.jobs],
    authenticateConnector: async (request: IncomingMessage) => authenticateConnector(request, Buffer.alloc(0)),
  };
}

function mountServerInfo(
  router: Router,
  context: RouteContext,
  { authority, config, build, read, mail }: Foundation,
  setup: SetupService,
): void {
  route(router, context, api.server.info, async () => {
    const providers = await read.providers.active();
    return {
      product: 'infra' as const,
      version: build.version,
      trustDomain: authority.trustDomain,
      publicUrl: config.publicUrl,
      ...loginMethodsOf({ deviceLogin: config.deviceLogin, hasProviders: providers.length > 0 }),
      providers: providers.map(({ name, kind }) => ({ name, kind })),
      passwordReset: mail !== undefined,
      rootCertificate: authority.rootCertificate,
      rootFingerprint: authority.rootFingerprint,
      setupPending: await setup.isPending(),
    };
  });
}

function composeProviderLogins({ config, clock, logger, read, transact, sealing, attempts }: Foundation) {
  const toProvider = redirectUriOf(config.publicUrl);
  const discovery = createOpenIdDiscovery(clock.now);
  const logins = createProviderLogins({ providers: read.providers, discovery, sealing, redirectUriOf: toProvider, logger });
  const directories = createDirectories({ providers: read.providers, logins, sealing, now: clock.now });
  const people = createProviderPeople({ directories, directoryGroups: read.directoryGroups, clock, logger });
  const origins = createLoginOrigins(sealing);
  const refresh = createProviderRefresh({ logins, sealing, logger });
  const sync = createProviderSync({ read, transact, refresh, people, clock, logger });
  const testRun = createProviderLoginTestRun({ transact, logins, people, publicUrl: config.publicUrl, clock });
  const uiSignIn = createUiSignIn({ transact, origins, sessionSettings: config.session, clock });
  const browserLogins = createBrowserLoginService({
    read,
    transact,
    logins,
    arrive: createArrivalAtProvider({ read, transact, logins, refresh, origins, people, clock }),
    ...{ origins, testRun, uiSignIn, attempts },
    sessionSettings: config.session,
    clock,
  });
  return {
    syncJob: sync.job,
    browserLogins,
    uiSignIn,
    loginTests: createProviderLoginTestService({ read, transact, logins: browserLogins, publicUrl: config.publicUrl, clock }),
    providers: createProviderService({
      read,
      transact,
      probe: createProviderProbe({ discovery, logins, directories }),
      sync,
      secrets: {
        newClientKey: async (providerId, wish) => newClientKey(sealing, { providerId, ...wish, now: clock.now() }),
        sealClientSecret: (id, secret) => sealing.seal(Buffer.from(secret), clientSecretPurpose(id)),
        sealServiceAccountKey: (id, key) => {
          readServiceAccount(key);
          return sealing.seal(Buffer.from(key), serviceAccountKeyPurpose(id));
        },
      },
      addressesOf: (name) => ({
        redirectUri: toProvider(name),
        clientKeysUri: clientKeysUriOf(config.publicUrl)(name),
        backchannelLogoutUri: backchannelLogoutUriOf(config.publicUrl)(name),
        postLogoutRedirectUri: postLogoutRedirectUriOf(config.publicUrl),
      }),
      clock,
    }),
    logouts: createProviderLogoutService({
      read,
      transact,
      logins,
      tokens: createLogoutTokens(),
      origins,
      attempts,
      urls: { leave: leaveUrlOf(config.publicUrl), left: postLogoutRedirectUriOf(config.publicUrl) },
      clock,
    }),
  };
}

function mountDeviceLogins(
  router: Router,
  context: RouteContext,
  foundation: Foundation,
  signing: Pick<DeviceLoginRoutes, 'logins' | 'signIn' | 'passkeyOffer'>,
): void {
  const { config, clock, logger, read, transact, sealing, attempts } = foundation;
  const { publicUrl, session: sessionSettings } = config;
  if (!config.deviceLogin) {
    closedDeviceLoginRoutes(router, context, { logger, publicUrl });
    return;
  }
  const origins = createLoginOrigins(sealing);
  deviceLoginRoutes(router, context, {
    devices: createDeviceLoginService({ transact, attempts, origins, sessionSettings, publicUrl, clock }),
    approvals: createDeviceApprovalService({ read, transact, attempts, clock }),
    ...signing,
    ...{ logger, publicUrl, clock },
  });
}

function composeWorkloadLogin({ config, clock, read, transact, authority, attempts }: Foundation) {
  const keys = createIssuerKeys(clock.now);
  const own = { publicUrl: config.publicUrl, trustDomain: authority.trustDomain };
  return {
    login: createWorkloadLogin({ read, transact, keys, attempts, own, sessionSettings: config.session, clock }),
    trustRules: createTrustRuleService({ read, transact, keys, own, clock }),
  };
}

interface Features {
  readonly foundation: Foundation;
  readonly sessions: ReturnType<typeof createSessionService>;
  readonly passwordLogin: PasswordLogin;
  readonly providerLogins: ReturnType<typeof composeProviderLogins>;
  readonly setup: SetupService;
  readonly destinations: DestinationServices;
}

function mountFeatures(router: Router, context: RouteContext, features: Features): void {
  const { foundation, destinations } = features;
  const { config, clock, read, transact, authority, attempts } = foundation;
  mountLogins(router, context, features);
  scimRoutes(router, context, {
    tokens: createScimTokenService({ read, transact, attempts, baseUrlOf: scimBaseUrlOf(config.publicUrl), clock }),
    users: createScimUserService({ read, transact, clock }),
    groups: createScimGroupService({ read, transact, clock }),
    logger: foundation.logger,
  });
  identityRoutes(router, context, {
    users: createUserService({ read, transact, passwords: passwordPreparation, clock }),
    groups: createGroupService({ read, transact, clock }),
    workloads: createWorkloadService({ read, transact, clock }),
    unlinking: createAccountUnlinkService({ read, transact, clock }),
  });
  destinationRoutes(router, context, destinations);
  connectorRoutes(router, context, destinations);
  const absence = createAbsence({ connectors: read.connectors, presence: foundation.presence });
  grantRoutes(router, context, {
    grants: createGrantService({ read, transact, directory: foundation.directory, rootCertificate: authority.rootCertificate, clock }),
    changes: createGrantChangeService({ transact, clock }),
    preview: createGrantPreview({ read, absence, clock }),
  });
  mountExplanations(router, context, foundation);
  leaseRoutes(router, context, {
    leases: createLeaseService({
      ...{ read, transact, absence, clock },
      shareCommit: createSharedCommit(transact),
      issue: authority.issueForLease,
      rootCertificate: authority.rootCertificate,
      defaultTtlSeconds: config.leaseTtlSeconds,
    }),
    impactOf: createRevocationImpact({ read, presence: foundation.presence, clock }),
  });
  mountOverviews(router, context, foundation);
  auditRoutes(router, context, read.auditStore);
  liveEventsRoutes(router, context, foundation.live);
}

function mountOverviews(router: Router, context: RouteContext, { read, presence, config, build, authority, clock }: Foundation): void {
  overviewRoutes(router, context, {
    overview: createOverview({ read, presence, version: build.version, clock }),
    settings: createSettingsRecord({ read, config, build, trustDomain: authority.trustDomain, startedAt: toTime(clock.now()) }),
  });
}

function mountExplanations(router: Router, context: RouteContext, { read, clock }: Foundation): void {
  const services = { whoCan: createWhoCan({ read, clock }), why: createWhy({ read, clock }) };
  explainRoutes(router, context, createExplainService({ read, clock }), services);
}

/** All that leads to a session, and to its end. */
function mountLogins(router: Router, context: RouteContext, features: Features): void {
  const { foundation, sessions, passwordLogin, providerLogins, setup } = features;
  const { config, clock, read, transact, logger } = foundation;
  const workloads = composeWorkloadLogin(foundation);
  const { login, toSession, pages } = passwordLogin;
  loginRoutes(router, context, {
    login,
    toSession,
    sessions,
    setup,
    accessKeys: createAccessKeyService({ read, transact, clock }),
    browserLogins: providerLogins.browserLogins,
    workloads: workloads.login,
  });
  trustRuleRoutes(router, context, workloads.trustRules);
  const { browserLogins: logins, uiSignIn } = providerLogins;
  const sourceOf = context.source;
  const canReset = foundation.mail !== undefined;
  const passkeyOffer = createPasskeyOffer({ pages, sourceOf });
  const signIn = createSignIn({ logins, pages, passkeyOffer, sourceOf, canReset });
  browserLoginRoutes(router, { logins, signIn, sourceOf, logger });
  uiLoginRoutes(router, { signIn, logger });
  pageLoginRoutes(router, { pages, uiSignIn, sourceOf, logger, publicUrl: config.publicUrl, canReset });
  mountDeviceLogins(router, context, foundation, { logins, signIn, passkeyOffer });
  providerLoginTestRoutes(router, context, { tests: providerLogins.loginTests, logger });
  clientKeyRoutes(router, { providers: read.providers, logger });
  providerLogoutRoutes(router, context, { logouts: providerLogins.logouts, logger });
  providerRoutes(router, context, { providers: providerLogins.providers, impactOf: async (id) => impactOf(read, id) });
}
