/** Refresh tokens of accounts with open sessions, sealed, each with the moment at which its provider is to be asked anew. One an account. */
import type { ExpressionBuilder } from 'kysely';
import type { AccountId, ProviderId } from '../../shared/api/values.ts';
import type { Handle } from '../storage/database.ts';
import type { Database } from '../storage/schema.ts';

export interface RefreshToken {
  readonly accountId: AccountId;
  readonly providerId: ProviderId;
  readonly sealedToken: string;
  readonly dueAt: string;
  /** In a row. */
  readonly failures: number;
  /** One sentence of ours. */
  readonly lastFailure: string | null;
}

export interface FailingProvider {
  readonly providerId: ProviderId;
  readonly accounts: number;
  readonly failing: number;
  /** One sentence of ours, of one of them. */
  readonly lastFailure: string | null;
}

export interface RefreshTokenStore {
  /** Instead of the one that was. */
  keep(token: RefreshToken): Promise<void>;
  find(accountId: string): Promise<RefreshToken | undefined>;
  /** That nobody is asking by, the longest overdue first. */
  due(now: string, limit: number): Promise<RefreshToken[]>;
  /** Of two that race one may ask: a token that is used twice can be void for it. False: not this one, or the token is another by now. */
  claim(token: RefreshToken, now: string, until: string): Promise<boolean>;
  ofProvider(providerId: string): Promise<RefreshToken[]>;
  /** By provider: how many people it is asked about, and about how many it could not be asked the last time. Those without a failure are left out. */
  failing(): Promise<FailingProvider[]>;
  makeDue(providerId: string, at: string): Promise<void>;
  /** All of a provider's that are due, and nobody is asking by. */
  postpone(providerId: string, now: string, until: string): Promise<void>;
  remove(accountId: string): Promise<void>;
  /** Everybody's there, or one user's. */
  removeOfProvider(of: { readonly providerId: string; readonly identityId?: string }): Promise<void>;
  removeOfIdentity(identityId: string): Promise<void>;
  removeEverything(): Promise<void>;
}

export function createRefreshTokenStore(db: Handle): RefreshTokenStore {
  const all = db.selectFrom('refresh_tokens').selectAll();
  const accountsOf = (identityId: string) => db.selectFrom('accounts').select('id').where('identity_id', '=', identityId);
  const remove = async (accountId: string): Promise<void> =>
    void (await db.deleteFrom('refresh_tokens').where('account_id', '=', accountId).execute());
  return {
    keep: async (token) => {
      await remove(token.accountId);
      await db.insertInto('refresh_tokens').values(toRow(token)).execute();
    },
    find: async (accountId) => {
      const row = await all.where('account_id', '=', accountId).executeTakeFirst();
      return row === undefined ? undefined : fromRow(row);
    },
    due: async (now, limit) =>
      (await all.where('due_at', '<=', now).where(unclaimed(now)).orderBy('due_at').limit(limit).execute()).map(fromRow),
    claim: async (token, now, until) => {
      const taken = await db
        .updateTable('refresh_tokens')
        .set({ claimed_until: until })
        .where('account_id', '=', token.accountId)
        .where('sealed_token', '=', token.sealedToken)
        .where(unclaimed(now))
        .executeTakeFirst();
      return taken.numUpdatedRows === 1n;
    },
    ofProvider: async (providerId) => (await all.where('provider_id', '=', providerId).orderBy('account_id').execute()).map(fromRow),
    failing: async () => {
      const rows = await db
        .selectFrom('refresh_tokens')
        .select('provider_id')
        .select(({ fn, eb }) => [
          fn.countAll<number>().as('accounts'),
          fn.sum<number>(eb.case().when('failures', '>', 0).then(1).else(0).end()).as('failing'),
          fn.max('last_failure').as('last_failure'),
        ])
        .groupBy('provider_id')
        .execute();
      return rows
        .map((row) => ({
          providerId: row.provider_id as ProviderId,
          accounts: row.accounts,
          failing: row.failing,
          lastFailure: row.last_failure,
        }))
        .filter(({ failing }) => failing > 0);
    },
    makeDue: async (providerId, at) =>
      void (await db.updateTable('refresh_tokens').set({ due_at: at }).where('provider_id', '=', providerId).execute()),
    postpone: async (providerId, now, until) =>
      void (await db
        .updateTable('refresh_tokens')
        .set({ due_at: until })
        .where('provider_id', '=', providerId)
        .where('due_at', '<=', now)
        .where(unclaimed(now))
        .execute()),
    remove,
    removeOfProvider: async ({ providerId, identityId }) => {
      const there = db.deleteFrom('refresh_tokens').where('provider_id', '=', providerId);
      await (identityId === undefined ? there : there.where('account_id', 'in', accountsOf(identityId))).execute();
    },
    removeOfIdentity: async (identityId) =>
      void (await db.deleteFrom('refresh_tokens').where('account_id', 'in', accountsOf(identityId)).execute()),
    removeEverything: async () => void (await db.deleteFrom('refresh_tokens').execute()),
  };
}

const unclaimed = (now: string) => (where: ExpressionBuilder<Database, 'refresh_tokens'>) =>
  where.or([where('claimed_until', 'is', null), where('claimed_until', '<=', now)]);

const toRow = (token: RefreshToken): Database['refresh_tokens'] => ({
  account_id: token.accountId,
  provider_id: token.providerId,
  sealed_token: token.sealedToken,
  due_at: token.dueAt,
  claimed_until: null,
  failures: token.failures,
  last_failure: token.lastFailure,
});

// Rows were checked on their way in.
const fromRow = (row: Database['refresh_tokens']): RefreshToken => ({
  accountId: row.account_id as AccountId,
  providerId: row.provider_id as ProviderId,
  sealedToken: row.sealed_token,
  dueAt: row.due_at,
  failures: row.failures,
  lastFailure: row.last_failure,
});
