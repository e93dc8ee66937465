import type { AccessKeyId, IdentityId } from '../../shared/api/values.ts';
import type { Page, PageRequest } from '../../shared/api/pagination.ts';
import { DomainError } from '../../shared/api/problem.ts';
import { isUniqueViolation } from '../storage/constraint-errors.ts';
import type { Handle } from '../storage/database.ts';
import { decodeCursor, toPage } from '../storage/page.ts';
import type { Database } from '../storage/schema.ts';

export interface AccessKeyRecord {
  readonly id: AccessKeyId;
  readonly name: string;
  readonly identityId: IdentityId;
  readonly createdAt: string;
  readonly createdBy: string;
  readonly expiresAt: string;
  readonly idleSeconds: number | null;
  readonly lastUsedAt: string | null;
}
export interface OwnedAccessKey extends AccessKeyRecord {
  readonly ownerName: string;
}

export interface AccessKeyStore {
  insert(key: AccessKeyRecord, secretHash: string): Promise<void>;
  find(id: string): Promise<OwnedAccessKey | undefined>;
  findBySecret(secretHash: string): Promise<OwnedAccessKey | undefined>;
  list(filter: PageRequest & { readonly identityId?: string | undefined }): Promise<Page<OwnedAccessKey>>;
  ofIdentity(identityId: string): Promise<OwnedAccessKey[]>;
  /** That end between two times, the first to end first, and how many they are. */
  endingBetween(from: string, to: string, limit: number): Promise<{ readonly count: number; readonly items: OwnedAccessKey[] }>;
  touch(id: string, at: string): Promise<void>;
  remove(id: string): Promise<void>;
}

export function createAccessKeyStore(db: Handle): AccessKeyStore {
  const owned = db
    .selectFrom('access_keys')
    .innerJoin('identities', 'identities.id', 'access_keys.identity_id')
    .selectAll('access_keys')
    .select('identities.name as owner_name');
  return {
    insert: async (key, secretHash) => {
      try {
        await db.insertInto('access_keys').values(toRow(key, secretHash)).execute();
      } catch (error) {
        if (isUniqueViolation(error))
          throw new DomainError(
            'access-key.duplicate',
            `There is already an access key ${key.name} of this identity. Remove it first, or choose another name.`,
          );
        throw error;
      }
    },
    find: async (id) => fromOptional(await owned.where('access_keys.id', '=', id).executeTakeFirst()),
    findBySecret: async (secretHash) => fromOptional(await owned.where('secret_hash', '=', secretHash).executeTakeFirst()),
    list: async (filter) => {
      let query = owned;
      if (filter.identityId !== undefined) query = query.where('identity_id', '=', filter.identityId);
      const after = decodeCursor(filter.cursor);
      if (after !== undefined) query = query.where('access_keys.id', '>', after.id);
      const rows = await query
        .orderBy('access_keys.id')
        .limit(filter.limit + 1)
        .execute();
      return toPage(rows, filter, { item: fromRow, cursor: (row) => ({ key: '', id: row.id }) });
    },
    ofIdentity: async (identityId) => (await owned.where('identity_id', '=', identityId).execute()).map(fromRow),
    endingBetween: async (from, to, limit) => {
      const { count } = await db
        .selectFrom('access_keys')
        .select(({ fn }) => fn.countAll<number>().as('count'))
        .where('expires_at', '>', from)
        .where('expires_at', '<', to)
        .executeTakeFirstOrThrow();
      const ending = owned.where('expires_at', '>', from).where('expires_at', '<', to);
      return { count, items: (await ending.orderBy('expires_at').limit(limit).execute()).map(fromRow) };
    },
    touch: async (id, at) => void (await db.updateTable('access_keys').set({ last_used_at: at }).where('id', '=', id).execute()),
    remove: async (id) => void (await db.deleteFrom('access_keys').where('id', '=', id).execute()),
  };
}

const toRow = (key: AccessKeyRecord, secretHash: string): Database['access_keys'] => ({
  id: key.id,
  secret_hash: secretHash,
  identity_id: key.identityId,
  name: key.name,
  created_at: key.createdAt,
  created_by: key.createdBy,
  expires_at: key.expiresAt,
  idle_seconds: key.idleSeconds,
  last_used_at: key.lastUsedAt,
});

type OwnedRow = Database['access_keys'] & { owner_name: string };
const fromRow = (row: OwnedRow): OwnedAccessKey => ({
  id: row.id as AccessKeyId,
  name: row.name,
  identityId: row.identity_id as IdentityId,
  ownerName: row.owner_name,
  createdAt: row.created_at,
  createdBy: row.created_by,
  expiresAt: row.expires_at,
  idleSeconds: row.idle_seconds,
  lastUsedAt: row.last_used_at,
});
const fromOptional = (row: OwnedRow | undefined): OwnedAccessKey | undefined => (row === undefined ? undefined : fromRow(row));
