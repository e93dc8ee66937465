/** SCIM tokens: of their secrets only the hash. */
import type { ProviderId, ScimTokenId } from '../../shared/api/values.ts';
import type { Handle } from '../storage/database.ts';
import type { Database } from '../storage/schema.ts';

export interface ScimTokenRecord {
  readonly id: ScimTokenId;
  readonly providerId: ProviderId;
  readonly createdAt: string;
  readonly createdBy: string;
  readonly expiresAt: string;
  readonly lastUsedAt: string | null;
}

export interface ScimTokenStore {
  insert(token: ScimTokenRecord, secretHash: string): Promise<void>;
  findBySecret(secretHash: string): Promise<ScimTokenRecord | undefined>;
  /** Oldest first. */
  ofProvider(providerId: string): Promise<ScimTokenRecord[]>;
  all(): Promise<ScimTokenRecord[]>;
  touch(id: string, at: string): Promise<void>;
  remove(id: string): Promise<void>;
}

export function createScimTokenStore(db: Handle): ScimTokenStore {
  const all = db.selectFrom('scim_tokens').selectAll();
  return {
    insert: async (token, secretHash) => void (await db.insertInto('scim_tokens').values(toRow(token, secretHash)).execute()),
    findBySecret: async (secretHash) => (await all.where('secret_hash', '=', secretHash).execute()).map(fromRow)[0],
    ofProvider: async (providerId) => (await all.where('provider_id', '=', providerId).orderBy('id').execute()).map(fromRow),
    all: async () => (await all.orderBy('expires_at').execute()).map(fromRow),
    touch: async (id, at) => void (await db.updateTable('scim_tokens').set({ last_used_at: at }).where('id', '=', id).execute()),
    remove: async (id) => void (await db.deleteFrom('scim_tokens').where('id', '=', id).execute()),
  };
}

const toRow = (token: ScimTokenRecord, secretHash: string): Database['scim_tokens'] => ({
  id: token.id,
  secret_hash: secretHash,
  provider_id: token.providerId,
  created_at: token.createdAt,
  created_by: token.createdBy,
  expires_at: token.expiresAt,
  last_used_at: token.lastUsedAt,
});
// Rows were checked on their way in.
const fromRow = (row: Database['scim_tokens']): ScimTokenRecord => ({
  id: row.id as ScimTokenId,
  providerId: row.provider_id as ProviderId,
  createdAt: row.created_at,
  createdBy: row.created_by,
  expiresAt: row.expires_at,
  lastUsedAt: row.last_used_at,
});
