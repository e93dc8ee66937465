import type { Handle } from '../storage/database.ts';

export type AuthorityKind = 'root' | 'intermediate';
/** `active` signs; `verify-only` was active and is still in chains that are out. */
export type AuthorityState = 'active' | 'verify-only';

export interface AuthorityRecord {
  readonly id: string;
  readonly kind: AuthorityKind;
  readonly state: AuthorityState;
  /** PEM. */
  readonly certificate: string;
  /** PKCS #8 DER, sealed; null when the key is kept elsewhere. */
  readonly sealedKey: string | null;
  readonly createdAt: string;
  readonly notAfter: string;
}

export interface AuthorityStore {
  insert(authority: AuthorityRecord): Promise<void>;
  active(kind: AuthorityKind): Promise<AuthorityRecord | undefined>;
  /** All there ever were, without their keys: the roots first, then the newest first. */
  list(): Promise<Omit<AuthorityRecord, 'sealedKey'>[]>;
  setState(id: string, state: AuthorityState): Promise<void>;
  dataKey(): Promise<{ readonly id: string; readonly wrappedKey: string } | undefined>;
  insertDataKey(key: { readonly id: string; readonly wrappedKey: string; readonly createdAt: string }): Promise<void>;
}

export function createAuthorityStore(db: Handle): AuthorityStore {
  return {
    insert: async (authority) => {
      const row = {
        id: authority.id,
        kind: authority.kind,
        state: authority.state,
        certificate: authority.certificate,
        sealed_key: authority.sealedKey,
        created_at: authority.createdAt,
        not_after: authority.notAfter,
      };
      await db.insertInto('authorities').values(row).execute();
    },
    active: async (kind) => {
      const row = await db
        .selectFrom('authorities')
        .selectAll()
        .where('kind', '=', kind)
        .where('state', '=', 'active')
        .orderBy('id', 'desc')
        .executeTakeFirst();
      if (row === undefined) return undefined;
      return {
        id: row.id,
        kind,
        state: 'active',
        certificate: row.certificate,
        sealedKey: row.sealed_key,
        createdAt: row.created_at,
        notAfter: row.not_after,
      };
    },
    list: async () => {
      const rows = await db
        .selectFrom('authorities')
        .select(['id', 'kind', 'state', 'certificate', 'created_at', 'not_after'])
        .orderBy('kind', 'desc')
        .orderBy('id', 'desc')
        .execute();
      return rows.map((row) => ({
        id: row.id,
        kind: row.kind === 'root' ? 'root' : 'intermediate',
        state: row.state === 'active' ? 'active' : 'verify-only',
        certificate: row.certificate,
        createdAt: row.created_at,
        notAfter: row.not_after,
      }));
    },
    setState: async (id, state) => void (await db.updateTable('authorities').set({ state }).where('id', '=', id).execute()),
    dataKey: async () => {
      const row = await db.selectFrom('data_keys').selectAll().orderBy('id', 'desc').executeTakeFirst();
      return row === undefined ? undefined : { id: row.id, wrappedKey: row.wrapped_key };
    },
    insertDataKey: async (key) =>
      void (await db.insertInto('data_keys').values({ id: key.id, wrapped_key: key.wrappedKey, created_at: key.createdAt }).execute()),
  };
}
