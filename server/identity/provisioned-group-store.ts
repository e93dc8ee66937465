/** A provider's groups that its directory speaks for (SCIM): of these alone, and no more by what logins name. */
import type { GroupId, ProviderId } from '../../shared/api/values.ts';
import { DomainError } from '../../shared/api/problem.ts';
import { isUniqueViolation } from '../storage/constraint-errors.ts';
import type { Handle } from '../storage/database.ts';
import type { Database } from '../storage/schema.ts';

export interface ProvisionedGroup {
  readonly groupId: GroupId;
  readonly providerId: ProviderId;
  /** Without the provider before it. */
  readonly name: string;
  readonly externalId: string | null;
  /** Grows with every change, of members too. */
  readonly version: number;
  readonly createdAt: string;
  readonly updatedAt: string;
}
export interface ProvisionedMember {
  readonly groupId: string;
  readonly identityId: string;
  readonly name: string;
}
export type GroupKey = { readonly id: string } | { readonly displayName: string } | { readonly externalId: string };

export interface ProvisionedGroupStore {
  /** Throws `provisioning.duplicate`. */
  insert(group: ProvisionedGroup): Promise<void>;
  /** Everything but the name, which is the group's own. Throws `provisioning.duplicate`. */
  update(group: ProvisionedGroup): Promise<void>;
  find(providerId: string, groupId: string): Promise<ProvisionedGroup | undefined>;
  /** Those of these that a directory speaks for. */
  among(groupIds: readonly string[]): Promise<ReadonlySet<string>>;
  /** The directory speaks for none any more; the groups stay. Answers how many there were. */
  release(providerId: string): Promise<number>;
  count(providerId: string): Promise<number>;
  /** By id; `offset` counts from 0. */
  page(providerId: string, page: { readonly offset: number; readonly limit: number }): Promise<ProvisionedGroup[]>;
  /** By id, those after one; of those with a key, where one is given. */
  after(providerId: string, id: string, limit: number, key?: GroupKey): Promise<ProvisionedGroup[]>;
  membersOf(groupIds: readonly string[]): Promise<ProvisionedMember[]>;
  /** The directory's groups that these people are in; `name` is the group's. */
  membershipsOf(providerId: string, identityIds: readonly string[]): Promise<ProvisionedMember[]>;
}

export function createProvisionedGroupStore(db: Handle): ProvisionedGroupStore {
  const of = (providerId: string) =>
    db
      .selectFrom('provisioned_groups')
      .innerJoin('groups', 'groups.id', 'provisioned_groups.group_id')
      .selectAll('provisioned_groups')
      .select('groups.name as name')
      .where('provider_id', '=', providerId);
  return {
    insert: async (group) => {
      await unlessTaken(group, db.insertInto('provisioned_groups').values(toRow(group)).execute());
    },
    update: async (group) => {
      await unlessTaken(group, db.updateTable('provisioned_groups').set(toRow(group)).where('group_id', '=', group.groupId).execute());
    },
    find: async (providerId, groupId) => (await of(providerId).where('group_id', '=', groupId).execute()).map(fromRow)[0],
    among: async (groupIds) =>
      new Set(
        groupIds.length === 0
          ? []
          : (
              await db
                .selectFrom('provisioned_groups')
                .select('group_id')
                .where('group_id', 'in', [...groupIds])
                .execute()
            ).map((row) => row.group_id),
      ),
    release: async (providerId) =>
      Number((await db.deleteFrom('provisioned_groups').where('provider_id', '=', providerId).executeTakeFirst()).numDeletedRows),
    count: async (providerId) => {
      const { count } = await db
        .selectFrom('provisioned_groups')
        .select((eb) => eb.fn.countAll<number>().as('count'))
        .where('provider_id', '=', providerId)
        .executeTakeFirstOrThrow();
      return count;
    },
    page: async (providerId, { offset, limit }) =>
      (await of(providerId).orderBy('group_id').offset(offset).limit(limit).execute()).map(fromRow),
    after: async (providerId, id, limit, key) => {
      let query = of(providerId).where('group_id', '>', id);
      if (key !== undefined && 'id' in key) query = query.where('group_id', '=', key.id);
      if (key !== undefined && 'displayName' in key) query = query.where('groups.name', '=', key.displayName);
      if (key !== undefined && 'externalId' in key) query = query.where('external_id', '=', key.externalId);
      return (await query.orderBy('group_id').limit(limit).execute()).map(fromRow);
    },
    membersOf: async (groupIds) => {
      if (groupIds.length === 0) return [];
      const rows = await db
        .selectFrom('group_members')
        .innerJoin('identities', 'identities.id', 'group_members.identity_id')
        .select(['group_id', 'identity_id', 'identities.name as name'])
        .where('group_id', 'in', [...groupIds])
        .orderBy('identity_id')
        .execute();
      return rows.map(toMember);
    },
    membershipsOf: async (providerId, identityIds) => {
      if (identityIds.length === 0) return [];
      const rows = await db
        .selectFrom('group_members')
        .innerJoin('provisioned_groups', 'provisioned_groups.group_id', 'group_members.group_id')
        .innerJoin('groups', 'groups.id', 'group_members.group_id')
        .select(['group_members.group_id', 'identity_id', 'groups.name as name'])
        .where('provider_id', '=', providerId)
        .where('identity_id', 'in', [...identityIds])
        .orderBy('groups.name')
        .execute();
      return rows.map(toMember);
    },
  };
}

async function unlessTaken(group: ProvisionedGroup, work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!isUniqueViolation(error)) throw error;
    throw new DomainError(
      'provisioning.duplicate',
      `The displayName or externalId of ${group.name} belongs to another group of this provider.`,
    );
  }
}

const toMember = (row: { group_id: string; identity_id: string; name: string }): ProvisionedMember => ({
  groupId: row.group_id,
  identityId: row.identity_id,
  name: row.name,
});
const toRow = (group: ProvisionedGroup): Database['provisioned_groups'] => ({
  group_id: group.groupId,
  provider_id: group.providerId,
  external_id: group.externalId,
  version: group.version,
  created_at: group.createdAt,
  updated_at: group.updatedAt,
});
// Rows were checked on their way in.
const fromRow = (row: Database['provisioned_groups'] & { name: string }): ProvisionedGroup => ({
  groupId: row.group_id as GroupId,
  providerId: row.provider_id as ProviderId,
  name: row.name,
  externalId: row.external_id,
  version: row.version,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});
