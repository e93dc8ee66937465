/**
 * Leases of kubernetes destinations. Issuing decides by the caller's grants as they are now, signs, and stores lease, change and audit event in one
 * transaction that looks again: what was signed and not committed was never handed out.
 */
import { fromTime, toTime, type Clock } from '../../shared/clock.ts';
import { newId } from '../../shared/id.ts';
import type { Lease } from '../../shared/api/leases.ts';
import type { Page, PageRequest } from '../../shared/api/pagination.ts';
import { DomainError } from '../../shared/api/problem.ts';
import type { Change, DestinationId, LeaseId } from '../../shared/api/values.ts';
import { formatSubjectName } from '../../shared/resource-name.ts';
import { proofNeeded } from '../../shared/second-factor.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import { authorOf, type Act, type Caller } from '../audit/caller.ts';
import type { IssuedChain } from '../authority/certificate-authority.ts';
import type { Absence } from '../destinations/absence.ts';
import type { DestinationRecord, DestinationStore } from '../destinations/destination-store.ts';
import { missingGrant } from '../grants/grant-rules.ts';
import type { GrantStore } from '../grants/grant-store.ts';
import { listScope, mayEnd } from '../login/session-policy.ts';
import type { SessionStore } from '../login/session-store.ts';
import { whySessionEnded } from '../login/session-rules.ts';
import type { ChangeFeed } from '../storage/change-feed.ts';
import type { Transact } from '../storage/transact.ts';
import { justify, type Justification } from './justification-rules.ts';
import type { LeaseRevocation } from './lease-revocation.ts';
import type { LeaseStore, NamedLease } from './lease-store.ts';
import { leaseEnd, type LeaseLimit } from './lease-ttl-rules.ts';

interface Stores {
  readonly leases: LeaseStore;
  readonly leaseRevocation: LeaseRevocation;
  readonly grants: GrantStore;
  readonly sessions: SessionStore;
  readonly destinations: DestinationStore;
  readonly audit: AuditLog;
  readonly feed: ChangeFeed;
}
export interface LeaseServiceOptions {
  readonly read: Pick<Stores, 'leases' | 'grants' | 'destinations'>;
  readonly transact: Transact<Stores>;
  /** For what comes in crowds: several of them may become one transaction. */
  readonly shareCommit: Transact<Stores>;
  readonly issue: (request: {
    readonly csr: string;
    readonly destinationId: string;
    readonly identityId: string;
    readonly leaseId: string;
    readonly expiresAt: number;
  }) => Promise<IssuedChain>;
  readonly absence: Absence;
  readonly rootCertificate: string;
  readonly defaultTtlSeconds: number;
  readonly clock: Clock;
}
export interface LeaseListFilter extends PageRequest {
  readonly identity?: string | undefined;
  readonly all?: string | undefined;
  readonly destination?: string | undefined;
  readonly live?: string | undefined;
}

export type LeaseService = ReturnType<typeof createLeaseService>;

export function createLeaseService(options: LeaseServiceOptions) {
  const { read, transact, shareCommit, clock } = options;
  return {
    create: async (input: { readonly destination: DestinationId; readonly csr: string }, caller: Caller) => {
      const now = clock.now();
      const destination = await read.destinations.findLive(input.destination);
      if (destination === undefined)
        throw new DomainError(
          'destination.not-found',
          'There is no such destination any more. Refresh your kubeconfig: infra kubeconfig write',
        );
      if (caller.session.client === 'browser') return refuse(options, destination, caller, notForBrowsers());
      const { mfaAt } = caller.session;
      const end = await justifiedEnd(options, read.grants, { destination, caller, now, mfaAt });
      if ('refusal' in end) return refuse(options, destination, caller, end.refusal);
      // An id made with the prefix of leases is one.
      const id = newId('lease', now) as LeaseId;
      const issued = await options.issue({
        csr: input.csr,
        destinationId: destination.id,
        identityId: caller.identity.id,
        leaseId: id,
        expiresAt: end.expiresAt,
      });
      const lease = newLease({ id, destination, caller, now, issued });
      await shareCommit(async (stores) => {
        const act: Act = { by: authorOf(caller), now };
        await assertStillHolds(options, stores, { destination, caller, now, expiresAt: end.expiresAt });
        await stores.leases.insert(lease);
        await stores.feed.append([{ destinationId: destination.id, kind: 'lease', subjectId: id }], act);
        const details = { lease: id, kind: lease.kind, serial: issued.serial, expiresAt: lease.expiresAt, limitedBy: end.limitedBy };
        await stores.audit.record({ event: 'lease.issued', act, destination, details });
      });
      return {
        lease: describe(lease, now),
        certificateChain: issued.chain,
        caCertificates: options.rootCertificate,
        limitedBy: end.limitedBy,
        offline: await options.absence(destination.id),
      };
    },

    list: async (filter: LeaseListFilter, caller: Caller): Promise<Page<Lease>> => {
      const now = clock.now();
      const identityId = listScope(caller, filter, 'leases');
      const page = await read.leases.list({
        limit: filter.limit,
        cursor: filter.cursor,
        identityId,
        destinationId: filter.destination,
        liveAt: filter.live === 'true' ? toTime(now) : undefined,
      });
      return { items: page.items.map((lease) => describe(lease, now)), nextCursor: page.nextCursor };
    },

    get: async (id: LeaseId, caller: Caller): Promise<Lease> => {
      const lease = await read.leases.find(id);
      const maySee = lease !== undefined && (lease.identityId === caller.identity.id || caller.serverRoles.has('view'));
      if (!maySee) throw noLease();
      return describe(lease, clock.now());
    },

    revoke: async (id: LeaseId, caller: Caller): Promise<{ change: Change }> =>
      transact(async (stores) => {
        const lease = await stores.leases.find(id);
        if (lease === undefined || !mayEnd(caller, lease.identityId)) throw noLease();
        if (lease.state !== 'revoked') await stores.leaseRevocation.revoke([lease], 'revoked', { by: authorOf(caller), now: clock.now() });
        return { change: stores.feed.change() };
      }),
  };
}

/** Keys are made where they stay, and a browser is no such place: what gets hold of a page shall not get a credential that outlives it. */
const notForBrowsers = (): DomainError =>
  new DomainError('access.denied', 'The session of a browser gets no credentials for destinations. On your machine, run: infra login');

const noLease = (): DomainError => new DomainError('lease.not-found', 'There is no such lease of yours. See: infra leases list');

interface Asked {
  readonly destination: DestinationRecord;
  readonly caller: Caller;
  readonly now: number;
}

/** The end of a lease that the caller's grants justify, or why they justify none. */
async function justifiedEnd(
  { defaultTtlSeconds }: LeaseServiceOptions,
  grants: GrantStore,
  { destination, caller, now, mfaAt }: Asked & { readonly mfaAt: string | null },
): Promise<{ readonly expiresAt: number; readonly limitedBy: LeaseLimit } | { readonly refusal: DomainError }> {
  const { identity, session } = caller;
  const held = await grants.ofIdentity(identity.id, toTime(now), destination.id);
  const justification = justify(held, { kind: identity.kind, mfaAt }, toTime(now));
  if (justification.kind !== 'held') return { refusal: refusalOf(justification, identity, destination) };
  return leaseEnd({
    now,
    ttlSeconds: destination.settings.leaseTtlSeconds ?? defaultTtlSeconds,
    sessionExpiresAt: session.expiresAt,
    longestGrantUntil: justification.until,
    grantLimitedBy: justification.limitedBy,
  });
}

function refusalOf(
  justification: Exclude<Justification, { readonly kind: 'held' }>,
  identity: Caller['identity'],
  { name }: DestinationRecord,
): DomainError {
  if (justification.kind === 'none') return new DomainError('grant.missing', missingGrant(formatSubjectName(identity), name));
  return new DomainError('mfa.required', `What ${identity.name} is granted on ${name} needs ${proofNeeded(justification.mfaSeconds)}`);
}

async function refuse(
  { transact, clock }: LeaseServiceOptions,
  destination: DestinationRecord,
  caller: Caller,
  refusal: DomainError,
): Promise<never> {
  await transact(async ({ audit }) =>
    audit.record({
      event: 'lease.refused',
      act: { by: authorOf(caller), now: clock.now() },
      outcome: 'refused',
      destination,
      details: { reason: refusal.message },
    }),
  );
  throw refusal;
}

/** Between the first look and the commit a grant may have gone, or the session. */
async function assertStillHolds(
  options: LeaseServiceOptions,
  stores: Stores,
  asked: Asked & { readonly expiresAt: number },
): Promise<void> {
  const { destination, caller, now } = asked;
  const session = await stores.sessions.find(caller.session.id);
  if (session === undefined || whySessionEnded(session, now) !== undefined || session.owner.status !== 'active')
    throw new DomainError('session.expired', 'Your session has ended. Log in again: infra login');
  const end = await justifiedEnd(options, stores.grants, { ...asked, mfaAt: session.mfaAt });
  if ('refusal' in end) throw end.refusal;
  if (end.expiresAt < asked.expiresAt)
    throw new DomainError('grant.missing', missingGrant(formatSubjectName(caller.identity), destination.name));
}

function newLease({ id, destination, caller, now, issued }: Asked & { readonly id: LeaseId; readonly issued: IssuedChain }): NamedLease {
  return {
    id,
    kind: 'kubernetes',
    state: 'active',
    identityId: caller.identity.id,
    identityName: caller.identity.name,
    sessionId: caller.session.id,
    destinationId: destination.id,
    destinationName: destination.name,
    serial: issued.serial,
    issuedAt: toTime(now),
    expiresAt: toTime(issued.expiresAt),
    sessionExpiresAt: toTime(caller.session.expiresAt),
    revokedAt: null,
    revokedBecause: null,
  };
}

const describe = (lease: NamedLease, now: number): Lease => ({
  id: lease.id,
  kind: lease.kind,
  state: lease.state === 'active' && fromTime(lease.expiresAt) <= now ? 'expired' : lease.state,
  identity: { id: lease.identityId, name: lease.identityName },
  sessionId: lease.sessionId,
  destination: { id: lease.destinationId, name: lease.destinationName },
  issuedAt: lease.issuedAt,
  expiresAt: lease.expiresAt,
  revokedAt: lease.revokedAt,
  revokedBecause: lease.revokedBecause,
});
