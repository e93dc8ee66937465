/** Ending grants: with their audit events, and so that connectors hear of it. Bound to a transaction. */
import { toTime } from '../../shared/clock.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import type { Act } from '../audit/caller.ts';
import type { DestinationStore } from '../destinations/destination-store.ts';
import type { GroupStore } from '../identity/group-store.ts';
import type { IdentityStore } from '../identity/identity-store.ts';
import type { AccessChanges } from './access-changes.ts';
import { placesOf, resourceOf, subjectsOf } from './grant-description.ts';
import type { GrantRecord, GrantStore } from './grant-store.ts';

interface Stores {
  readonly grants: Pick<GrantStore, 'end'>;
  readonly identities: Pick<IdentityStore, 'findMany'>;
  readonly groups: Pick<GroupStore, 'findMany'>;
  readonly destinations: Pick<DestinationStore, 'findMany'>;
  readonly accessChanges: Pick<AccessChanges, 'grantsChanged'>;
  readonly audit: AuditLog;
}

export async function endGrants(stores: Stores, records: readonly GrantRecord[], reason: string, act: Act): Promise<void> {
  await stores.grants.end(
    records.map(({ id }) => id),
    toTime(act.now),
    reason,
  );
  await stores.accessChanges.grantsChanged(records, act);
  const subjectOf = await subjectsOf(stores, records);
  const placeOf = await placesOf(stores, records);
  for (const record of records) {
    const destination = placeOf(record);
    await stores.audit.record({
      event: 'grant.removed',
      act,
      ...(destination === null ? {} : { destination: { id: destination.id, name: destination.name } }),
      details: { grant: record.id, subject: subjectOf(record), role: record.role, resource: resourceOf(record, destination), reason },
    });
  }
}
