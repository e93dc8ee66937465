/** A provider's groups and who is in them: only the provider's word changes that. Bound to a transaction. */
import type { AuditLog } from '../audit/audit-log.ts';
import type { Act } from '../audit/caller.ts';
import type { AccessEffects } from './access-effects.ts';
import type { DirectoryGroupStore } from './directory-group-store.ts';
import { groupsOfDirectory } from './directory-groups.ts';
import type { Group, GroupStore } from './group-store.ts';
import type { ProvisionedGroupStore } from './provisioned-group-store.ts';
import { addProviderGroup, type NamedProvider } from './provider-group-add.ts';
import type { ProviderGroup } from './provider-group-rules.ts';
import { named } from './user-service.ts';

interface Stores {
  readonly groups: GroupStore;
  readonly provisionedGroups: Pick<ProvisionedGroupStore, 'among'>;
  readonly directoryGroups: DirectoryGroupStore;
  readonly effects: Pick<AccessEffects, 'membershipChanged'>;
  readonly audit: AuditLog;
}
interface Named {
  readonly id: string;
  readonly name: string;
}
type Member = Named;

/** Makes an identity a member of exactly these groups of the provider's, those apart that its directory speaks for (ADR 26). */
export async function syncProviderGroups(
  stores: Stores,
  { provider, member, told }: { readonly provider: NamedProvider; readonly member: Member; readonly told: readonly ProviderGroup[] },
  act: Act,
): Promise<void> {
  const wanted = [
    ...(await groupsNamed(
      stores,
      provider.name,
      told.flatMap((group) => ('name' in group ? [group.name] : [])),
      act,
    )),
    ...(await groupsOfDirectory(
      stores,
      provider,
      told.filter((group) => 'directoryId' in group),
      act,
    )),
  ];
  const wantedIds = new Set<string>(wanted.map(({ id }) => id));
  const held = (await stores.groups.groupsOf(member.id)).filter((group) => group.provider === provider.name);
  const ofDirectory = await stores.provisionedGroups.among([...wanted, ...held].map(({ id }) => id));
  for (const group of held) if (!wantedIds.has(group.id) && !ofDirectory.has(group.id)) await leave(stores, group, member, act);
  for (const group of wanted) if (!ofDirectory.has(group.id)) await join(stores, group, member, act);
}

type Changing = Pick<Stores, 'groups' | 'effects' | 'audit'>;

/** Puts a member into a group of a provider's; nothing when it is in there. */
export async function join(stores: Changing, group: Named, member: Member, act: Act): Promise<void> {
  if (!(await stores.groups.addMember(group.id, member.id))) return;
  await stores.effects.membershipChanged(group.id, member.id, act);
  await stores.audit.record({ event: 'group.member-added', act, details: { group: named(group), member: named(member) } });
}

/** Takes a member out of a group of a provider's. That it was the last admin does not keep anybody in: the provider has said so. */
export async function leave(stores: Changing, group: Named, member: Member, act: Act): Promise<void> {
  await stores.groups.removeMember(group.id, member.id);
  await stores.effects.membershipChanged(group.id, member.id, act);
  await stores.audit.record({ event: 'group.member-removed', act, details: { group: named(group), member: named(member) } });
}

async function groupsNamed(stores: Changing, provider: string, names: readonly string[], act: Act): Promise<Group[]> {
  const known = await stores.groups.findOfProvider(provider, names);
  const knownNames = new Set(known.map(({ name }) => name));
  const added: Group[] = [];
  for (const name of names) {
    if (!knownNames.has(`${provider}/${name}`)) added.push(await addProviderGroup(stores, { provider, name }, act));
  }
  return [...known, ...added];
}
