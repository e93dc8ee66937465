/** Accounts: who a person is at an identity provider. Found by (provider, subject), which the provider never gives to another; bound to one user. */
import type { AccountId, IdentityId, ProviderId } from '../../shared/api/values.ts';
import type { Handle } from '../storage/database.ts';
import type { Database } from '../storage/schema.ts';

export type AccountState = 'active' | 'ended' | 'unlinked';

export interface Account {
  readonly id: AccountId;
  readonly providerId: ProviderId;
  readonly subject: string;
  readonly identityId: IdentityId;
  /** As the provider last gave it; it finds nobody. */
  readonly email: string;
  /** `ended`: the provider's end, or its "no", closed this way in; the next login opens it again. `unlinked`: none does, until an admin says so. */
  readonly state: AccountState;
  readonly groupsRead: number | null;
  /** What the provider said last, as its person may see it. */
  readonly claims: Readonly<Record<string, unknown>> | null;
  /** When the provider last told them; null: it never did. */
  readonly groupsAt: string | null;
  readonly createdAt: string;
  readonly lastLoginAt: string;
}

/** As an admin reads it beside its user. */
export interface ShownAccount extends Pick<Account, 'identityId' | 'state' | 'lastLoginAt'> {
  readonly provider: string;
}

export type Said = Pick<Account, 'email'> & { readonly claims: Readonly<Record<string, unknown>> };

export interface AccountStore {
  insert(account: Account): Promise<void>;
  find(id: string): Promise<Account | undefined>;
  findBySubject(providerId: string, subject: string): Promise<Account | undefined>;
  ofIdentity(identityId: string): Promise<Account[]>;
  ofProvider(providerId: string): Promise<Account[]>;
  shownOf(identityIds: readonly string[]): Promise<ShownAccount[]>;
  /** Users whose account there was taken off. */
  unlinkedAt(providerId: string): Promise<ReadonlySet<string>>;
  /** Those that last logged in with this address; for what the same provider says of them, never for a login. */
  withEmail(providerId: string, email: string): Promise<Account[]>;
  /** The one with the latest login. */
  latestOf(providerId: string): Promise<Account | undefined>;
  /** Notes a login: the way in is open. */
  loggedIn(id: string, said: Said & { readonly at: string }): Promise<void>;
  /** What the provider says between logins. */
  seen(id: string, said: Said): Promise<void>;
  /** `count`: null when the claim was not there. */
  groupsTold(id: string, told: { readonly count: number | null; readonly at: string }): Promise<void>;
  end(id: string): Promise<void>;
  unlink(id: string): Promise<void>;
  /** Ended, until the next login. */
  relink(id: string): Promise<void>;
  endOfProvider(providerId: string): Promise<void>;
  /** Of one user there. What is unlinked stays so, whatever ends. */
  endAt(providerId: string, identityId: string): Promise<void>;
  /** Not what is unlinked: who is forgotten there and comes back would be let in past that. */
  removeAt(providerId: string, identityId: string): Promise<void>;
  removeOfProvider(providerId: string): Promise<void>;
  removeOfIdentity(identityId: string): Promise<void>;
}

export function createAccountStore(db: Handle): AccountStore {
  const all = db.selectFrom('accounts').selectAll();
  const ending = db.updateTable('accounts').set({ state: 'ended' }).where('state', '!=', 'unlinked');
  return {
    insert: async (account) => void (await db.insertInto('accounts').values(toRow(account)).execute()),
    find: async (id) => fromOptional(await all.where('id', '=', id).executeTakeFirst()),
    findBySubject: async (providerId, subject) =>
      fromOptional(await all.where('provider_id', '=', providerId).where('subject', '=', subject).executeTakeFirst()),
    ofIdentity: async (identityId) => (await all.where('identity_id', '=', identityId).orderBy('id').execute()).map(fromRow),
    ofProvider: async (providerId) => (await all.where('provider_id', '=', providerId).orderBy('id').execute()).map(fromRow),
    shownOf: async (identityIds) => {
      if (identityIds.length === 0) return [];
      const rows = await db
        .selectFrom('accounts')
        .innerJoin('identity_providers', 'identity_providers.id', 'accounts.provider_id')
        .select(['identity_id', 'identity_providers.name as provider', 'state', 'last_login_at'])
        .where('identity_id', 'in', [...identityIds])
        .orderBy('identity_providers.name')
        .execute();
      return rows.map(({ provider, ...row }) => ({ provider, ...shownFromRow(row) }));
    },
    unlinkedAt: async (providerId) => {
      const unlinked = db
        .selectFrom('accounts')
        .select('identity_id')
        .where('provider_id', '=', providerId)
        .where('state', '=', 'unlinked');
      return new Set((await unlinked.execute()).map((row) => row.identity_id));
    },
    latestOf: async (providerId) =>
      fromOptional(
        await all.where('provider_id', '=', providerId).orderBy('last_login_at', 'desc').orderBy('id', 'desc').executeTakeFirst(),
      ),
    loggedIn: async (id, { at, ...said }) =>
      void (await db
        .updateTable('accounts')
        .set({ ...saidToRow(said), last_login_at: at, state: 'active' })
        .where('id', '=', id)
        .execute()),
    seen: async (id, said) => void (await db.updateTable('accounts').set(saidToRow(said)).where('id', '=', id).execute()),
    groupsTold: async (id, { count, at }) =>
      void (await db.updateTable('accounts').set({ groups_read: count, groups_at: at }).where('id', '=', id).execute()),
    end: async (id) => void (await ending.where('id', '=', id).execute()),
    unlink: async (id) => void (await db.updateTable('accounts').set({ state: 'unlinked', claims: null }).where('id', '=', id).execute()),
    relink: async (id) => void (await db.updateTable('accounts').set({ state: 'ended' }).where('id', '=', id).execute()),
    withEmail: async (providerId, email) =>
      (
        await all
          .where('provider_id', '=', providerId)
          .where((eb) => eb(eb.fn<string>('lower', ['email']), '=', email.toLowerCase()))
          .execute()
      ).map(fromRow),
    endAt: async (providerId, identityId) =>
      void (await ending.where('provider_id', '=', providerId).where('identity_id', '=', identityId).execute()),
    removeAt: async (providerId, identityId) =>
      void (await db
        .deleteFrom('accounts')
        .where('provider_id', '=', providerId)
        .where('identity_id', '=', identityId)
        .where('state', '!=', 'unlinked')
        .execute()),
    endOfProvider: async (providerId) => void (await ending.where('provider_id', '=', providerId).execute()),
    removeOfProvider: async (providerId) => void (await db.deleteFrom('accounts').where('provider_id', '=', providerId).execute()),
    removeOfIdentity: async (identityId) => void (await db.deleteFrom('accounts').where('identity_id', '=', identityId).execute()),
  };
}

const saidToRow = ({ email, claims }: Said) => ({ email, claims: JSON.stringify(claims) });

const toRow = (account: Account): Database['accounts'] => ({
  id: account.id,
  provider_id: account.providerId,
  subject: account.subject,
  identity_id: account.identityId,
  email: account.email,
  state: account.state,
  groups_read: account.groupsRead,
  claims: account.claims === null ? null : JSON.stringify(account.claims),
  groups_at: account.groupsAt,
  created_at: account.createdAt,
  last_login_at: account.lastLoginAt,
});

// Rows were checked on their way in.
const fromRow = (row: Database['accounts']): Account => ({
  id: row.id as AccountId,
  providerId: row.provider_id as ProviderId,
  subject: row.subject,
  identityId: row.identity_id as IdentityId,
  email: row.email,
  state: row.state as AccountState,
  groupsRead: row.groups_read,
  claims: row.claims === null ? null : (JSON.parse(row.claims) as Record<string, unknown>),
  groupsAt: row.groups_at,
  createdAt: row.created_at,
  lastLoginAt: row.last_login_at,
});
const shownFromRow = (row: Pick<Database['accounts'], 'identity_id' | 'state' | 'last_login_at'>) => ({
  identityId: row.identity_id as IdentityId,
  state: row.state as AccountState,
  lastLoginAt: row.last_login_at,
});
const fromOptional = (row: Database['accounts'] | undefined): Account | undefined => (row === undefined ? undefined : fromRow(row));
