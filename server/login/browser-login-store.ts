/** Logins by browser under way. Each step is a conditional update, so of two that race one goes on. */
import { fromTime, toTime } from '../../shared/clock.ts';
import type { AccountId, ProviderId, SecondFactorId, UserId } from '../../shared/api/values.ts';
import type { Handle } from '../storage/database.ts';
import type { Database } from '../storage/schema.ts';
import type { LoginPurpose } from './login-purpose-rules.ts';
import { hashSecret } from './secrets.ts';

export interface BrowserLogin {
  readonly id: string;
  readonly purpose: LoginPurpose;
  /** Where the person was sent, and what must be the same when they come back from there, sealed; undefined: our own pages ask them. */
  readonly provider: { readonly id: ProviderId; readonly sealedChecks: string } | undefined;
  readonly createdAt: string;
  readonly expiresAt: string;
}

/** Who it was. */
export type Arrival =
  /** Of a provider, with what it calls this login; `mfaAt`: when it asked for a second factor that counts here, ms since 1970. */
  | { readonly kind: 'account'; readonly accountId: AccountId; readonly sealedOrigin: string; readonly mfaAt: number | undefined }
  /** Of our own; `mfaAt`: when a second factor was proven on the way; `passkeyId`: which passkey was all of it, undefined: a password came first. */
  | {
      readonly kind: 'user';
      readonly userId: UserId;
      readonly mfaAt: number | undefined;
      readonly passkeyId: SecondFactorId | undefined;
    };

export interface ArrivedLogin extends BrowserLogin {
  readonly arrival: Arrival;
}

/** From the link to the person's arrival. */
export const browserLoginSeconds = 600;
/** Whose logins: a person's, of an account, of a provider; of these as well one person's. */
export interface ArrivalOrigin {
  readonly identityId?: string;
  readonly accountId?: string;
  readonly providerId?: string;
}

interface Secrets {
  /** Goes to the provider, or into our form, and comes back. */
  readonly state: string;
  /** Of the one browser it may come back from. */
  readonly browser: string;
}

export interface BrowserLoginStore {
  insert(login: BrowserLogin, secrets: Secrets): Promise<void>;
  /** The login that this browser began, if nobody has come back yet and it is not over. */
  findWaiting(secrets: Secrets, now: string): Promise<BrowserLogin | undefined>;
  /** False when somebody came back already. */
  comeBack(id: string, at: string): Promise<boolean>;
  giveCode(id: string, given: { readonly code: string; readonly arrival: Arrival; readonly expiresAt: string }): Promise<void>;
  /** Uses the code up, whoever shows it; undefined when it is unknown, used or over. */
  exchange(code: string, now: string): Promise<ArrivedLogin | undefined>;
  /** The one with this code, which stays as it is. */
  findArrived(code: string, now: string): Promise<ArrivedLogin | undefined>;
  /** Uses its code up, without knowing it. */
  takeArrived(id: string, now: string): Promise<ArrivedLogin | undefined>;
  /** Those at a provider whose code is given and not used. */
  arrivedFrom(providerId: string, now: string): Promise<readonly { readonly id: string; readonly sealedOrigin: string }[]>;
  /** Its code opens nothing any more. */
  voidCode(id: string, at: string): Promise<void>;
  /** Nor do those of whoever loses all sessions that came from there. */
  voidArrivals(of: ArrivalOrigin, at: string): Promise<void>;
  prune(before: string): Promise<void>;
  removeEverything(): Promise<void>;
}

export function createBrowserLoginStore(db: Handle): BrowserLoginStore {
  const live = (now: string) =>
    db.selectFrom('browser_logins').selectAll().where('exchanged_at', 'is', null).where('code_expires_at', '>', now);
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
    giveCode: async (id, { code, arrival, expiresAt }) =>
      void (await db
        .updateTable('browser_logins')
        .set({ code_hash: hashSecret(code), code_expires_at: expiresAt, ...toArrivalColumns(arrival) })
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
    findArrived: async (code, now) => {
      const row = await live(now).where('code_hash', '=', hashSecret(code)).executeTakeFirst();
      return row === undefined ? undefined : fromArrivedRow(row);
    },
    takeArrived: async (id, now) => {
      const row = await live(now).where('id', '=', id).executeTakeFirst();
      const taken = await db
        .updateTable('browser_logins')
        .set({ exchanged_at: now })
        .where('id', '=', id)
        .where('exchanged_at', 'is', null)
        .executeTakeFirst();
      return row === undefined || taken.numUpdatedRows !== 1n ? undefined : fromArrivedRow(row);
    },
    arrivedFrom: async (providerId, now) => {
      const rows = await db
        .selectFrom('browser_logins')
        .select(['id', 'sealed_origin'])
        .where('provider_id', '=', providerId)
        .where('exchanged_at', 'is', null)
        .where('code_expires_at', '>', now)
        .execute();
      return rows.map(({ id, sealed_origin: sealedOrigin }) => ({ id, sealedOrigin: sealedOrigin ?? '' }));
    },
    voidCode: async (id, at) =>
      void (await db
        .updateTable('browser_logins')
        .set({ exchanged_at: at })
        .where('id', '=', id)
        .where('exchanged_at', 'is', null)
        .execute()),
    voidArrivals: async ({ identityId, accountId, providerId }, at) => {
      let accounts = db.selectFrom('accounts').select('id');
      if (identityId !== undefined) accounts = accounts.where('identity_id', '=', identityId);
      if (accountId !== undefined) accounts = accounts.where('id', '=', accountId);
      if (providerId !== undefined) accounts = accounts.where('provider_id', '=', providerId);
      const isOwn = accountId === undefined && providerId === undefined && identityId !== undefined;
      await db
        .updateTable('browser_logins')
        .set({ exchanged_at: at })
        .where('exchanged_at', 'is', null)
        .where((is) => is.or([is('account_id', 'in', accounts), ...(isOwn ? [is('identity_id', '=', identityId)] : [])]))
        .execute();
    },
    prune: async (before) => void (await db.deleteFrom('browser_logins').where('expires_at', '<', before).execute()),
    removeEverything: async () => void (await db.deleteFrom('browser_logins').execute()),
  };
}

type Row = Database['browser_logins'];
type ArrivalColumns = Pick<Row, 'account_id' | 'sealed_origin' | 'identity_id' | 'mfa_at' | 'passkey_id'>;

const noArrival: ArrivalColumns = { account_id: null, sealed_origin: null, identity_id: null, mfa_at: null, passkey_id: null };

function toArrivalColumns(arrival: Arrival): ArrivalColumns {
  const proven = { ...noArrival, mfa_at: arrival.mfaAt === undefined ? null : toTime(arrival.mfaAt) };
  return arrival.kind === 'account'
    ? { ...proven, account_id: arrival.accountId, sealed_origin: arrival.sealedOrigin }
    : { ...proven, identity_id: arrival.userId, passkey_id: arrival.passkeyId ?? null };
}

const toRow = (login: BrowserLogin, secrets: Secrets): Row => ({
  id: login.id,
  state_hash: hashSecret(secrets.state),
  browser_hash: hashSecret(secrets.browser),
  purpose: JSON.stringify(login.purpose),
  provider_id: login.provider?.id ?? null,
  sealed_checks: login.provider?.sealedChecks ?? null,
  created_at: login.createdAt,
  expires_at: login.expiresAt,
  returned_at: null,
  code_hash: null,
  code_expires_at: null,
  exchanged_at: null,
  ...noArrival,
});

// Rows were checked on their way in.
const fromRow = (row: Row): BrowserLogin => ({
  id: row.id,
  purpose: JSON.parse(row.purpose) as LoginPurpose,
  provider: row.provider_id === null ? undefined : { id: row.provider_id as ProviderId, sealedChecks: row.sealed_checks ?? '' },
  createdAt: row.created_at,
  expiresAt: row.expires_at,
});

/** A code is given together with who arrived. */
const fromArrivedRow = (row: Row): ArrivedLogin => ({ ...fromRow(row), arrival: toArrival(row) });

function toArrival(row: Row): Arrival {
  const mfaAt = row.mfa_at === null ? undefined : fromTime(row.mfa_at);
  return row.account_id === null
    ? { kind: 'user', userId: row.identity_id as UserId, mfaAt, passkeyId: (row.passkey_id as SecondFactorId | null) ?? undefined }
    : { kind: 'account', accountId: row.account_id as AccountId, sealedOrigin: row.sealed_origin ?? '', mfaAt };
}
