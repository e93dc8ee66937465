/** Identities: users by email, workloads by name. Names compare by their key, so case and width make no second account. */
import { sql } from 'kysely';
import { emailKey } from '../../shared/resource-name.ts';
import type { IdentityId } from '../../shared/api/values.ts';
import type { Page, PageRequest } from '../../shared/api/pagination.ts';
import { DomainError } from '../../shared/api/problem.ts';
import { isUniqueViolation } from '../storage/constraint-errors.ts';
import type { Handle } from '../storage/database.ts';
import { decodeCursor, toPage } from '../storage/page.ts';
import { holdsText } from '../storage/search.ts';
import type { Database } from '../storage/schema.ts';

export type IdentityKind = 'user' | 'workload';
export type IdentityStatus = 'active' | 'disabled';

export interface Identity {
  readonly id: IdentityId;
  readonly kind: IdentityKind;
  /** Email of a user, name of a workload. */
  readonly name: string;
  readonly status: IdentityStatus;
  readonly createdAt: string;
  readonly lastLoginAt: string | null;
}

export interface IdentityFilter extends PageRequest {
  readonly kind: IdentityKind;
  readonly name?: string | undefined;
  readonly status?: IdentityStatus | undefined;
  /** Part of the name. */
  readonly search?: string | undefined;
  /** Who has an account there that was not taken off; `local`: who has a password. */
  readonly provider?: string | undefined;
  /** Whose member they are, by its id. */
  readonly group?: string | undefined;
}

export interface IdentityStore {
  insert(identity: Identity): Promise<void>;
  find(id: string): Promise<Identity | undefined>;
  findByName(kind: IdentityKind, name: string): Promise<Identity | undefined>;
  findMany(ids: readonly string[]): Promise<Identity[]>;
  list(filter: IdentityFilter): Promise<Page<Identity>>;
  setStatus(id: string, status: IdentityStatus): Promise<void>;
  setLastLogin(id: string, at: string): Promise<void>;
  remove(id: string): Promise<void>;
}

export function createIdentityStore(db: Handle): IdentityStore {
  const all = selectAll(db);
  return {
    insert: async (identity) => {
      try {
        await db.insertInto('identities').values(toRow(identity)).execute();
      } catch (error) {
        if (isUniqueViolation(error)) throw new DomainError('identity.duplicate', `There is already a ${identity.kind} ${identity.name}.`);
        throw error;
      }
    },
    find: async (id) => fromOptional(await all.where('id', '=', id).executeTakeFirst()),
    findByName: async (kind, name) =>
      fromOptional(await all.where('kind', '=', kind).where('name_key', '=', emailKey(name)).executeTakeFirst()),
    findMany: async (ids) => (ids.length === 0 ? [] : (await all.where('id', 'in', [...ids]).execute()).map(fromRow)),
    list: async (filter) => {
      let query = sifted(all, filter).where('kind', '=', filter.kind);
      if (filter.name !== undefined) query = query.where('name_key', '=', emailKey(filter.name));
      if (filter.status !== undefined) query = query.where('status', '=', filter.status);
      const after = decodeCursor(filter.cursor);
      if (after !== undefined) query = query.where('name_key', '>', after.key);
      const rows = await query
        .orderBy('name_key')
        .limit(filter.limit + 1)
        .execute();
      return toPage(rows, filter, { item: fromRow, cursor: (row) => ({ key: row.name_key, id: row.id }) });
    },
    setStatus: async (id, status) => void (await db.updateTable('identities').set({ status }).where('id', '=', id).execute()),
    setLastLogin: async (id, at) => void (await db.updateTable('identities').set({ last_login_at: at }).where('id', '=', id).execute()),
    remove: async (id) => void (await db.deleteFrom('identities').where('id', '=', id).execute()),
  };
}

const selectAll = (db: Handle) => db.selectFrom('identities').selectAll();

/**
 * By what other tables say of each, looked up one by one on the way through the names: the page is full long before all were asked. Accounts are counted, for
 * an `exists` is turned round by some (SQLite, measured): everybody at a provider is looked up and sorted then.
 */
function sifted(all: ReturnType<typeof selectAll>, { search, provider, group }: IdentityFilter): ReturnType<typeof selectAll> {
  let query = all;
  if (search !== undefined) query = query.where(holdsText(sql.ref('name_key'), emailKey(search)));
  if (provider === 'local')
    query = query.where((eb) =>
      eb.exists(eb.selectFrom('passwords').select('identity_id').whereRef('passwords.identity_id', '=', 'identities.id')),
    );
  else if (provider !== undefined)
    query = query.where(
      (eb) =>
        eb
          .selectFrom('accounts')
          .select(({ fn }) => fn.countAll<number>().as('count'))
          .whereRef('accounts.identity_id', '=', 'identities.id')
          .where('accounts.provider_id', '=', eb.selectFrom('identity_providers').select('id').where('name', '=', provider))
          .where('accounts.state', '!=', 'unlinked'),
      '>',
      0,
    );
  if (group !== undefined)
    query = query.where((eb) =>
      eb.exists(
        eb
          .selectFrom('group_members')
          .select('group_id')
          .where('group_id', '=', group)
          .whereRef('group_members.identity_id', '=', 'identities.id'),
      ),
    );
  return query;
}

const toRow = (identity: Identity): Database['identities'] => ({
  id: identity.id,
  kind: identity.kind,
  name: identity.name,
  name_key: emailKey(identity.name),
  status: identity.status,
  created_at: identity.createdAt,
  last_login_at: identity.lastLoginAt,
});

// Rows were checked on their way in: ids, kinds and statuses are of these types.
const fromRow = (row: Database['identities']): Identity => ({
  id: row.id as IdentityId,
  kind: row.kind as IdentityKind,
  name: row.name,
  status: row.status as IdentityStatus,
  createdAt: row.created_at,
  lastLoginAt: row.last_login_at,
});
const fromOptional = (row: Database['identities'] | undefined): Identity | undefined => (row === undefined ? undefined : fromRow(row));
