/** Logins by browser under way. Each step is a conditional update, so of two that race one goes on. */
import type { AccountId, ProviderId } from '../../shared/api/values.ts';
import type { Handle } from '../storage/database.ts';
import type { Database } from '../storage/schema.ts';
import { hashSecret } from './secrets.ts';

export interface BrowserLogin {
  readonly id: string;
  readonly providerId: ProviderId;
  /** What must be the same when the person comes back from the provider; sealed. */
  readonly sealedChecks: string;
  /** Of the CLI: its listener on 127.0.0.1, the value it expects back, the S256 of its verifier. */
  readonly cli: { readonly port: number; readonly state: string; readonly challenge: string };
  readonly createdAt: string;
  readonly expiresAt: string;
}

/** With the account that it came to, and what the provider calls it. */
export interface ArrivedLogin extends BrowserLogin {
  readonly accountId: AccountId;
  readonly sealedOrigin: string;
}

export interface BrowserLoginStore {
  /** `state` goes to the provider and comes back; `browser` is the secret of the one browser it may come back from. */
  insert(login: BrowserLogin, secrets: { readonly state: string; readonly browser: string }): Promise<void>;
  /** The login that this browser began, if nobody has come back yet and it is not over. */
  findWaiting(secrets: { readonly state: string; readonly browser: string }, now: string): Promise<BrowserLogin | undefined>;
  /** False when somebody came back already. */
  comeBack(id: string, at: string): Promise<boolean>;
  giveCode(
    id: string,
    given: { readonly code: string; readonly accountId: AccountId; readonly sealedOrigin: string; readonly expiresAt: string },
  ): Promise<void>;
  /** Uses the code up, whoever shows it; undefined when it is unknown, used or over. */
  exchange(code: string, now: string): Promise<ArrivedLogin | undefined>;
  /** Those at a provider whose code is given and not used. */
  arrived(providerId: string, now: string): Promise<readonly ArrivedLogin[]>;
  /** Its code opens nothing any more. */
  voidCode(id: string, at: string): Promise<void>;
  prune(before: string): Promise<void>;
  removeEverything(): Promise<void>;
}

export function createBrowserLoginStore(db: Handle): BrowserLoginStore {
  return {
    insert: async (login, secrets) => void (await db.insertInto('browser_logins').values(toRow(login, secrets)).execute()),
    findWaiting: async ({ state, browser }, now) => {
      const row = await db
        .selectFrom('browser_logins')
        .selectAll()
        .where('state_hash', '=', hashSecret(state))
        .where('browser_hash', '=', hashSecret(browser))
        .where('returned_at', 'is', null)
        .where('expires_at', '>', now)
        .executeTakeFirst();
      return row === undefined ? undefined : fromRow(row);
    },
    comeBack: async (id, at) => {
      const taken = await db
        .updateTable('browser_logins')
        .set({ returned_at: at })
        .where('id', '=', id)
        .where('returned_at', 'is', null)
        .executeTakeFirst();
      return taken.numUpdatedRows === 1n;
    },
    giveCode: async (id, { code, accountId, sealedOrigin, expiresAt }) =>
      void (await db
        .updateTable('browser_logins')
        .set({ code_hash: hashSecret(code), account_id: accountId, sealed_origin: sealedOrigin, code_expires_at: expiresAt })
        .where('id', '=', id)
        .execute()),
    exchange: async (code, now) => {
      const taken = await db
        .updateTable('browser_logins')
        .set({ exchanged_at: now })
        .where('code_hash', '=', hashSecret(code))
        .where('exchanged_at', 'is', null)
        .where('code_expires_at', '>', now)
        .executeTakeFirst();
      if (taken.numUpdatedRows !== 1n) return undefined;
      const row = await db.selectFrom('browser_logins').selectAll().where('code_hash', '=', hashSecret(code)).executeTakeFirstOrThrow();
      return fromArrivedRow(row);
    },
    arrived: async (providerId, now) => {
      const rows = await db
        .selectFrom('browser_logins')
        .selectAll()
        .where('provider_id', '=', providerId)
        .where('exchanged_at', 'is', null)
        .where('code_expires_at', '>', now)
        .execute();
      return rows.map(fromArrivedRow);
    },
    voidCode: async (id, at) =>
      void (await db
        .updateTable('browser_logins')
        .set({ exchanged_at: at })
        .where('id', '=', id)
        .where('exchanged_at', 'is', null)
        .execute()),
    prune: async (before) => void (await db.deleteFrom('browser_logins').where('expires_at', '<', before).execute()),
    removeEverything: async () => void (await db.deleteFrom('browser_logins').execute()),
  };
}

const toRow = (login: BrowserLogin, secrets: { readonly state: string; readonly browser: string }): Database['browser_logins'] => ({
  id: login.id,
  state_hash: hashSecret(secrets.state),
  browser_hash: hashSecret(secrets.browser),
  provider_id: login.providerId,
  sealed_checks: login.sealedChecks,
  port: login.cli.port,
  cli_state: login.cli.state,
  cli_challenge: login.cli.challenge,
  created_at: login.createdAt,
  expires_at: login.expiresAt,
  returned_at: null,
  code_hash: null,
  account_id: null,
  code_expires_at: null,
  exchanged_at: null,
  sealed_origin: null,
});

// Rows were checked on their way in.
const fromRow = (row: Database['browser_logins']): BrowserLogin => ({
  id: row.id,
  providerId: row.provider_id as ProviderId,
  sealedChecks: row.sealed_checks,
  cli: { port: row.port, state: row.cli_state, challenge: row.cli_challenge },
  createdAt: row.created_at,
  expiresAt: row.expires_at,
});

/** A code is given together with both. */
const fromArrivedRow = (row: Database['browser_logins']): ArrivedLogin => ({
  ...fromRow(row),
  accountId: row.account_id as AccountId,
  sealedOrigin: row.sealed_origin ?? '',
});
