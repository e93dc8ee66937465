/**
 * What a connector should let in: the whole of it, or what changed since a revision. Owns how changes become a delta; who holds which grants and
 * leases is asked of their features.
 */
import { toTime, type Clock } from '../../shared/clock.ts';
import type { DesiredIdentity, DesiredLease, DesiredState } from '../../shared/api/connectors.ts';
import type { IdentityId, LeaseId } from '../../shared/api/values.ts';
import type { ChangeFeed, FeedEntry } from '../storage/change-feed.ts';
import type { Transact } from '../storage/transact.ts';
import type { DestinationRecord, DestinationStore } from './destination-store.ts';

/** What the desired state needs of grants: identities with what they hold at a destination at a time. */
export interface DesiredIdentities {
  /** Everyone with a live grant there, or of these alone. */
  at(destination: DestinationRecord, now: number, only?: readonly string[]): Promise<DesiredIdentity[]>;
  /** Everyone of these groups now. */
  membersOf(groupIds: readonly string[]): Promise<string[]>;
}
/** What it needs of leases: those that have not expired, revoked ones included. */
export interface DesiredLeases {
  at(destinationId: string, now: number, only?: readonly string[]): Promise<DesiredLease[]>;
}

interface Stores {
  readonly destinations: DestinationStore;
  readonly desiredIdentities: DesiredIdentities;
  readonly desiredLeases: DesiredLeases;
  readonly feed: ChangeFeed;
}

export interface DesiredStateServiceOptions {
  readonly transact: Transact<Stores>;
  readonly clock: Clock;
}

export type DesiredStateService = ReturnType<typeof createDesiredStateService>;

export function createDesiredStateService({ transact, clock }: DesiredStateServiceOptions) {
  return {
    read: async (
      destinationId: string,
      known: { readonly epoch?: string | undefined; readonly since?: number | undefined },
    ): Promise<DesiredState> =>
      // One transaction: revision, grants and leases of the same moment.
      transact(async (stores) => {
        const now = clock.now();
        const { epoch, revision, floor } = await stores.feed.position();
        const destination = await stores.destinations.find(destinationId);
        if (destination === undefined) throw new Error('a connector without a destination');
        const common = { epoch, revision, serverTime: toTime(now), destination: await describe(stores, destination) };
        const hasBase = known.epoch === epoch && known.since !== undefined && known.since >= floor && known.since <= revision;
        if (!hasBase) {
          return {
            kind: 'full',
            ...common,
            identities: await stores.desiredIdentities.at(destination, now),
            leases: await stores.desiredLeases.at(destinationId, now),
          };
        }
        const entries = await stores.feed.entriesSince(destinationId, known.since);
        return { kind: 'delta', ...common, since: known.since, ...(await changedSince(stores, destination, entries, now)) };
      }),
  };
}

async function changedSince(stores: Stores, destination: DestinationRecord, entries: readonly FeedEntry[], now: number) {
  const ids = (kind: FeedEntry['kind']): string[] => entries.filter((entry) => entry.kind === kind).map(({ subjectId }) => subjectId);
  const identityIds = [...new Set([...ids('identity'), ...(await stores.desiredIdentities.membersOf(ids('group')))])];
  const leaseIds = ids('lease');
  const identities = identityIds.length === 0 ? [] : await stores.desiredIdentities.at(destination, now, identityIds);
  const leases = leaseIds.length === 0 ? [] : await stores.desiredLeases.at(destination.id, now, leaseIds);
  const present = new Set<string>([...identities.map(({ id }) => id), ...leases.map(({ id }) => id)]);
  return {
    identities,
    // The outbox holds ids that were checked when they were written.
    removedIdentities: identityIds.filter((id) => !present.has(id)) as IdentityId[],
    leases,
    removedLeases: leaseIds.filter((id) => !present.has(id)) as LeaseId[],
  };
}

async function describe({ destinations }: Stores, destination: DestinationRecord) {
  const { stalenessLimitSeconds, auditMode, userPrefix } = destination.settings;
  return {
    id: destination.id,
    name: destination.name,
    stalenessLimitSeconds,
    auditMode,
    userPrefix,
    predecessors: await destinations.predecessorsOf(destination),
  };
}
