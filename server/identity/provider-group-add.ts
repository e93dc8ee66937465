import { toTime } from '../../shared/clock.ts';
import { newId } from '../../shared/id.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import type { Act } from '../audit/caller.ts';
import type { Group, GroupStore } from './group-store.ts';
import { named } from './user-service.ts';

export interface NamedProvider {
  readonly id: string;
  readonly name: string;
}

/** A group of a provider's, with nobody in it. Bound to a transaction. */
export async function addProviderGroup(
  stores: { readonly groups: GroupStore; readonly audit: AuditLog },
  { provider, name }: { readonly provider: string; readonly name: string },
  act: Act,
): Promise<Group> {
  const id = newId('group', act.now);
  await stores.groups.insert({ id, provider, name, createdAt: toTime(act.now) });
  const group = await stores.groups.find(id);
  if (group === undefined) throw new Error('a group that was just added is not there');
  await stores.audit.record({ event: 'group.added', act, details: { group: named(group) } });
  return group;
}
