/** The catalogue of audit events: one discriminated union by `event`. Its shape is what sinks, queries and archives rely on: add, do not change. */
import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { pageOf, pageQuery } from './pagination.ts';
import { sessionClient, sessionMethod } from './sessions.ts';
import { auditEventId, destinationId, identityId, idParams, leaseId, searchText, secondFactorKind, subject, time } from './values.ts';

const actor = z.object({
  /** `scim`: the directory of an identity provider, by the token with this id. */
  kind: z.enum(['user', 'workload', 'connector', 'scim', 'system', 'anonymous']),
  id: z.string().nullable(),
  name: z.string(),
});
export type AuditActor = z.output<typeof actor>;

const source = z.object({ address: z.string().max(100), userAgent: z.string().max(300) });
export type AuditSource = z.output<typeof source>;

const named = z.object({ id: z.string(), name: z.string() });
const reason = z.string().max(500);

/** What proved a second factor; never the code. `provider`: the word of the one they logged in with. */
const proof = z.enum(['totp', 'recovery-code', 'passkey', 'provider']);
export type MfaProof = z.output<typeof proof>;

const grantTerms = z.object({ until: time.nullable(), mfaSeconds: z.int().nullable(), reason: z.string().nullable() });

const base = {
  id: auditEventId,
  at: time,
  actor,
  source: source.nullable(),
  outcome: z.enum(['success', 'refused', 'failed']),
  destination: named.nullable(),
};

const event = <Name extends string, Details extends z.ZodRawShape>(name: Name, details: Details) =>
  z.object({ ...base, event: z.literal(name), details: z.object(details) });

const claimTexts = z.record(z.string().max(200), z.string().max(300));

/** What a workload's token says of where it comes from: of its claims those of a fixed list. In a refusal its signature may not have held. */
const tokenTrace = z.object({ issuer: z.string().max(300), subject: z.string().max(300), claims: claimTexts });
export type TokenTrace = z.output<typeof tokenTrace>;
const deviceHost = z.string().max(64).nullable();
const mailKind = z.enum(['reset-asked', 'reset-ordered', 'password-replaced']);

/** What a provider fed and its end took away. */
const fed = { sessionsEnded: z.int(), leasesRevoked: z.int(), membershipsEnded: z.int() };

/** What the end of an account took away. */
const accessTaken = { sessionsEnded: z.int(), leasesRevoked: z.int(), revision: z.int().nullable() };

/** What a connector tells of one request; also the details of `request.*` events. */
export const requestEventFields = {
  phase: z.enum(['completed', 'stream-opened', 'stream-closed', 'refused']),
  identityId: identityId.nullable(),
  leaseId: leaseId.nullable(),
  /** As the cluster saw it; empty when nothing was sent there. */
  impersonatedUser: z.string().max(400),
  impersonatedGroups: z.array(z.string().max(400)).max(500),
  /** Whom the identity asked to act as (`--as`), whether or not it was allowed; absent: as itself. */
  asked: z.object({ user: z.string().max(400), groups: z.array(z.string().max(400)).max(500) }).optional(),
  verb: z.string().max(40),
  path: z.string().max(2048),
  apiGroup: z.string().max(253),
  resource: z.string().max(253),
  subresource: z.string().max(253),
  namespace: z.string().max(253),
  name: z.string().max(253),
  /** HTTP status that the person saw; 0 when the connection broke before one. */
  status: z.int(),
  durationMilliseconds: z.int(),
  /** Of bodies and streams alone, by the person and to the person; absent from connectors that do not count. */
  bytesReceived: z.int().optional(),
  bytesSent: z.int().optional(),
  /** Why it was refused or ended, in words; empty otherwise. */
  reason: z.string().max(500),
  sourceAddress: z.string().max(100),
  userAgent: z.string().max(300),
};

export const auditEvent = z.discriminatedUnion('event', [
  event('server.started', { version: z.string(), firstStart: z.boolean() }),
  event('server.restored', { epoch: z.string() }),
  event('server.backed-up', {}),
  event('setup.link-created', { purpose: z.enum(['first-admin', 'recover-admin']) }),
  event('setup.used', { user: named }),
  event('login.succeeded', {
    session: z.string(),
    method: sessionMethod,
    /** Absent: a program. */
    client: sessionClient.optional(),
    provider: named.optional(),
    /** By a code that was approved in a browser elsewhere: which. */
    deviceLogin: z.string().optional(),
    /** Which passkey it was, of a login with nothing else. */
    passkey: z.string().optional(),
    trustRule: z.string().optional(),
    token: tokenTrace.optional(),
  }),
  event('login.refused', {
    attempted: z.string().max(300),
    method: z.enum([
      ...(['password', 'access-key', 'password-change', 'password-reset', 'setup', 'provider', 'scim'] as const),
      ...(['second-factor', 'workload-token', 'device', 'passkey'] as const),
    ]),
    provider: named.optional(),
    token: tokenTrace.optional(),
    reason,
  }),
  /** A login by a code: somebody asked for one; `host` is what they said of themselves. */
  event('device-login.asked', { deviceLogin: z.string(), host: deviceHost }),
  /** Decided by who is named, in a browser; it was asked for from elsewhere. */
  event('device-login.approved', { deviceLogin: z.string(), host: deviceHost, askedFrom: source }),
  event('device-login.denied', { deviceLogin: z.string(), host: deviceHost, askedFrom: source }),
  event('session.ended', { session: z.string(), owner: named, reason }),
  event('password.changed', { user: named }),
  event('second-factor.begun', { user: named, factor: z.string(), kind: secondFactorKind }),
  /** `replaced`: whether it took the place of one. */
  event('second-factor.added', { user: named, factor: z.string(), kind: secondFactorKind, replaced: z.boolean() }),
  event('second-factor.removed', { user: named, factor: z.string(), kind: secondFactorKind }),
  /** Taken away by somebody else: an admin, or a one-time link of the server's host. */
  event('second-factor.reset', { user: named, factors: z.int() }),
  /** `session`: null while a login is under way. */
  event('second-factor.proven', { user: named, session: z.string().nullable(), by: proof }),
  event('second-factor.refused', { user: named, reason }),
  event('recovery-codes.made', { user: named, count: z.int() }),
  /** Somebody asked for a link by mail; whether there is such an account shows in what follows. */
  event('password.reset-asked', { attempted: z.string().max(300) }),
  event('password.reset-refused', { attempted: z.string().max(300), reason }),
  event('password.reset', { user: named }),
  event('mail.sent', { user: named, mail: mailKind }),
  event('mail.failed', { user: named, mail: mailKind, attempts: z.int(), reason }),
  event('user.added', { user: named }),
  event('user.disabled', { user: named }),
  event('user.enabled', { user: named }),
  event('user.removed', { user: named }),
  event('user.password-reset', { user: named }),
  event('user.revoked', { user: named, sessionsEnded: z.int(), leasesRevoked: z.int() }),
  event('workload.added', { workload: named }),
  event('workload.removed', { workload: named }),
  event('group.added', { group: named }),
  event('group.removed', { group: named }),
  event('group.renamed', { group: named, before: z.string() }),
  event('group.member-added', { group: named, member: named }),
  event('group.member-removed', { group: named, member: named }),
  event('provider.added', { provider: named, kind: z.string(), issuer: z.string() }),
  event('provider.updated', { provider: named, changed: z.array(z.string()) }),
  event('provider.disabled', { provider: named, ...fed }),
  event('provider.enabled', { provider: named }),
  event('provider.login-test-begun', { provider: named, test: z.string() }),
  /** By whoever sat at the browser; `refusal`: a problem code when a login like it would be refused. */
  event('provider.login-tested', { provider: named, test: z.string(), begunBy: named, refusal: z.string().nullable() }),
  event('provider.sync-asked', { provider: named, accounts: z.int() }),
  /** A logout token that did not hold. */
  event('provider.logout-refused', { provider: named.nullable(), reason }),
  event('provider.removed', { provider: named, ...fed }),
  event('account.groups-left-out', { user: named, provider: named, count: z.int(), examples: z.array(z.string().max(100)).max(5) }),
  event('account.ended', { user: named, provider: named, reason, ...fed }),
  /** Taken off the user by an admin, or by themselves. `onlyWayIn`: nothing else lets them in; a one-time password is void. */
  event('account.unlinked', { user: named, provider: named, ...fed, onlyWayIn: z.boolean() }),
  event('account.relinked', { user: named, provider: named }),
  event('account.groups-kept', { user: named, provider: named, reason }),
  event('account.linked', { user: named, provider: named, subject: z.string().max(300) }),
  event('account.provisioned', { user: named, provider: named, externalId: z.string().nullable(), active: z.boolean() }),
  event('account.updated', { user: named, provider: named, changed: z.array(z.string()) }),
  /** `revision`: the change that connectors must enforce; null when none needs to know. */
  event('account.deactivated', { user: named, provider: named, ...accessTaken }),
  event('account.activated', { user: named, provider: named }),
  /** `kept`: the user is still here, by another way in or as the last who could administer. */
  event('account.deprovisioned', { user: named, provider: named, kept: z.boolean(), ...accessTaken }),
  event('scim-token.added', { scimToken: z.string(), provider: named, expiresAt: time }),
  event('scim-token.removed', { scimToken: z.string(), provider: named }),
  event('trust-rule.added', {
    trustRule: z.string(),
    workload: named,
    issuer: z.string(),
    audience: z.string(),
    claims: claimTexts,
    sessionSeconds: z.int(),
    reusable: z.boolean(),
  }),
  event('trust-rule.removed', { trustRule: z.string(), workload: named, issuer: z.string() }),
  event('access-key.added', { accessKey: named, owner: named, expiresAt: time }),
  event('access-key.removed', { accessKey: named, owner: named }),
  event('destination.added', { kind: z.string() }),
  event('destination.updated', { changed: z.array(z.string()) }),
  event('destination.removed', {}),
  event('destination.join-token-created', { expiresAt: time }),
  event('connector.enrolled', { connector: z.string(), clusterUid: z.string().nullable() }),
  event('connector.refused', { connector: z.string().max(300), reason }),
  event('connector.tunnel-opened', { connector: z.string(), tunnel: z.string(), replica: z.string() }),
  event('connector.tunnel-closed', {
    connector: z.string(),
    tunnel: z.string(),
    replica: z.string(),
    seconds: z.int(),
    streams: z.int(),
    reason,
  }),
  event('connector.certificate-issued', { connector: z.string(), serial: z.string(), expiresAt: time }),
  event('grant.added', {
    grant: z.string(),
    subject,
    role: z.string(),
    resource: z.string(),
    until: time.nullable(),
    mfaSeconds: z.int().nullable().optional(),
    reason: z.string().nullable(),
  }),
  event('grant.changed', { grant: z.string(), subject, role: z.string(), resource: z.string(), before: grantTerms, after: grantTerms }),
  event('grant.removed', { grant: z.string(), subject, role: z.string(), resource: z.string(), reason }),
  event('grant.expired', { grant: z.string(), subject, role: z.string(), resource: z.string() }),
  event('lease.issued', { lease: z.string(), kind: z.string(), serial: z.string(), expiresAt: time, limitedBy: z.string() }),
  event('lease.refused', { reason }),
  event('lease.revoked', { lease: z.string(), owner: named, reason }),
  event('change.enforced', { connector: z.string(), revision: z.int(), streamsClosed: z.int() }),
  event('access.refused', { endpoint: z.string(), reason }),
  event('request.completed', requestEventFields),
  event('request.refused', requestEventFields),
  event('stream.opened', requestEventFields),
  event('stream.closed', requestEventFields),
]);
export type AuditEvent = z.output<typeof auditEvent>;
export type AuditEventName = AuditEvent['event'];
export const auditEventNames: readonly AuditEventName[] = auditEvent.options.map(({ shape }) => shape.event.value);
export type AuditDetails<Name extends AuditEventName> = Extract<AuditEvent, { event: Name }>['details'];

const eventNames = z
  .string()
  .max(500)
  .regex(
    /^[a-z][a-z.-]*(?:,[a-z][a-z.-]*){0,19}$/,
    'must be names of events or families, 20 at most, separated by commas: grant,session.ended',
  );

export const audit = {
  list: endpoint({
    name: 'audit.list',
    summary: 'Audit events, newest first',
    method: 'GET',
    path: '/api/v1/audit-events',
    access: 'view',
    query: pageQuery.extend({
      /** Email, workload name or id of who did it. */
      actor: z.string().max(300).optional(),
      destination: destinationId.optional(),
      /** `grant.added`, or a family: `grant`; several separated by commas. */
      event: eventNames.optional(),
      /** Of requests, as the cluster has it: `get`, `list`, `create`, `delete` … */
      verb: z
        .string()
        .max(40)
        .regex(/^[a-z]+$/, 'must be a verb in lower case, such as get or delete')
        .optional(),
      /** Part of the name of who did it, or of a request’s path. A page looks through 20,000 events at most: it may hold fewer than `limit`, even none, and go on. */
      search: searchText.optional(),
      outcome: z.enum(['success', 'refused', 'failed']).optional(),
      since: time.optional(),
      until: time.optional(),
    }),
    result: pageOf(auditEvent),
  }),
  get: endpoint({
    name: 'audit.get',
    summary: 'One audit event',
    method: 'GET',
    path: '/api/v1/audit-events/:id',
    access: 'view',
    params: idParams(auditEventId),
    result: auditEvent,
  }),
};
