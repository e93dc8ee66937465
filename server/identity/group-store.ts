/** Groups and who is in them. A local group has no provider; a provider's group never merges with it by name. */
import { sql } from 'kysely';
import type { GroupId, IdentityId } from '../../shared/api/values.ts';
import type { Page, PageRequest } from '../../shared/api/pagination.ts';
import { DomainError } from '../../shared/api/problem.ts';
import { parseGroupName } from '../../shared/resource-name.ts';
import { isUniqueViolation } from '../storage/constraint-errors.ts';
import type { Handle } from '../storage/database.ts';
import { decodeCursor, toPage } from '../storage/page.ts';
import { holdsText } from '../storage/search.ts';
import type { IdentityKind, IdentityStatus } from './identity-store.ts';

export interface Group {
  readonly id: GroupId;
  /** With its provider before it when it has one: `okta/platform`. */
  readonly name: string;
  readonly provider: string | null;
  /** By what the provider's directory knows it, whatever its name. */
  readonly directoryId: string | null;
  readonly createdAt: string;
  readonly memberCount: number;
}
export interface GroupMember {
  readonly id: IdentityId;
  readonly kind: IdentityKind;
  readonly name: string;
  readonly status: IdentityStatus;
}

export interface GroupFilter extends PageRequest {
  readonly name?: string | undefined;
  /** Part of the name, with its provider before it. */
  readonly search?: string | undefined;
  /** A provider's name, or `local`. */
  readonly provider?: string | undefined;
}

export interface Membership {
  readonly identityId: string;
  readonly id: GroupId;
  readonly name: string;
}

export interface GroupStore {
  /** Without `provider`: local. */
  insert(group: { readonly id: string; readonly provider?: string; readonly name: string; readonly createdAt: string }): Promise<void>;
  find(id: string): Promise<Group | undefined>;
  /** `platform`, or `okta/platform`. */
  findNamed(name: string): Promise<Group | undefined>;
  /** Those of a provider that have one of these names, written without the provider. */
  findOfProvider(provider: string, names: readonly string[]): Promise<Group[]>;
  ofProvider(provider: string): Promise<Group[]>;
  findMany(ids: readonly string[]): Promise<Group[]>;
  list(filter: GroupFilter): Promise<Page<Group>>;
  /** `name` without the provider; throws `group.duplicate`. */
  rename(id: string, name: string): Promise<void>;
  remove(id: string): Promise<void>;
  members(id: string, page: PageRequest): Promise<Page<GroupMember>>;
  /** All of them, or those of these that are members. */
  allMembers(id: string, among?: readonly string[]): Promise<{ readonly id: IdentityId; readonly name: string }[]>;
  memberIds(id: string): Promise<IdentityId[]>;
  countMembers(id: string): Promise<number>;
  groupsOf(identityId: string): Promise<Group[]>;
  /** Who of these is in which groups, by name; without their sizes, which cost a count each. */
  membershipsOf(identityIds: readonly string[]): Promise<Membership[]>;
  /** False when it was a member already. */
  addMember(id: string, identityId: string): Promise<boolean>;
  /** False when it was none. */
  removeMember(id: string, identityId: string): Promise<boolean>;
  removeFromAll(identityId: string): Promise<void>;
}

export function createGroupStore(db: Handle): GroupStore {
  const all = selectGroups(db);
  const memberRow = (id: string, identityId: string) => ({ group_id: id, identity_id: identityId });
  return {
    insert: async (group) => {
      const row = { id: group.id, provider: group.provider ?? '', name: group.name, created_at: group.createdAt };
      await unlessTaken(group.name, db.insertInto('groups').values(row).execute());
    },
    rename: async (id, name) => {
      await unlessTaken(name, db.updateTable('groups').set({ name }).where('id', '=', id).execute());
    },
    find: async (id) => fromOptional(await all.where('id', '=', id).executeTakeFirst()),
    findNamed: async (text) => {
      const parsed = parseGroupName(text);
      if (parsed === undefined) return undefined;
      return fromOptional(
        await all
          .where('provider', '=', parsed.provider ?? '')
          .where('name', '=', parsed.name)
          .executeTakeFirst(),
      );
    },
    findOfProvider: async (provider, names) =>
      names.length === 0
        ? []
        : (
            await all
              .where('provider', '=', provider)
              .where('name', 'in', [...names])
              .execute()
          ).map(fromRow),
    ofProvider: async (provider) => (await all.where('provider', '=', provider).orderBy('name').execute()).map(fromRow),
    allMembers: async (id, among) => {
      const members = db
        .selectFrom('group_members')
        .innerJoin('identities', 'identities.id', 'group_members.identity_id')
        .select(['identities.id', 'identities.name'])
        .where('group_id', '=', id)
        .orderBy('identities.id');
      const rows = await (among === undefined ? members : members.where('identity_id', 'in', [...among])).execute();
      return rows.map((row) => ({ id: row.id as IdentityId, name: row.name }));
    },
    findMany: async (ids) => (ids.length === 0 ? [] : (await all.where('id', 'in', [...ids]).execute()).map(fromRow)),
    list: async (filter) => {
      let query = all;
      const named = filter.name === undefined ? undefined : parseGroupName(filter.name);
      if (filter.name !== undefined)
        query = query.where('provider', '=', named?.provider ?? '').where('name', '=', named?.name ?? filter.name);
      if (filter.search !== undefined) query = query.where(holdsText(fullGroupName, filter.search));
      if (filter.provider !== undefined) query = query.where('provider', '=', filter.provider === 'local' ? '' : filter.provider);
      const after = decodeCursor(filter.cursor);
      if (after !== undefined)
        query = query.where((eb) => eb.or([eb('name', '>', after.key), eb.and([eb('name', '=', after.key), eb('id', '>', after.id)])]));
      const rows = await query
        .orderBy('name')
        .orderBy('id')
        .limit(filter.limit + 1)
        .execute();
      return toPage(rows, filter, { item: fromRow, cursor: (row) => ({ key: row.name, id: row.id }) });
    },
    remove: async (id) => {
      await db.deleteFrom('group_members').where('group_id', '=', id).execute();
      await db.deleteFrom('directory_groups').where('group_id', '=', id).execute();
      await db.deleteFrom('groups').where('id', '=', id).execute();
    },
    members: async (id, page) => {
      let query = db
        .selectFrom('group_members')
        .innerJoin('identities', 'identities.id', 'group_members.identity_id')
        .select(['identities.id', 'kind', 'name', 'name_key', 'status'])
        .where('group_id', '=', id);
      const after = decodeCursor(page.cursor);
      if (after !== undefined)
        query = query.where((eb) =>
          eb.or([eb('name_key', '>', after.key), eb.and([eb('name_key', '=', after.key), eb('identities.id', '>', after.id)])]),
        );
      const rows = await query
        .orderBy('name_key')
        .orderBy('identities.id')
        .limit(page.limit + 1)
        .execute();
      const item = (row: { id: string; kind: string; name: string; status: string }): GroupMember => ({
        id: row.id as IdentityId,
        kind: row.kind as IdentityKind,
        name: row.name,
        status: row.status as IdentityStatus,
      });
      return toPage(rows, page, { item, cursor: (row) => ({ key: row.name_key, id: row.id }) });
    },
    memberIds: async (id) =>
      (await db.selectFrom('group_members').select('identity_id').where('group_id', '=', id).execute()).map(
        (row) => row.identity_id as IdentityId,
      ),
    countMembers: async (id) => countMembers(db, id),
    groupsOf: async (identityId) =>
      (
        await all
          .where('id', 'in', db.selectFrom('group_members').select('group_id').where('identity_id', '=', identityId))
          .orderBy('name')
          .execute()
      ).map(fromRow),
    membershipsOf: async (identityIds) => {
      if (identityIds.length === 0) return [];
      const rows = await db
        .selectFrom('group_members')
        .innerJoin('groups', 'groups.id', 'group_members.group_id')
        .select(['identity_id', 'groups.id', 'provider', 'name'])
        .where('identity_id', 'in', [...identityIds])
        .orderBy('name')
        .execute();
      return rows.map((row) => ({ identityId: row.identity_id, id: row.id as GroupId, name: nameOf(row) }));
    },
    addMember: async (id, identityId) => {
      const present = await db
        .selectFrom('group_members')
        .select('group_id')
        .where('group_id', '=', id)
        .where('identity_id', '=', identityId)
        .executeTakeFirst();
      if (present === undefined) await db.insertInto('group_members').values(memberRow(id, identityId)).execute();
      return present === undefined;
    },
    removeMember: async (id, identityId) =>
      (await db.deleteFrom('group_members').where('group_id', '=', id).where('identity_id', '=', identityId).executeTakeFirst())
        .numDeletedRows > 0n,
    removeFromAll: async (identityId) => void (await db.deleteFrom('group_members').where('identity_id', '=', identityId).execute()),
  };
}

/** As people know it; of the table `groups`. */
export const fullGroupName = sql<string>`case when provider = '' then name else provider || '/' || name end`;

async function countMembers(db: Handle, id: string): Promise<number> {
  const members = db.selectFrom('group_members').where('group_id', '=', id);
  return (await members.select(({ fn }) => fn.countAll<number>().as('count')).executeTakeFirstOrThrow()).count;
}

async function unlessTaken(name: string, work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (isUniqueViolation(error)) throw new DomainError('group.duplicate', `There is already a group ${name}.`);
    throw error;
  }
}
const selectGroups = (db: Handle) =>
  db
    .selectFrom('groups')
    .select(['id', 'provider', 'name', 'created_at'])
    .select((eb) =>
      eb
        .selectFrom('group_members')
        .whereRef('group_members.group_id', '=', 'groups.id')
        .select((inner) => inner.fn.countAll<number>().as('count'))
        .as('member_count'),
    )
    .select((eb) =>
      eb
        .selectFrom('directory_groups')
        .whereRef('directory_groups.group_id', '=', 'groups.id')
        .select('directory_groups.directory_id')
        .as('directory_id'),
    );

interface GroupRow {
  readonly id: string;
  readonly provider: string;
  readonly name: string;
  readonly created_at: string;
  readonly member_count: number | null;
  readonly directory_id: string | null;
}
const nameOf = ({ provider, name }: Pick<GroupRow, 'provider' | 'name'>): string => (provider === '' ? name : `${provider}/${name}`);

const fromRow = (row: GroupRow): Group => ({
  id: row.id as GroupId,
  name: nameOf(row),
  provider: row.provider === '' ? null : row.provider,
  directoryId: row.directory_id,
  createdAt: row.created_at,
  memberCount: row.member_count ?? 0,
});
const fromOptional = (row: GroupRow | undefined): Group | undefined => (row === undefined ? undefined : fromRow(row));
