/** What a provider's groups would be called here, without making any. Bound to a transaction, or to what can be read. */
import type { DirectoryGroupStore } from './directory-group-store.ts';
import type { GroupStore } from './group-store.ts';
import { nameFor, type ProviderGroup } from './provider-group-rules.ts';
import type { Provider } from './provider-store.ts';

interface Stores {
  readonly groups: Pick<GroupStore, 'findOfProvider' | 'findMany'>;
  readonly directoryGroups: Pick<DirectoryGroupStore, 'find'>;
}
export interface PreviewedGroup {
  readonly there: string;
  readonly here: string;
  readonly exists: boolean;
}

export async function previewGroups(stores: Stores, provider: Provider, told: readonly ProviderGroup[]): Promise<PreviewedGroup[]> {
  const ids = told.flatMap((group) => ('directoryId' in group ? [group.directoryId] : []));
  const known = await stores.directoryGroups.find(provider.id, ids);
  const ours = new Map((await stores.groups.findMany(known.map(({ groupId }) => groupId))).map(({ id, name }) => [id, name]));
  const hereById = new Map(known.map(({ directoryId, groupId }) => [directoryId, ours.get(groupId)]));
  const wanted = told.map((group) => ({
    there: 'name' in group ? group.name : (group.label ?? group.directoryId),
    name: 'name' in group ? group.name : nameFor(group.directoryId, group.label ?? group.directoryId),
    // One that the directory knows by its id keeps the name that it has until the next login.
    present: 'name' in group ? undefined : hereById.get(group.directoryId),
  }));
  const named = await stores.groups.findOfProvider(
    provider.name,
    wanted.map(({ name }) => name),
  );
  const existing = new Set(named.map(({ name }) => name));
  return wanted.map(({ there, name, present }) => {
    const here = present ?? `${provider.name}/${name}`;
    return { there, here, exists: present !== undefined || existing.has(here) };
  });
}
