/** Changing grants that stand, and removing several at once. Connectors are told in the same transaction. */
import { toTime, type Clock } from '../../shared/clock.ts';
import type { Grant } from '../../shared/api/grants.ts';
import { DomainError } from '../../shared/api/problem.ts';
import type { Change, GrantId } from '../../shared/api/values.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import { authorOf, type Act, type Caller } from '../audit/caller.ts';
import type { DestinationRecord, DestinationStore } from '../destinations/destination-store.ts';
import type { GroupStore } from '../identity/group-store.ts';
import type { IdentityStore } from '../identity/identity-store.ts';
import type { ChangeFeed } from '../storage/change-feed.ts';
import type { Transact } from '../storage/transact.ts';
import type { AccessChanges } from './access-changes.ts';
import { duplicate, findStanding, invalid, termsFault } from './grant-admission.ts';
import { describeGrant, existingGrant, resourceOf, subjectOf } from './grant-description.ts';
import { endGrants } from './grant-end.ts';
import { checkGrant } from './grant-rules.ts';
import type { GrantRecord, GrantStore } from './grant-store.ts';

interface Stores {
  readonly grants: GrantStore;
  readonly identities: IdentityStore;
  readonly groups: GroupStore;
  readonly destinations: DestinationStore;
  readonly accessChanges: AccessChanges;
  readonly audit: AuditLog;
  readonly feed: ChangeFeed;
}
export interface GrantChangeServiceOptions {
  readonly transact: Transact<Stores>;
  readonly clock: Clock;
}
/** Left out: as it is; null: none. */
export interface GrantChanges {
  readonly until?: string | null | undefined;
  readonly mfaSeconds?: number | null | undefined;
  readonly reason?: string | null | undefined;
}
type Terms = Pick<GrantRecord, 'until' | 'mfaSeconds' | 'reason'>;

export type GrantChangeService = ReturnType<typeof createGrantChangeService>;

export function createGrantChangeService({ transact, clock }: GrantChangeServiceOptions) {
  return {
    update: async (id: GrantId, changes: GrantChanges, caller: Caller): Promise<{ grant: Grant; change: Change }> =>
      transact(async (stores) => {
        const act: Act = { by: authorOf(caller), now: clock.now() };
        const before = await existingGrant(stores.grants, id, act.now);
        const after: GrantRecord = { ...before, ...changedTerms(before, changes) };
        if (sameTerms(before, after) && before.reason === after.reason) return { grant: await describeGrant(stores, before), change: null };
        const destination = before.destinationId === null ? null : await placeOf(stores.destinations, before.destinationId);
        if (!sameTerms(before, after)) await assertMayBe(stores, { before, after, destination }, toTime(act.now));
        await stores.grants.setTerms(id, after);
        // For what it is granted nobody else asks.
        if (!sameTerms(before, after)) await stores.accessChanges.grantsChanged([after], act);
        if (after.until !== null && before.until === null && isAdminRight(after)) await stores.accessChanges.assertAdminRemains();
        await stores.audit.record({
          event: 'grant.changed',
          act,
          ...(destination === null ? {} : { destination: { id: destination.id, name: destination.name } }),
          details: {
            ...{ grant: id, subject: await subjectOf(stores, after.subject), role: after.role, resource: resourceOf(after, destination) },
            ...{ before: shownTerms(before), after: shownTerms(after) },
          },
        });
        return { grant: await describeGrant(stores, after), change: stores.feed.change() };
      }),

    removeMany: async (ids: readonly GrantId[], caller: Caller): Promise<{ removed: number; change: Change }> =>
      transact(async (stores) => {
        const act: Act = { by: authorOf(caller), now: clock.now() };
        const records = await stores.grants.findManyInForce(ids, toTime(act.now));
        const found = new Set(records.map(({ id }) => id));
        const missing = ids.filter((id) => !found.has(id));
        if (missing.length > 0)
          throw new DomainError(
            'grant.not-found',
            `There is no such grant in force: ${missing.slice(0, 5).join(', ')}${missing.length > 5 ? ` and ${missing.length - 5} more` : ''}. None was removed. See: infra grants list`,
          );
        await endGrants(stores, records, 'removed', act);
        await stores.accessChanges.assertAdminRemains();
        return { removed: records.length, change: stores.feed.change() };
      }),
  };
}

const changedTerms = (before: Terms, { until, mfaSeconds, reason }: GrantChanges): Terms => ({
  until: until === undefined ? before.until : until,
  mfaSeconds: mfaSeconds === undefined ? before.mfaSeconds : mfaSeconds,
  reason: reason === undefined ? before.reason : reason,
});
const shownTerms = ({ until, mfaSeconds, reason }: Terms): Terms => ({ until, mfaSeconds, reason });
const sameTerms = (one: Terms, other: Terms): boolean => one.until === other.until && one.mfaSeconds === other.mfaSeconds;
const isAdminRight = ({ destinationId, role }: GrantRecord): boolean => destinationId === null && role === 'admin';

interface Changed {
  readonly before: GrantRecord;
  readonly after: GrantRecord;
  readonly destination: DestinationRecord | null;
}

/** What would not be made so is not changed to be so. */
async function assertMayBe(stores: Stores, { before, after, destination }: Changed, now: string): Promise<void> {
  const wish = { role: after.role, until: after.until ?? undefined, mfaSeconds: after.mfaSeconds ?? undefined };
  const checked = checkGrant({ ...wish, resource: resourceOf(after, destination) }, now);
  const fault = 'field' in checked ? checked : termsFault(wish, after.subject.kind, destination);
  if (fault !== undefined) throw invalid(fault);
  const standing = await findStanding(stores.grants, { ...after, destination }, now, before.id);
  if (standing !== undefined)
    throw duplicate(standing, `Changed so, this one would add nothing to it; remove it instead: infra grants remove ${before.id}`);
}

/** Grants on what was removed have ended with it. */
async function placeOf(destinations: DestinationStore, id: string): Promise<DestinationRecord> {
  const destination = await destinations.findLive(id);
  if (destination === undefined) throw new Error('a grant in force is on a destination that is not there');
  return destination;
}
