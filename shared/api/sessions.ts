/** Logging in, the session it opens, and what it tells about its owner. */
import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { pageOf, pageQuery } from './pagination.ts';
import { accessKeyId, change, identityId, idParams, secondFactorKind, sessionId, time, trustRuleId } from './values.ts';

/** The way in that opened it. */
export const sessionMethod = z.enum(['password', 'access-key', 'provider', 'workload-token', 'passkey']);
export type SessionMethod = z.output<typeof sessionMethod>;

/** Who holds its secret: a program, which sends it with each request, or a browser, as a cookie that the server's own pages alone make use of. */
export const sessionClient = z.enum(['program', 'browser']);
export type SessionClient = z.output<typeof sessionClient>;

export const session = z.object({
  id: sessionId,
  identity: z.object({ id: identityId, name: z.string() }),
  method: sessionMethod,
  client: sessionClient.default('program'),
  /** The identity provider it came from. */
  provider: z.string().nullable().default(null),
  accessKeyId: accessKeyId.nullable(),
  /** The trust rule by which a workload's token opened it. */
  trustRuleId: trustRuleId.nullable().default(null),
  createdAt: time,
  expiresAt: time,
  /** Seconds without use after which it ends; null: no idle limit. */
  idleSeconds: z.int().nullable(),
  lastUsedAt: time,
  endedAt: time.nullable(),
  /** When a second factor was last proven in it; null: never. */
  mfaAt: time.nullable().default(null),
  sourceAddress: z.string(),
  userAgent: z.string(),
});
export type Session = z.output<typeof session>;

/** The secret is in the answer once and nowhere else: the server keeps its hash. */
export const openedSession = z.object({ status: z.literal('session'), secret: z.string(), session });
export const passwordChangeRequired = z.object({
  status: z.literal('password-change-required'),
  /** Good for `login.changePassword` alone, once, for ten minutes. */
  changeToken: z.string(),
});
export const mfaRequired = z.object({
  status: z.literal('mfa-required'),
  /** Good for `login.secondFactor` alone, for five minutes; it opens one session. */
  mfaToken: z.string(),
  /** What this person could prove it with; a recovery code does in place of any. */
  kinds: z.array(secondFactorKind).default(['totp']),
});
export const loginResult = z.discriminatedUnion('status', [openedSession, passwordChangeRequired, mfaRequired]);

/** Characters of a workload's token; the largest that issuers make have two or three thousand. */
export const workloadTokenMaximum = 16_384;

const password = z.string().min(1).max(1000);

export const codeVerifier = z.string().regex(/^[A-Za-z0-9._~-]{43,128}$/, 'is no code verifier (RFC 7636 §4.1)');

export const login = {
  password: endpoint({
    name: 'login.password',
    summary: 'Log in with email and password',
    method: 'POST',
    path: '/api/v1/login/password',
    access: 'public',
    body: z.strictObject({ email: z.string().max(300), password }),
    result: loginResult,
  }),
  /** Finishes a login whose one-time password must be changed first. */
  changePassword: endpoint({
    name: 'login.changePassword',
    summary: 'Replace a one-time password and log in',
    method: 'POST',
    path: '/api/v1/login/password-change',
    access: 'public',
    body: z.strictObject({ changeToken: z.string().max(200), newPassword: password }),
    result: openedSession,
  }),
  /** The same answer whether or not there is such an account: what follows is a mail, or nothing. */
  requestReset: endpoint({
    name: 'login.requestReset',
    summary: 'Ask for a mail with a link to choose a new password',
    method: 'POST',
    path: '/api/v1/login/password-reset/request',
    access: 'public',
    body: z.strictObject({ email: z.string().trim().max(300) }),
    status: 204,
  }),
  /** Opens no session: whoever has the new password logs in with it, with whatever else that asks for. */
  resetPassword: endpoint({
    name: 'login.resetPassword',
    summary: 'Choose a new password with a mailed link; sessions and leases end',
    method: 'POST',
    path: '/api/v1/login/password-reset',
    access: 'public',
    body: z.strictObject({ token: z.string().max(200), newPassword: password }),
    status: 204,
  }),
  /** Exchanges the code that came to the CLI's loopback address; once, within a minute, and only with the verifier of the flow it began. */
  browser: endpoint({
    name: 'login.browser',
    summary: 'Finish a login by browser',
    method: 'POST',
    path: '/api/v1/login/browser',
    access: 'public',
    body: z.strictObject({
      code: z.string().max(200),
      codeVerifier,
    }),
    result: openedSession,
  }),
  accessKey: endpoint({
    name: 'login.accessKey',
    summary: 'Log in with an access key',
    method: 'POST',
    path: '/api/v1/login/access-key',
    access: 'public',
    body: z.strictObject({ key: z.string().max(200) }),
    result: openedSession,
  }),
  /** Without a secret of ours: by the signature of an issuer that a trust rule names. */
  workload: endpoint({
    name: 'login.workload',
    summary: 'Log in as a workload with the token of a trusted issuer',
    method: 'POST',
    path: '/api/v1/login/workload',
    access: 'public',
    body: z.strictObject({ token: z.string().max(workloadTokenMaximum) }),
    result: openedSession,
  }),
};

export const whoami = z.object({
  identity: z.object({ id: identityId, kind: z.enum(['user', 'workload']), name: z.string() }),
  session,
  groups: z.array(z.object({ id: z.string(), name: z.string(), provider: z.string().nullable() })),
  /** Roles on the resource `infra` that hold now. */
  serverRoles: z.array(z.enum(['admin', 'view'])),
});
export type Whoami = z.output<typeof whoami>;

export const sessions = {
  current: endpoint({
    name: 'sessions.current',
    summary: 'Who am I',
    method: 'GET',
    path: '/api/v1/whoami',
    access: 'session',
    result: whoami,
  }),
  logout: endpoint({
    name: 'sessions.logout',
    summary: 'End my session and its leases',
    method: 'POST',
    path: '/api/v1/logout',
    access: 'session',
    result: z.object({ change }),
  }),
  /** `url` is for the person's browser, once, within two minutes; null: the provider offers no logout, or cannot be reached now. */
  logoutAtProvider: endpoint({
    name: 'sessions.logoutAtProvider',
    summary: 'End my session and its leases, and go on to end the one at the identity provider',
    method: 'POST',
    path: '/api/v1/logout/provider',
    access: 'session',
    result: z.object({ change, provider: z.string().nullable(), url: z.string().nullable() }),
  }),
  changeOwnPassword: endpoint({
    name: 'sessions.changeOwnPassword',
    summary: 'Change my password; ends my other sessions',
    method: 'POST',
    path: '/api/v1/whoami/password',
    access: 'session',
    body: z.strictObject({ currentPassword: password, newPassword: password }),
    result: z.object({ change }),
  }),
  /** Without `identity`: one's own. With another's: needs `view` on infra. `all=true`: everyone's, needs `view`. */
  list: endpoint({
    name: 'sessions.list',
    summary: 'Sessions',
    method: 'GET',
    path: '/api/v1/sessions',
    access: 'session',
    query: pageQuery.extend({
      identity: identityId.optional(),
      all: z.enum(['true', 'false']).optional(),
      live: z.enum(['true', 'false']).optional(),
    }),
    result: pageOf(session),
  }),
  /** Those of access keys too; the keys stay, and may open new ones. */
  revokeOthers: endpoint({
    name: 'sessions.revokeOthers',
    summary: 'End all my sessions but this one, and their leases',
    method: 'POST',
    path: '/api/v1/logout/others',
    access: 'session',
    result: z.object({ sessionsEnded: z.int(), leasesRevoked: z.int(), change }),
  }),
  /** One's own, or anyone's with `admin` on infra. Leases of the session are revoked with it. */
  revoke: endpoint({
    name: 'sessions.revoke',
    summary: 'End a session and its leases',
    method: 'DELETE',
    path: '/api/v1/sessions/:id',
    access: 'session',
    params: idParams(sessionId),
    result: z.object({ change }),
  }),
};
