/**
 * Groups of a provider that its directory speaks for: who is in them, what they are called, and their end. No login changes them any more
 * (ADR 26). Bound to a transaction.
 */
import { toTime } from '../../shared/clock.ts';
import { DomainError } from '../../shared/api/problem.ts';
import { isProviderGroupName } from '../../shared/resource-name.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import type { Act } from '../audit/caller.ts';
import type { AccessEffects } from './access-effects.ts';
import type { AccountStore } from './account-store.ts';
import type { GroupStore } from './group-store.ts';
import type { IdentityStore } from './identity-store.ts';
import { addProviderGroup } from './provider-group-add.ts';
import { join, leave } from './provider-groups.ts';
import type { Provider } from './provider-store.ts';
import type { ProvisionedGroup, ProvisionedGroupStore } from './provisioned-group-store.ts';
import type { ProvisionedUserStore } from './provisioned-user-store.ts';
import { named } from './user-service.ts';

export interface GroupProvisioningStores {
  readonly identities: Pick<IdentityStore, 'findMany'>;
  readonly groups: GroupStore;
  readonly accounts: Pick<AccountStore, 'unlinkedAt'>;
  readonly provisionedUsers: Pick<ProvisionedUserStore, 'findMany'>;
  readonly provisionedGroups: ProvisionedGroupStore;
  readonly effects: AccessEffects;
  readonly audit: AuditLog;
}
type Stores = GroupProvisioningStores;

/** What becomes of the members, step by step. */
export type MemberChange = { readonly kind: 'add' | 'remove' | 'replace'; readonly ids: readonly string[] };
export interface GroupChange {
  readonly name: string;
  readonly externalId: string | null;
  readonly members: readonly MemberChange[];
}

/** A group that logins or an admin made known before becomes the directory's, with exactly the members it names. */
export async function provisionGroup(stores: Stores, provider: Provider, given: GroupChange, act: Act): Promise<ProvisionedGroup> {
  const name = usableName(given.name);
  const [known] = await stores.groups.findOfProvider(provider.name, [name]);
  const group = known ?? (await addProviderGroup(stores, { provider: provider.name, name }, act));
  const at = toTime(act.now);
  const provisioned = { groupId: group.id, providerId: provider.id, name, externalId: given.externalId };
  const inserted: ProvisionedGroup = { ...provisioned, version: 1, createdAt: at, updatedAt: at };
  await stores.provisionedGroups.insert(inserted);
  await changeMembers(stores, provider, { group: inserted, steps: [{ kind: 'replace', ids: [] }, ...given.members] }, act);
  return inserted;
}

export async function updateGroup(
  stores: Stores,
  provider: Provider,
  { before, change }: { readonly before: ProvisionedGroup; readonly change: GroupChange },
  act: Act,
): Promise<ProvisionedGroup> {
  const name = before.name === change.name ? before.name : await rename(stores, provider, { before, name: change.name }, act);
  const hasNewMembers = await changeMembers(stores, provider, { group: { ...before, name }, steps: change.members }, act);
  if (!hasNewMembers && name === before.name && change.externalId === before.externalId) return before;
  const after = { ...before, name, externalId: change.externalId, version: before.version + 1, updatedAt: toTime(act.now) };
  await stores.provisionedGroups.update(after);
  return after;
}

/** Grants stay with the group: they are held by its id. Destinations are told, for its name stands in what they know. */
async function rename(
  stores: Stores,
  provider: Provider,
  { before, name }: { readonly before: ProvisionedGroup; readonly name: string },
  act: Act,
): Promise<string> {
  await stores.groups.rename(before.groupId, usableName(name));
  await stores.effects.groupChanged(before.groupId, act);
  const group = { id: before.groupId, name: `${provider.name}/${name}` };
  await stores.audit.record({ event: 'group.renamed', act, details: { group, before: `${provider.name}/${before.name}` } });
  return name;
}

/** With its grants: whoever makes a group of that name later begins with nothing. */
export async function deprovisionGroup(stores: Stores, provider: Provider, before: ProvisionedGroup, act: Act): Promise<void> {
  await stores.effects.endGrantsOf({ kind: 'group', id: before.groupId }, act);
  await stores.groups.remove(before.groupId);
  const group = { id: before.groupId, name: `${provider.name}/${before.name}` };
  await stores.audit.record({ event: 'group.removed', act, details: { group } });
}

/** Taken as it is or not at all (ADR 24). */
function usableName(name: string): string {
  if (isProviderGroupName(name)) return name;
  throw new DomainError(
    'provisioning.invalid',
    'displayName cannot be the name of a group here: give 1 to 200 printable ASCII letters without : , " < > and without a space at either end.',
  );
}

async function changeMembers(
  stores: Stores,
  provider: Provider,
  { group, steps }: { readonly group: ProvisionedGroup; readonly steps: readonly MemberChange[] },
  act: Act,
): Promise<boolean> {
  if (steps.every(({ kind, ids }) => kind !== 'replace' && ids.length === 0)) return false;
  // Of a large group only those who are named are read, unless all are replaced.
  const isWhole = steps.some(({ kind }) => kind === 'replace');
  const members = await stores.groups.allMembers(group.groupId, isWhole ? undefined : steps.flatMap(({ ids }) => ids));
  const before = new Map(members.map((member) => [member.id as string, member]));
  const wanted = new Set(before.keys());
  for (const { kind, ids } of steps) {
    if (kind === 'replace') wanted.clear();
    for (const id of ids)
      if (kind === 'remove') wanted.delete(id);
      else wanted.add(id);
  }
  const row = { id: group.groupId, name: `${provider.name}/${group.name}` };
  const leaving = [...before.values()].filter(({ id }) => !wanted.has(id));
  const joining = await usersOf(
    stores,
    provider,
    [...wanted].filter((id) => !before.has(id)),
  );
  for (const member of leaving) await leave(stores, row, member, act);
  // Whoever is not the provider's person here any more gets nothing by its groups, until an admin links them again (ADR 21).
  const unlinked = joining.length === 0 ? new Set<string>() : await stores.accounts.unlinkedAt(provider.id);
  const taken = joining.filter(({ id }) => !unlinked.has(id));
  for (const member of taken) await join(stores, row, member, act);
  return leaving.length + taken.length > 0;
}

/** Nobody but the directory's own people: others' ids are as unknown as those that nobody has. */
async function usersOf(stores: Stores, provider: Provider, ids: readonly string[]) {
  const known = new Set((await stores.provisionedUsers.findMany(provider.id, ids)).map(({ identityId }) => identityId as string));
  const unknown = ids.find((id) => !known.has(id));
  if (unknown !== undefined)
    throw new DomainError(
      'provisioning.invalid',
      `members: "${unknown.slice(0, 100)}" is no user of this provider. Provision the user first.`,
    );
  return (await stores.identities.findMany(ids)).map(named);
}
