/** Groups and their members. Leaving a group takes away, at once, what only the group justified. Who is in a provider's group only the provider says. */
import { newId } from '../../shared/id.ts';
import { toTime, type Clock } from '../../shared/clock.ts';
import type { Page, PageRequest } from '../../shared/api/pagination.ts';
import { DomainError } from '../../shared/api/problem.ts';
import { parseGroupName, parseSubjectName } from '../../shared/resource-name.ts';
import type { Change, GroupId, IdentityId } from '../../shared/api/values.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import { authorOf, type Act, type Caller } from '../audit/caller.ts';
import type { ChangeFeed } from '../storage/change-feed.ts';
import type { Transact } from '../storage/transact.ts';
import type { AccessEffects } from './access-effects.ts';
import type { Group, GroupFilter, GroupMember, GroupStore } from './group-store.ts';
import type { Identity, IdentityStore } from './identity-store.ts';
import { addProviderGroup } from './provider-group-add.ts';
import { isObjectId } from './entra-rules.ts';
import type { ProviderStore } from './provider-store.ts';
import { named } from './user-service.ts';

interface Stores {
  readonly identities: IdentityStore;
  readonly groups: GroupStore;
  readonly providers: Pick<ProviderStore, 'findByName'>;
  readonly effects: AccessEffects;
  readonly audit: AuditLog;
  readonly feed: ChangeFeed;
}

export interface GroupServiceOptions {
  readonly read: Pick<Stores, 'groups'>;
  readonly transact: Transact<Stores>;
  readonly clock: Clock;
}

export type GroupService = ReturnType<typeof createGroupService>;

export function createGroupService({ read, transact, clock }: GroupServiceOptions) {
  const change = async <Result>(
    id: GroupId,
    caller: Caller,
    work: (stores: Stores, group: Group, act: Act) => Promise<Result>,
  ): Promise<Result> =>
    transact(async (stores) => work(stores, await existingLocal(stores.groups, id), { by: authorOf(caller), now: clock.now() }));

  return {
    list: async (filter: GroupFilter): Promise<Page<Group>> => read.groups.list(filter),
    get: async (id: GroupId): Promise<Group> => existing(read.groups, id),
    members: async (id: GroupId, page: PageRequest): Promise<Page<GroupMember>> => {
      await existing(read.groups, id);
      return read.groups.members(id, page);
    },

    create: async (name: string, caller: Caller): Promise<Group> =>
      transact(async (stores) => {
        const act = { by: authorOf(caller), now: clock.now() };
        const parsed = parseGroupName(name);
        if (parsed?.provider != null) return addOfProvider(stores, { provider: parsed.provider, name: parsed.name }, act);
        // An id made with the prefix of groups is one.
        const id = newId('group', act.now) as GroupId;
        await stores.groups.insert({ id, name, createdAt: toTime(act.now) });
        await stores.audit.record({ event: 'group.added', act, details: { group: { id, name } } });
        return existing(stores.groups, id);
      }),

    remove: async (id: GroupId, caller: Caller): Promise<{ change: Change }> =>
      change(id, caller, async (stores, group, act) => {
        await stores.effects.endGrantsOf({ kind: 'group', id }, act);
        await stores.groups.remove(id);
        await stores.effects.assertAdminRemains();
        await stores.audit.record({ event: 'group.removed', act, details: { group: named(group) } });
        return { change: stores.feed.change() };
      }),

    addMember: async (id: GroupId, memberName: string, caller: Caller): Promise<{ change: Change }> =>
      change(id, caller, async (stores, group, act) => {
        const member = await identityNamed(stores.identities, memberName);
        const isNew = await stores.groups.addMember(id, member.id);
        if (!isNew) return { change: null };
        await stores.effects.membershipChanged(id, member.id, act);
        await stores.audit.record({ event: 'group.member-added', act, details: { group: named(group), member: named(member) } });
        return { change: stores.feed.change() };
      }),

    removeMember: async (id: GroupId, identityId: IdentityId, caller: Caller): Promise<{ change: Change }> =>
      change(id, caller, async (stores, group, act) => {
        const member = await stores.identities.find(identityId);
        const wasMember = member !== undefined && (await stores.groups.removeMember(id, identityId));
        if (!wasMember)
          throw new DomainError('identity.not-found', `That identity is no member of ${group.name}. See: infra groups show ${group.name}`);
        await stores.effects.membershipChanged(id, identityId, act);
        await stores.effects.assertAdminRemains();
        await stores.audit.record({ event: 'group.member-removed', act, details: { group: named(group), member: named(member) } });
        return { change: stores.feed.change() };
      }),
  };
}

async function existing(groups: GroupStore, id: GroupId): Promise<Group> {
  const group = await groups.find(id);
  if (group === undefined) throw new DomainError('group.not-found', 'There is no such group. See: infra groups list');
  return group;
}

async function existingLocal(groups: GroupStore, id: GroupId): Promise<Group> {
  const group = await existing(groups, id);
  if (group.provider === null) return group;
  throw new DomainError(
    'group.of-provider',
    `${group.name} is a group of the identity provider ${group.provider}: who is in it is changed there, and comes here with each login. To take away what it gives, remove its grants: infra grants list group:${group.name}`,
  );
}

async function addOfProvider(
  stores: Pick<Stores, 'groups' | 'providers' | 'audit'>,
  group: { readonly provider: string; readonly name: string },
  act: Act,
): Promise<Group> {
  const provider = await stores.providers.findByName(group.provider);
  if (provider === undefined)
    throw new DomainError('provider.not-found', `There is no identity provider ${group.provider}. See: infra providers list`);
  // Names there are not unique, and anybody may make a group: whoever came first would have what was meant for another.
  if (provider.kind === 'azure' && !isObjectId(group.name))
    throw new DomainError(
      'request.invalid',
      `Name a group of ${provider.name} beforehand by its object id (Entra admin center, Groups), such as ${provider.name}/1b2c3d4e-0000-4000-8000-0123456789ab: names there are not unique.`,
      { fields: [{ path: 'body.name', message: 'must be PROVIDER/OBJECT-ID, in lower case' }] },
    );
  return addProviderGroup(stores, group, act);
}

/** An email or `workload:NAME`. */
export async function identityNamed(identities: IdentityStore, text: string): Promise<Identity> {
  const name = parseSubjectName(text);
  if (name === undefined || name.kind === 'group') {
    throw new DomainError('request.invalid', `"${text}" names no identity. Write an email, or workload:NAME.`, {
      fields: [{ path: 'body.identity', message: 'must be an email or workload:NAME' }],
    });
  }
  const identity = await identities.findByName(name.kind, name.name);
  if (identity !== undefined) return identity;
  throw new DomainError('identity.not-found', `There is no ${name.kind} ${name.name}. Add it first: infra ${name.kind}s add ${name.name}`);
}
