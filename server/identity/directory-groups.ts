/**
 * Groups that a directory knows by an id: the id is what is granted to, the name only how it is called, so a group renamed there keeps its
 * grants and a new one of an old name gets none. Bound to a transaction.
 */
import { toTime } from '../../shared/clock.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import type { Act } from '../audit/caller.ts';
import type { AccessEffects } from './access-effects.ts';
import type { DirectoryGroupStore } from './directory-group-store.ts';
import type { Group, GroupStore } from './group-store.ts';
import { nameFor } from './provider-group-rules.ts';
import { addProviderGroup, type NamedProvider } from './provider-group-add.ts';
import type { ProvisionedGroupStore } from './provisioned-group-store.ts';
import { named } from './user-service.ts';

interface Stores {
  readonly groups: GroupStore;
  readonly directoryGroups: DirectoryGroupStore;
  readonly provisionedGroups: Pick<ProvisionedGroupStore, 'among'>;
  readonly effects: Pick<AccessEffects, 'membershipChanged'>;
  readonly audit: AuditLog;
}
interface ToldGroup {
  readonly directoryId: string;
  readonly label: string | null;
}

/** Ours for each, made where there is none yet. What the directory pushes is called as it says there, not as a login does (ADR 26). */
export async function groupsOfDirectory(stores: Stores, provider: NamedProvider, told: readonly ToldGroup[], act: Act): Promise<Group[]> {
  const ids = told.map(({ directoryId }) => directoryId);
  const known = new Map((await stores.directoryGroups.find(provider.id, ids)).map(({ directoryId, groupId }) => [directoryId, groupId]));
  const groups = new Map((await stores.groups.findMany([...known.values()])).map((group) => [group.id, group]));
  const pushed = await stores.provisionedGroups.among([...groups.keys()]);
  const ours: Group[] = [];
  const labelled: string[] = [];
  for (const { directoryId, label } of told) {
    const id = known.get(directoryId);
    const group = (id === undefined ? undefined : groups.get(id)) ?? (await add(stores, provider, directoryId, act));
    ours.push(label === null || pushed.has(group.id) ? group : await call(stores, provider, { group, directoryId, label }, act));
    if (label !== null) labelled.push(group.id);
  }
  await stores.directoryGroups.setNamed(labelled, toTime(act.now));
  return ours;
}

/** An admin may have named it beforehand, by its id; no other group has that for a name. */
async function add(stores: Stores, provider: NamedProvider, directoryId: string, act: Act): Promise<Group> {
  const [reserved] = await stores.groups.findOfProvider(provider.name, [directoryId]);
  const group = reserved ?? (await addProviderGroup(stores, { provider: provider.name, name: directoryId }, act));
  await stores.directoryGroups.insert({ groupId: group.id, providerId: provider.id, directoryId, namedAt: null });
  return group;
}

/** The name goes to the group that had it first; another of the same name is called by its id. */
async function call(
  stores: Stores,
  provider: NamedProvider,
  { group, directoryId, label }: { readonly group: Group; readonly directoryId: string; readonly label: string },
  act: Act,
): Promise<Group> {
  const wanted = nameFor(directoryId, label);
  if (group.name === `${provider.name}/${wanted}`) return group;
  const isTaken = (await stores.groups.findOfProvider(provider.name, [wanted])).length > 0;
  const name = isTaken ? directoryId : wanted;
  const renamed: Group = { ...group, name: `${provider.name}/${name}` };
  if (renamed.name === group.name) return group;
  await stores.groups.rename(group.id, name);
  // Destinations know groups by their names.
  for (const memberId of await stores.groups.memberIds(group.id)) await stores.effects.membershipChanged(group.id, memberId, act);
  await stores.audit.record({ event: 'group.renamed', act, details: { group: named(renamed), before: group.name } });
  return renamed;
}
