/** Rows 22 and 23: every endpoint, everybody, and ids that belong to somebody else. An endpoint that is not in the table fails the test. */
import { expect } from 'chai';
import { outgoing } from '../../shared/client.ts';
import { api, endpoints } from '../../shared/api/index.ts';
import type { Endpoint } from '../../shared/api/endpoint.ts';
import { enrolConnector, type EnrolledConnector } from '../support/enrolled-connector.ts';
import { startOidcProvider, type OidcProvider } from '../support/oidc-provider.ts';
import { startServer, type RunningServer } from '../support/server.ts';
import { cookieClient, ownHeaders, signInToUi } from '../support/ui-session.ts';
import { foreignThings, people, strangerEmail, type ForeignThings, type People } from './access-fixture.ts';

type Input = { readonly params?: object; readonly query?: object; readonly body?: unknown };
type Outcome = number | readonly [status: number, code: string];
/** With ids of somebody else. Absent: what the endpoint's `access` alone says. */
interface Row {
  readonly input?: (things: ForeignThings) => Input;
  readonly stranger?: Outcome;
  readonly viewer?: Outcome;
}

const id = (key: keyof ForeignThings) => (things: ForeignThings) => ({ params: { id: things[key] } });
const refused = [403, 'access.denied'] as const;

const rows: Readonly<Record<string, Row>> = {
  'server.info': {},
  'server.setup': { input: () => ({ body: { token: 'x', email: 'x@example.com', password: 'x' } }) },
  'login.password': { input: () => ({ body: { email: 'nobody@example.com', password: 'wrong' } }) },
  'login.changePassword': { input: () => ({ body: { changeToken: 'x', newPassword: 'a lantern in the harbour' } }) },
  'login.secondFactor': { input: () => ({ body: { mfaToken: 'infra_mfa_x', code: '123456' } }) },
  'login.requestReset': { input: () => ({ body: { email: 'nobody@example.com' } }) },
  'login.resetPassword': { input: () => ({ body: { token: 'x', newPassword: 'a lantern in the harbour' } }) },
  'login.browser': { input: () => ({ body: { code: 'infra_code_x', codeVerifier: 'v'.repeat(43) } }) },
  'login.device': { input: () => ({ body: { codeChallenge: 'c'.repeat(43) } }) },
  'login.deviceToken': { input: () => ({ body: { deviceCode: 'infra_device_x', codeVerifier: 'v'.repeat(43) } }) },
  'login.accessKey': { input: () => ({ body: { key: 'infra_key_x' } }) },
  'login.workload': { input: () => ({ body: { token: 'x' } }) },
  'sessions.current': { stranger: 200, viewer: 200 },
  'sessions.logout': { stranger: 200, viewer: 200 },
  'sessions.logoutAtProvider': { stranger: 200, viewer: 200 },
  'sessions.changeOwnPassword': {
    input: () => ({ body: { currentPassword: 'wrong', newPassword: 'a lantern in the harbour' } }),
    stranger: [401, 'login.failed'],
    viewer: [401, 'login.failed'],
  },
  'sessions.list': { input: ({ userId }) => ({ query: { identity: userId } }), stranger: refused, viewer: 200 },
  'sessions.revokeOthers': { stranger: 200, viewer: 200 },
  'sessions.revoke': { input: id('sessionId'), stranger: [404, 'session.not-found'], viewer: [404, 'session.not-found'] },
  'secondFactors.list': { stranger: 200, viewer: 200 },
  'secondFactors.begin': { input: () => ({ body: { kind: 'totp' } }), stranger: 201, viewer: 201 },
  'secondFactors.confirm': {
    input: ({ secondFactorId }) => ({ params: { id: secondFactorId }, body: { code: '123456' } }),
    stranger: [404, 'second-factor.not-found'],
    viewer: [404, 'second-factor.not-found'],
  },
  'secondFactors.remove': {
    input: ({ secondFactorId }) => ({ params: { id: secondFactorId }, body: { code: '123456' } }),
    stranger: [401, 'mfa.failed'],
    viewer: [401, 'mfa.failed'],
  },
  'secondFactors.renewRecoveryCodes': {
    input: () => ({ body: { code: '123456' } }),
    stranger: [401, 'mfa.failed'],
    viewer: [401, 'mfa.failed'],
  },
  'secondFactors.prove': {
    input: () => ({ body: { code: '123456' } }),
    stranger: [404, 'second-factor.not-found'],
    viewer: [404, 'second-factor.not-found'],
  },
  'secondFactors.reset': { input: id('userId') },
  'passkeys.begin': { input: () => ({ body: {} }), stranger: 201, viewer: 201 },
  'passkeys.ask': {
    input: () => ({ body: { purpose: 'verify' } }),
    stranger: [404, 'second-factor.not-found'],
    viewer: [404, 'second-factor.not-found'],
  },
  'passkeys.link': { input: id('passkeyLinkId'), stranger: [404, 'second-factor.not-found'], viewer: [404, 'second-factor.not-found'] },
  'passkeys.confirm': { input: id('passkeyLinkId'), stranger: [404, 'second-factor.not-found'], viewer: [404, 'second-factor.not-found'] },
  'passkeys.open': { input: () => ({ body: { token: 'infra_link_x' } }) },
  'passkeys.finish': {
    input: () => ({
      body: {
        token: 'infra_link_x',
        credential: {
          ...{ id: 'x', rawId: 'x', type: 'public-key' },
          response: { clientDataJSON: 'x', authenticatorData: 'x', signature: 'x' },
        },
      },
    }),
  },
  'users.list': {},
  'users.get': { input: id('userId') },
  'users.why': { input: id('userId') },
  'users.create': { input: () => ({ body: { email: 'new@example.com' } }) },
  'users.disable': { input: id('userId') },
  'users.enable': { input: id('userId') },
  'users.remove': { input: id('userId') },
  'users.resetPassword': { input: id('userId') },
  'users.mailPasswordReset': { input: id('userId') },
  'users.revoke': { input: id('userId'), stranger: refused, viewer: refused },
  'users.unlinkImpact': { input: ({ userId }) => ({ params: { id: userId, provider: 'acme' } }), stranger: refused, viewer: refused },
  'users.unlink': { input: ({ userId }) => ({ params: { id: userId, provider: 'acme' } }), stranger: refused, viewer: refused },
  'users.relink': { input: ({ userId }) => ({ params: { id: userId, provider: 'acme' } }) },
  'workloads.list': {},
  'workloads.get': { input: id('workloadId') },
  'workloads.why': { input: id('workloadId') },
  'workloads.create': { input: () => ({ body: { name: 'robot' } }) },
  'workloads.remove': { input: id('workloadId') },
  'groups.list': {},
  'groups.get': { input: id('groupId') },
  'groups.members': { input: id('groupId') },
  'groups.create': { input: () => ({ body: { name: 'crew' } }) },
  'groups.remove': { input: id('groupId') },
  'groups.addMember': { input: ({ groupId, strangerEmail }) => ({ params: { id: groupId }, body: { identity: strangerEmail } }) },
  'groups.removeMember': { input: ({ groupId, userId }) => ({ params: { id: groupId, identity: userId } }) },
  'identityProviders.list': {},
  'identityProviders.get': { input: id('providerId') },
  'identityProviders.create': {
    input: () => ({
      body: {
        ...{ name: 'another', kind: 'oidc', issuer: 'https://login.example.com', clientId: 'infra', clientSecret: 'x' },
        emailDomains: ['example.com'],
      },
    }),
  },
  'identityProviders.update': { input: ({ providerId }) => ({ params: { id: providerId }, body: { createUsers: false } }) },
  'identityProviders.test': { input: id('providerId') },
  'identityProviders.impact': { input: id('providerId') },
  'identityProviders.sync': { input: id('providerId') },
  'identityProviders.syncState': { input: id('providerId') },
  'identityProviders.disable': { input: id('providerId') },
  'identityProviders.enable': { input: id('providerId') },
  'identityProviders.remove': { input: id('providerId') },
  'providerLoginTests.begin': { input: id('providerId') },
  'providerLoginTests.get': { input: ({ providerId, loginTestId }) => ({ params: { id: providerId, test: loginTestId } }) },
  'scimTokens.list': { input: id('providerId') },
  'scimTokens.create': { input: ({ providerId }) => ({ params: { id: providerId }, body: {} }) },
  'scimTokens.remove': { input: ({ providerId, scimTokenId }) => ({ params: { id: providerId, token: scimTokenId } }) },
  'trustRules.list': { input: ({ workloadId }) => ({ query: { workload: workloadId } }) },
  'trustRules.get': { input: id('trustRuleId') },
  'trustRules.create': {
    input: ({ workloadId }) => ({ body: { workload: workloadId, issuer: 'https://ci.example.com', claims: { sub: 'x' } } }),
  },
  'trustRules.remove': { input: id('trustRuleId') },
  'accessKeys.list': { input: () => ({ query: { all: 'true' } }), stranger: refused, viewer: 200 },
  'accessKeys.create': {
    input: ({ userEmail }) => ({ body: { name: 'theirs', identity: userEmail } }),
    stranger: refused,
    viewer: refused,
  },
  'accessKeys.remove': { input: id('accessKeyId'), stranger: [404, 'access-key.not-found'], viewer: [404, 'access-key.not-found'] },
  'destinations.list': {},
  'destinations.get': { input: id('destinationId') },
  'destinations.create': { input: () => ({ body: { name: 'another' } }) },
  'destinations.update': { input: ({ destinationId }) => ({ params: { id: destinationId }, body: { auditMode: 'bestEffort' } }) },
  'destinations.remove': { input: id('destinationId') },
  'destinations.createJoinToken': { input: id('destinationId') },
  'destinations.streams': { input: id('destinationId') },
  'destinations.directory': { stranger: 200, viewer: 200 },
  'connectors.enrol': {
    input: () => ({
      body: {
        joinToken: 'x',
        publicKey: { kty: 'EC', crv: 'P-256', x: 'x'.repeat(43), y: 'y'.repeat(43) },
        clusterUid: null,
        version: 'test',
      },
    }),
  },
  'connectors.desiredState': {},
  'connectors.changes': {},
  'connectors.acknowledge': { input: () => ({ body: { replica: 'r', sequence: 1, epoch: 'x', revision: 1, kind: 'enforced' } }) },
  'connectors.report': {
    input: () => ({
      body: { replica: 'r', sequence: 1, version: 'x', clusterUid: null, address: '127.0.0.1:1', discovery: null, grants: [] },
    }),
  },
  'connectors.tellStreams': { input: () => ({ body: { replica: 'r', sequence: 1, total: 0, streams: [] } }) },
  'connectors.uploadAudit': { input: () => ({ body: { replica: 'r', events: [] } }) },
  'connectors.servingCertificate': { input: () => ({ body: { csr: 'x', host: null } }) },
  'grants.list': {},
  'grants.get': { input: id('grantId') },
  'grants.create': { input: ({ strangerEmail }) => ({ body: { subject: strangerEmail, role: 'admin', resource: 'infra' } }) },
  'grants.preview': { input: ({ strangerEmail }) => ({ body: { subject: strangerEmail, role: 'admin', resource: 'infra' } }) },
  'grants.update': { input: ({ grantId }) => ({ params: { id: grantId }, body: { until: null, reason: 'mine now' } }) },
  'grants.removeMany': { input: ({ grantId }) => ({ body: { ids: [grantId] } }) },
  'grants.remove': { input: id('grantId') },
  'grants.mine': { stranger: 200, viewer: 200 },
  'explanations.explain': {
    input: ({ userEmail }) => ({ query: { subject: userEmail, resource: 'infra' } }),
    stranger: refused,
    viewer: 200,
  },
  'explanations.mine': { stranger: 200, viewer: 200 },
  'explanations.whoCan': { input: () => ({ query: { role: 'admin', resource: 'infra' } }) },
  'leases.create': {
    input: ({ destinationId, csr }) => ({ body: { destination: destinationId, csr } }),
    stranger: [403, 'grant.missing'],
    viewer: [403, 'grant.missing'],
  },
  'leases.list': { input: ({ userId }) => ({ query: { identity: userId } }), stranger: refused, viewer: 200 },
  'leases.get': { input: id('leaseId'), stranger: [404, 'lease.not-found'], viewer: 200 },
  'leases.revoke': { input: id('leaseId'), stranger: [404, 'lease.not-found'], viewer: [404, 'lease.not-found'] },
  'changes.acknowledgements': { input: ({ revision }) => ({ params: { revision } }), stranger: [404, 'change.not-found'], viewer: 200 },
  'revocations.impact': { input: ({ userId }) => ({ query: { user: userId } }), stranger: refused, viewer: 200 },
  'audit.list': {},
  'audit.get': { input: id('auditEventId') },
  'overview.get': {},
  'settings.get': {},
  'events.stream': { stranger: 200, viewer: 200 },
};

/** Credentials are for programs (ADR 52). */
function byCookie(endpoint: Endpoint, ofConnectors: Outcome): Outcome {
  if (endpoint.access === 'connector') return ofConnectors;
  return endpoint.name === 'leases.create' ? refused : (rows[endpoint.name]?.stranger ?? [403, 'access.role-missing']);
}
const isStream = ({ headers }: Response): boolean => headers.get('content-type') === 'text/event-stream';

describe('access to the API', function () {
  this.timeout(60_000);
  let server: RunningServer;
  let everybody: People;
  let things: ForeignThings;
  let connector: EnrolledConnector;
  let idp: OidcProvider;

  before(async () => {
    server = await startServer();
    everybody = await people(server);
    idp = await startOidcProvider([]);
    things = await foreignThings(server, everybody, idp.issuer);
    connector = await enrolConnector(server, 'connector-of-x');
  });
  after(async () => {
    await server.stop();
    await idp.stop();
  });

  /** Of somebody without rights, who signs in anew when a test ended the session. */
  let browser: { readonly cookie: string } | undefined;
  const strangersCookie = async (): Promise<string> => {
    const isLive = await cookieClient(server, browser?.cookie ?? '')(api.sessions.current, {}).then(
      () => true,
      () => false,
    );
    if (!isLive) browser = await signInToUi(server, { email: strangerEmail, password: 'a lantern in the harbour' });
    return browser?.cookie ?? '';
  };

  const request = async (endpoint: Endpoint, authorization?: string, more: Readonly<Record<string, string>> = {}): Promise<Response> => {
    const input = rows[endpoint.name]?.input?.(things) ?? {};
    // The rows hold what the endpoints take; the list of endpoints has lost the types.
    const { method, path, body } = outgoing(endpoint, input as never);
    return server.request(path, {
      method,
      headers: {
        ...(authorization === undefined ? {} : { authorization }),
        ...more,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body }),
    });
  };
  const expectOutcome = async (response: Response, outcome: Outcome): Promise<void> => {
    const [status, code] = typeof outcome === 'number' ? [outcome, undefined] : outcome;
    const text = isStream(response) ? '' : await response.text();
    if (isStream(response)) await response.body?.cancel();
    expect(response.status, text).to.equal(status);
    if (code !== undefined) expect((JSON.parse(text) as { code: string }).code).to.equal(code);
  };

  it('row 23: the table knows every endpoint', () => {
    expect(Object.keys(rows).sort()).to.deep.equal(endpoints.map(({ name }) => name).sort());
  });

  for (const endpoint of endpoints) {
    if (endpoint.access === 'public') continue;
    const expected401 = endpoint.access === 'connector' ? ([401, 'assertion.invalid'] as const) : ([401, 'session.missing'] as const);

    it(`row 22: ${endpoint.name} without a credential is 401`, async () => expectOutcome(await request(endpoint), expected401));

    it(`row 22: ${endpoint.name} with a made-up credential is 401`, async () => {
      const madeUp = endpoint.access === 'connector' ? 'Connector a.b.c' : `Bearer infra_ses_${'A'.repeat(43)}`;
      expect((await request(endpoint, madeUp)).status).to.equal(401);
    });

    it(`row 29: ${endpoint.name} with a browser's cookie that no page of ours sent is refused`, async () => {
      const cookie = await strangersCookie();
      const { 'infra-ui': _, ...withoutHeader } = ownHeaders(server);
      const expected = endpoint.access === 'connector' ? expected401 : ([403, 'access.denied'] as const);
      for (const headers of [{}, withoutHeader, { ...ownHeaders(server), 'sec-fetch-site': 'same-site' }])
        await expectOutcome(await request(endpoint, undefined, { ...headers, cookie }), expected);
    });

    it(`row 23: ${endpoint.name} by the cookie of a person without rights is what it is by their secret`, async () => {
      const cookie = await strangersCookie();
      await expectOutcome(await request(endpoint, undefined, { ...ownHeaders(server), cookie }), byCookie(endpoint, expected401));
    });

    if (endpoint.access === 'connector') {
      it(`row 23: ${endpoint.name} is closed to an admin's session`, async () =>
        expectOutcome(await request(endpoint, `Bearer ${everybody.adminSecret}`), expected401));
      continue;
    }

    it(`row 23: ${endpoint.name} is closed to a connector's key`, async () => {
      const input = rows[endpoint.name]?.input?.(things) ?? {};
      const { method, path, body } = outgoing(endpoint, input as never);
      await expectOutcome(await connector.send({ method, path, ...(body === undefined ? {} : { body }) }), expected401);
    });

    it(`row 23: ${endpoint.name} with somebody else's ids, as a person without rights`, async () => {
      const { secret } = await everybody.stranger();
      const outcome = rows[endpoint.name]?.stranger ?? ([403, 'access.role-missing'] as const);
      await expectOutcome(await request(endpoint, `Bearer ${secret}`), outcome);
    });

    it(`row 23: ${endpoint.name} with somebody else's ids, with view on infra`, async () => {
      const { secret } = await everybody.viewer();
      const outcome =
        rows[endpoint.name]?.viewer ?? (endpoint.access === 'view' ? endpoint.status : ([403, 'access.role-missing'] as const));
      await expectOutcome(await request(endpoint, `Bearer ${secret}`), outcome);
    });
  }

  it('row 22: look-alike paths, methods and headers open nothing', async () => {
    const lookAlikes = [
      '/api/v1/Users',
      '/API/v1/users',
      '/api/v1/users/',
      '//api/v1/users',
      '/api//v1/users',
      '/api/v1/users%2f',
      '/api/v1/%75sers',
      '/api/v1/./users',
      '/api/v1/users;x',
      '/api/v1/users%00',
      '/api/v1/users.json',
      '/api/v2/users',
      '/metrics',
    ];
    for (const path of lookAlikes) {
      const response = await server.request(path, { headers: { 'user-agent': 'kube-probe/1.34' } });
      expect([400, 401, 404], `${path}: ${response.status}`).to.include(response.status);
    }
    for (const headers of [
      { 'x-http-method-override': 'GET' },
      { 'x-original-url': '/livez' },
      { 'x-rewrite-url': '/api/v1/server' },
      { 'x-forwarded-user': 'admin@example.com' },
      { cookie: `session=${everybody.adminSecret}` },
    ]) {
      // The headers differ in their names: none of them is read.
      expect((await server.request('/api/v1/users', { headers: headers as unknown as Record<string, string> })).status).to.equal(401);
    }
    expect((await server.request(`/api/v1/users?access_token=${everybody.adminSecret}`)).status).to.equal(401);
  });

  it('row 22: a credential that is almost one is none', async () => {
    const secret = everybody.adminSecret;
    for (const authorization of [
      secret,
      `bearer ${secret}`,
      `Bearer  ${secret}`,
      `Bearer ${secret} `,
      `Bearer ${secret}x`,
      `Bearer ${secret.slice(0, -1)}`,
      `Basic ${Buffer.from(`x:${secret}`).toString('base64')}`,
      `Bearer ${secret}, Bearer ${secret}`,
    ]) {
      // undici strips white space at the end of a value as HTTP says, so that one is the credential itself.
      const expected = authorization.trimEnd() === `Bearer ${secret}` ? 200 : 401;
      expect((await server.request('/api/v1/whoami', { headers: { authorization } })).status, authorization.slice(0, 12)).to.equal(
        expected,
      );
    }
  });
});
