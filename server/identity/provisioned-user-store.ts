/** People as the directory of a provider gave them (SCIM): one row for each provider and user. */
import { emailKey } from '../../shared/resource-name.ts';
import type { IdentityId, ProviderId } from '../../shared/api/values.ts';
import { DomainError } from '../../shared/api/problem.ts';
import { isUniqueViolation } from '../storage/constraint-errors.ts';
import type { Handle } from '../storage/database.ts';
import type { Database } from '../storage/schema.ts';

/** What a directory says of a person, checked. */
export interface Person {
  readonly userName: string;
  /** The address that a login is known by: plain, at a domain of the provider's. */
  readonly email: string;
  readonly externalId: string | null;
  readonly active: boolean;
  /** What else is kept: names and addresses, as the directory wrote them. */
  readonly attributes: Readonly<Record<string, unknown>>;
}
export interface ProvisionedUser extends Person {
  readonly providerId: ProviderId;
  readonly identityId: IdentityId;
  /** Grows with every change. */
  readonly version: number;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** What can be looked up without reading everybody. */
export type UserKey = { readonly id: string } | { readonly userName: string } | { readonly externalId: string };

export interface ProvisionedUserStore {
  /** Throws `provisioning.duplicate`. */
  insert(user: ProvisionedUser): Promise<void>;
  /** Throws `provisioning.duplicate`. */
  update(user: ProvisionedUser): Promise<void>;
  remove(providerId: string, identityId: string): Promise<void>;
  find(providerId: string, identityId: string): Promise<ProvisionedUser | undefined>;
  findMany(providerId: string, identityIds: readonly string[]): Promise<ProvisionedUser[]>;
  /** Providers whose directories gave this user. */
  providersOf(identityId: string): Promise<string[]>;
  /** Everybody who could be meant by a login: by external id, by address, by user name. */
  matching(providerId: string, login: { readonly subject: string; readonly email: string }): Promise<ProvisionedUser[]>;
  count(providerId: string): Promise<number>;
  /** By id; `offset` counts from 0. */
  page(providerId: string, page: { readonly offset: number; readonly limit: number }): Promise<ProvisionedUser[]>;
  /** By id, those after one; of those with a key, where one is given. */
  after(providerId: string, id: string, limit: number, key?: UserKey): Promise<ProvisionedUser[]>;
}

export function createProvisionedUserStore(db: Handle): ProvisionedUserStore {
  const of = (providerId: string) => db.selectFrom('provisioned_users').selectAll().where('provider_id', '=', providerId);
  return {
    insert: async (user) => {
      await unlessTaken(user, db.insertInto('provisioned_users').values(toRow(user)).execute());
    },
    update: async (user) => {
      const row = toRow(user);
      const changed = db
        .updateTable('provisioned_users')
        .set(row)
        .where('provider_id', '=', row.provider_id)
        .where('identity_id', '=', row.identity_id);
      await unlessTaken(user, changed.execute());
    },
    remove: async (providerId, identityId) =>
      void (await db.deleteFrom('provisioned_users').where('provider_id', '=', providerId).where('identity_id', '=', identityId).execute()),
    find: async (providerId, identityId) => (await of(providerId).where('identity_id', '=', identityId).execute()).map(fromRow)[0],
    findMany: async (providerId, identityIds) =>
      identityIds.length === 0
        ? []
        : (
            await of(providerId)
              .where('identity_id', 'in', [...identityIds])
              .execute()
          ).map(fromRow),
    providersOf: async (identityId) =>
      (await db.selectFrom('provisioned_users').select('provider_id').where('identity_id', '=', identityId).execute()).map(
        (row) => row.provider_id,
      ),
    matching: async (providerId, { subject, email }) => {
      const key = emailKey(email);
      const rows = await of(providerId)
        .where((eb) => eb.or([eb('external_id', '=', subject), eb('email_key', '=', key), eb('user_name_key', '=', key)]))
        .execute();
      return rows.map(fromRow);
    },
    count: async (providerId) => {
      const { count } = await db
        .selectFrom('provisioned_users')
        .select((eb) => eb.fn.countAll<number>().as('count'))
        .where('provider_id', '=', providerId)
        .executeTakeFirstOrThrow();
      return count;
    },
    page: async (providerId, { offset, limit }) =>
      (await of(providerId).orderBy('identity_id').offset(offset).limit(limit).execute()).map(fromRow),
    after: async (providerId, id, limit, key) => {
      let query = of(providerId).where('identity_id', '>', id);
      if (key !== undefined && 'id' in key) query = query.where('identity_id', '=', key.id);
      if (key !== undefined && 'userName' in key) query = query.where('user_name_key', '=', emailKey(key.userName));
      if (key !== undefined && 'externalId' in key) query = query.where('external_id', '=', key.externalId);
      return (await query.orderBy('identity_id').limit(limit).execute()).map(fromRow);
    },
  };
}

async function unlessTaken(user: Person, work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!isUniqueViolation(error)) throw error;
    throw new DomainError(
      'provisioning.duplicate',
      `The userName, an email or the externalId of ${user.userName} belongs to another user of this provider.`,
    );
  }
}

const toRow = (user: ProvisionedUser): Database['provisioned_users'] => ({
  provider_id: user.providerId,
  identity_id: user.identityId,
  user_name: user.userName,
  user_name_key: emailKey(user.userName),
  email: user.email,
  email_key: emailKey(user.email),
  external_id: user.externalId,
  active: user.active ? 1 : 0,
  attributes: JSON.stringify(user.attributes),
  version: user.version,
  created_at: user.createdAt,
  updated_at: user.updatedAt,
});

// Rows were checked on their way in.
const fromRow = (row: Database['provisioned_users']): ProvisionedUser => ({
  providerId: row.provider_id as ProviderId,
  identityId: row.identity_id as IdentityId,
  userName: row.user_name,
  email: row.email,
  externalId: row.external_id,
  active: row.active === 1,
  attributes: JSON.parse(row.attributes) as Record<string, unknown>,
  version: row.version,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});
