/** Logins that try an identity provider. Taking the link and writing down what came are conditional updates: each happens once. */
import type { LoginTestResult } from '../../shared/api/provider-login-tests.ts';
import type { IdentityId, ProviderId, ProviderLoginTestId, SessionId } from '../../shared/api/values.ts';
import type { Handle } from '../storage/database.ts';
import type { Database } from '../storage/schema.ts';
import { hashSecret } from './secrets.ts';

export interface ProviderLoginTest {
  readonly id: ProviderLoginTestId;
  readonly providerId: ProviderId;
  readonly begunBy: IdentityId;
  /** Of who began it: with that session the link ends. */
  readonly sessionId: SessionId;
  readonly createdAt: string;
  readonly expiresAt: string;
  readonly usedAt: string | null;
  readonly result: LoginTestResult | null;
}

export interface ProviderLoginTestStore {
  insert(test: ProviderLoginTest, ticket: string): Promise<void>;
  find(id: string): Promise<ProviderLoginTest | undefined>;
  /** The one whose link this is, if nobody used it and it is not over. */
  findUnused(ticket: string, now: string): Promise<ProviderLoginTest | undefined>;
  /** False when somebody used the link already. */
  use(id: string, at: string): Promise<boolean>;
  /** False when it is over, or something was written down already. */
  conclude(id: string, result: LoginTestResult, now: string): Promise<boolean>;
  prune(before: string): Promise<void>;
  removeEverything(): Promise<void>;
}

export function createProviderLoginTestStore(db: Handle): ProviderLoginTestStore {
  const all = db.selectFrom('provider_login_tests').selectAll();
  return {
    insert: async (test, ticket) => void (await db.insertInto('provider_login_tests').values(toRow(test, ticket)).execute()),
    find: async (id) => fromOptional(await all.where('id', '=', id).executeTakeFirst()),
    findUnused: async (ticket, now) =>
      fromOptional(
        await all
          .where('ticket_hash', '=', hashSecret(ticket))
          .where('used_at', 'is', null)
          .where('expires_at', '>', now)
          .executeTakeFirst(),
      ),
    use: async (id, at) => {
      const taken = await db
        .updateTable('provider_login_tests')
        .set({ used_at: at })
        .where('id', '=', id)
        .where('used_at', 'is', null)
        .executeTakeFirst();
      return taken.numUpdatedRows === 1n;
    },
    conclude: async (id, result, now) => {
      const taken = await db
        .updateTable('provider_login_tests')
        .set({ result: JSON.stringify(result) })
        .where('id', '=', id)
        .where('result', 'is', null)
        .where('expires_at', '>', now)
        .executeTakeFirst();
      return taken.numUpdatedRows === 1n;
    },
    prune: async (before) => void (await db.deleteFrom('provider_login_tests').where('expires_at', '<', before).execute()),
    removeEverything: async () => void (await db.deleteFrom('provider_login_tests').execute()),
  };
}

const toRow = (test: ProviderLoginTest, ticket: string): Database['provider_login_tests'] => ({
  id: test.id,
  ticket_hash: hashSecret(ticket),
  provider_id: test.providerId,
  begun_by: test.begunBy,
  session_id: test.sessionId,
  created_at: test.createdAt,
  expires_at: test.expiresAt,
  used_at: test.usedAt,
  result: test.result === null ? null : JSON.stringify(test.result),
});

// Rows were checked on their way in.
const fromRow = (row: Database['provider_login_tests']): ProviderLoginTest => ({
  id: row.id as ProviderLoginTestId,
  providerId: row.provider_id as ProviderId,
  begunBy: row.begun_by as IdentityId,
  sessionId: row.session_id as SessionId,
  createdAt: row.created_at,
  expiresAt: row.expires_at,
  usedAt: row.used_at,
  result: row.result === null ? null : (JSON.parse(row.result) as LoginTestResult),
});
const fromOptional = (row: Database['provider_login_tests'] | undefined): ProviderLoginTest | undefined =>
  row === undefined ? undefined : fromRow(row);
