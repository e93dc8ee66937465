/** What ends when something is taken back, told beforehand. Changes nothing. */
import { toTime, type Clock } from '../../shared/clock.ts';
import { DomainError } from '../../shared/api/problem.ts';
import type { RevocationImpact } from '../../shared/api/revocations.ts';
import type { DestinationId, GrantId } from '../../shared/api/values.ts';
import type { Caller } from '../audit/caller.ts';
import type { DestinationStore } from '../destinations/destination-store.ts';
import type { Presence } from '../destinations/presence.ts';
import { existingGrant } from '../grants/grant-description.ts';
import type { GrantHolders } from '../grants/grant-holder-store.ts';
import type { GrantStore } from '../grants/grant-store.ts';
import type { GroupStore } from '../identity/group-store.ts';
import type { IdentityStore } from '../identity/identity-store.ts';
import { whySessionEnded } from '../login/session-rules.ts';
import type { OwnedSession, SessionStore } from '../login/session-store.ts';
import type { LeaseStore, NamedLease } from './lease-store.ts';

export interface RevocationTarget {
  readonly user?: string | undefined;
  readonly session?: string | undefined;
  readonly lease?: string | undefined;
  readonly grant?: GrantId | undefined;
  readonly destination?: string | undefined;
}
interface Stores {
  readonly identities: Pick<IdentityStore, 'find'>;
  readonly groups: Pick<GroupStore, 'countMembers'>;
  readonly sessions: Pick<SessionStore, 'find' | 'openOf'>;
  readonly leases: Pick<LeaseStore, 'find' | 'liveOf' | 'countLive'>;
  readonly grants: Pick<GrantStore, 'findInForce'>;
  readonly grantHolders: Pick<GrantHolders, 'countHoldersAt'>;
  readonly destinations: Pick<DestinationStore, 'findLive'>;
}
export interface RevocationImpactOptions {
  readonly read: Stores;
  readonly presence: Pick<Presence, 'isReached'>;
  readonly clock: Clock;
}
interface Ends {
  readonly sessions: number;
  readonly leases: number;
  readonly people: number;
  readonly destinations: readonly { readonly id: DestinationId; readonly name: string }[];
}

export type RevocationImpactOf = (target: RevocationTarget, caller: Caller) => Promise<RevocationImpact>;

const shownMaximum = 1000;

export function createRevocationImpact({ read, presence, clock }: RevocationImpactOptions): RevocationImpactOf {
  return async (target, caller) => {
    const ends = await endsWith(read, target, { caller, now: clock.now() });
    const destinations = [...ends.destinations].sort((one, other) => one.name.localeCompare(other.name)).slice(0, shownMaximum);
    return { ...ends, destinations: destinations.map(({ id, name }) => ({ id, name, online: presence.isReached(id) })) };
  };
}

interface Asking {
  readonly caller: Caller;
  readonly now: number;
}

/** The endpoint's schema has made sure that there is one. */
async function endsWith(read: Stores, { user, session, lease, grant, destination }: RevocationTarget, asking: Asking): Promise<Ends> {
  if (user !== undefined) return withUser(read, user, asking);
  if (session !== undefined) return withSession(read, session, asking);
  if (lease !== undefined) return withLease(read, lease, asking);
  if (grant !== undefined) return withGrant(read, grant, asking);
  return withDestination(read, destination ?? '', asking);
}

async function withUser(read: Stores, id: string, { caller, now }: Asking): Promise<Ends> {
  if (!maySee(caller, id)) throw curious(caller, 'other people');
  const identity = await read.identities.find(id);
  if (identity?.kind !== 'user') throw new DomainError('identity.not-found', 'There is no such user. See: infra users list');
  return endOf(read, await read.sessions.openOf({ identityId: id }), now);
}

async function withSession(read: Stores, id: string, { caller, now }: Asking): Promise<Ends> {
  const session = await read.sessions.find(id);
  if (session === undefined || !maySee(caller, session.identityId))
    throw new DomainError('session.not-found', 'There is no such session of yours. See: infra sessions list');
  return endOf(read, [session], now);
}

async function withLease(read: Stores, id: string, { caller, now }: Asking): Promise<Ends> {
  const lease = await read.leases.find(id);
  if (lease === undefined || !maySee(caller, lease.identityId))
    throw new DomainError('lease.not-found', 'There is no such lease of yours. See: infra leases list');
  // As a revocation has it: streams may outlive the certificate until the session ends.
  const isOver = lease.state === 'revoked' || lease.sessionExpiresAt <= toTime(now);
  return { sessions: 0, leases: isOver ? 0 : 1, people: isOver ? 0 : 1, destinations: isOver ? [] : placesOf([lease]) };
}

async function withGrant(read: Stores, id: GrantId, { caller, now }: Asking): Promise<Ends> {
  if (!caller.serverRoles.has('view')) throw curious(caller, 'grants');
  const { subject, destinationId } = await existingGrant(read.grants, id, now);
  const destination = destinationId === null ? undefined : await read.destinations.findLive(destinationId);
  const at = toTime(now);
  return {
    sessions: 0,
    leases: destinationId === null ? 0 : await read.leases.countLive({ destinationId, subject }, at),
    people: subject.kind === 'group' ? await read.groups.countMembers(subject.id) : 1,
    destinations: destination === undefined ? [] : [destination],
  };
}

async function withDestination(read: Stores, id: string, { caller, now }: Asking): Promise<Ends> {
  if (!caller.serverRoles.has('view')) throw curious(caller, 'destinations');
  const destination = await read.destinations.findLive(id);
  if (destination === undefined)
    throw new DomainError('destination.not-found', 'There is no such destination. See: infra destinations list');
  const at = toTime(now);
  return {
    sessions: 0,
    leases: await read.leases.countLive({ destinationId: destination.id }, at),
    people: await read.grantHolders.countHoldersAt(destination.id, at),
    destinations: [destination],
  };
}

/** Sessions of one person, with the leases that were issued in them. */
async function endOf(read: Stores, sessions: readonly OwnedSession[], now: number): Promise<Ends> {
  const live = sessions.filter((session) => whySessionEnded(session, now) === undefined);
  const leases = live.length === 0 ? [] : await read.leases.liveOf({ sessionIds: live.map(({ id }) => id) }, toTime(now));
  return { sessions: live.length, leases: leases.length, people: live.length === 0 ? 0 : 1, destinations: placesOf(leases) };
}

const placesOf = (leases: readonly NamedLease[]): Ends['destinations'] => [
  ...new Map(leases.map(({ destinationId: id, destinationName: name }) => [id, { id, name }])).values(),
];

const maySee = ({ identity, serverRoles }: Caller, ownerId: string): boolean => identity.id === ownerId || serverRoles.has('view');

const curious = ({ identity }: Caller, whose: string): DomainError =>
  new DomainError(
    'access.denied',
    `To see what ends with ${whose} you need the role view on infra. Ask an admin for: infra grants add ${identity.name} --role view infra`,
  );
