import type { AccessKeyId, AccountId, IdentityId, SessionId, TrustRuleId } from '../../shared/api/values.ts';
import type { Page, PageRequest } from '../../shared/api/pagination.ts';
import type { SessionClient, SessionMethod } from '../../shared/api/sessions.ts';
import type { Handle } from '../storage/database.ts';
import { decodeCursor, toPage } from '../storage/page.ts';
import type { Database } from '../storage/schema.ts';
import type { IdentityKind, IdentityStatus } from '../identity/identity-store.ts';

export interface SessionRecord {
  readonly id: SessionId;
  readonly identityId: IdentityId;
  readonly method: SessionMethod;
  readonly client: SessionClient;
  readonly accessKeyId: AccessKeyId | null;
  /** The account at an identity provider that it came from. */
  readonly accountId: AccountId | null;
  /** The trust rule by which a workload's token opened it. */
  readonly trustRuleId: TrustRuleId | null;
  readonly createdAt: string;
  readonly expiresAt: string;
  readonly idleSeconds: number | null;
  readonly lastUsedAt: string;
  readonly endedAt: string | null;
  /** When a second factor was last proven in it. */
  readonly mfaAt: string | null;
  readonly sourceAddress: string;
  readonly userAgent: string;
}
/** A session with its owner, as authentication needs them in one read. */
export interface OwnedSession extends SessionRecord {
  readonly owner: { readonly kind: IdentityKind; readonly name: string; readonly status: IdentityStatus };
  /** The provider's name, while it is there. */
  readonly provider: string | null;
}
export interface SessionFilter extends PageRequest {
  readonly identityId?: string | undefined;
  /** Only sessions that are live at this time. */
  readonly liveAt?: string | undefined;
}

export type SessionOrigin =
  | { readonly identityId: string }
  | { readonly accessKeyId: string }
  | { readonly accountId: string }
  | { readonly trustRuleId: string }
  /** Of accounts there: everybody's, or one user's. */
  | { readonly providerId: string; readonly identityId?: string };

export interface SessionStore {
  insert(session: SessionRecord, secretHash: string): Promise<void>;
  findBySecret(secretHash: string): Promise<OwnedSession | undefined>;
  find(id: string): Promise<OwnedSession | undefined>;
  /** Newest first. */
  list(filter: SessionFilter): Promise<Page<OwnedSession>>;
  touch(id: string, at: string): Promise<void>;
  setMfaAt(ids: readonly string[], at: string | null): Promise<void>;
  /** When a second factor was last proven in any session of this person that is live at a time. */
  lastMfaAt(identityId: string, liveAt: string): Promise<string | null>;
  /** Whose sessions, live at a time, were used since another. */
  countPeopleSince(since: string, liveAt: string): Promise<number>;
  /** Sessions that nobody ended: of an identity, of an access key, of an account, of a trust rule, or of all accounts at a provider. */
  openOf(owner: SessionOrigin): Promise<OwnedSession[]>;
  end(ids: readonly string[], at: string, because: string): Promise<void>;
  /** Forgets what ended or expired before a time. */
  prune(before: string): Promise<void>;
  endEverything(at: string, because: string): Promise<void>;
}

export function createSessionStore(db: Handle): SessionStore {
  const owned = db
    .selectFrom('sessions')
    .innerJoin('identities', 'identities.id', 'sessions.identity_id')
    .leftJoin('accounts', 'accounts.id', 'sessions.account_id')
    .leftJoin('identity_providers', 'identity_providers.id', 'accounts.provider_id')
    .selectAll('sessions')
    .select('identity_providers.name as provider_name')
    .select(['identities.kind as owner_kind', 'identities.name as owner_name', 'identities.status as owner_status']);
  return {
    insert: async (session, secretHash) => void (await db.insertInto('sessions').values(toRow(session, secretHash)).execute()),
    findBySecret: async (secretHash) => fromOptional(await owned.where('secret_hash', '=', secretHash).executeTakeFirst()),
    find: async (id) => fromOptional(await owned.where('sessions.id', '=', id).executeTakeFirst()),
    list: async (filter) => {
      let query = owned;
      if (filter.identityId !== undefined) query = query.where('sessions.identity_id', '=', filter.identityId);
      if (filter.liveAt !== undefined) query = query.where('ended_at', 'is', null).where('sessions.expires_at', '>', filter.liveAt);
      const after = decodeCursor(filter.cursor);
      if (after !== undefined) query = query.where('sessions.id', '<', after.id);
      const rows = await query
        .orderBy('sessions.id', 'desc')
        .limit(filter.limit + 1)
        .execute();
      return toPage(rows, filter, { item: fromRow, cursor: (row) => ({ key: '', id: row.id }) });
    },
    touch: async (id, at) => void (await db.updateTable('sessions').set({ last_used_at: at }).where('id', '=', id).execute()),
    setMfaAt: async (ids, at) => {
      if (ids.length > 0)
        await db
          .updateTable('sessions')
          .set({ mfa_at: at })
          .where('id', 'in', [...ids])
          .execute();
    },
    lastMfaAt: async (identityId, liveAt) => {
      const row = await db
        .selectFrom('sessions')
        .select((eb) => eb.fn.max('mfa_at').as('mfa_at'))
        .where('identity_id', '=', identityId)
        .where('ended_at', 'is', null)
        .where('expires_at', '>', liveAt)
        .executeTakeFirst();
      return row?.mfa_at ?? null;
    },
    countPeopleSince: async (since, liveAt) => {
      const { count } = await db
        .selectFrom('sessions')
        .select(({ fn }) => fn.count<number>('identity_id').distinct().as('count'))
        .where('last_used_at', '>=', since)
        .where('ended_at', 'is', null)
        .where('expires_at', '>', liveAt)
        .executeTakeFirstOrThrow();
      return count;
    },
    openOf: async (owner) => {
      const query = owned.where('ended_at', 'is', null);
      if ('providerId' in owner) {
        const there = query.where('accounts.provider_id', '=', owner.providerId);
        const { identityId } = owner;
        return (await (identityId === undefined ? there : there.where('sessions.identity_id', '=', identityId)).execute()).map(fromRow);
      }
      if ('accountId' in owner) return (await query.where('sessions.account_id', '=', owner.accountId).execute()).map(fromRow);
      if ('trustRuleId' in owner) return (await query.where('trust_rule_id', '=', owner.trustRuleId).execute()).map(fromRow);
      const rows = await (
        'identityId' in owner
          ? query.where('sessions.identity_id', '=', owner.identityId)
          : query.where('access_key_id', '=', owner.accessKeyId)
      ).execute();
      return rows.map(fromRow);
    },
    prune: async (before) => void (await db.deleteFrom('sessions').where('expires_at', '<', before).execute()),
    endEverything: async (at, because) =>
      void (await db.updateTable('sessions').set({ ended_at: at, ended_because: because }).where('ended_at', 'is', null).execute()),
    end: async (ids, at, because) => {
      if (ids.length > 0)
        await db
          .updateTable('sessions')
          .set({ ended_at: at, ended_because: because })
          .where('id', 'in', [...ids])
          .where('ended_at', 'is', null)
          .execute();
    },
  };
}

const toRow = (session: SessionRecord, secretHash: string): Database['sessions'] => ({
  id: session.id,
  secret_hash: secretHash,
  identity_id: session.identityId,
  method: session.method,
  client: session.client,
  access_key_id: session.accessKeyId,
  account_id: session.accountId,
  trust_rule_id: session.trustRuleId,
  created_at: session.createdAt,
  expires_at: session.expiresAt,
  idle_seconds: session.idleSeconds,
  last_used_at: session.lastUsedAt,
  ended_at: session.endedAt,
  ended_because: null,
  source_address: session.sourceAddress,
  user_agent: session.userAgent,
  mfa_at: session.mfaAt,
});

type OwnedRow = Database['sessions'] & { owner_kind: string; owner_name: string; owner_status: string; provider_name: string | null };
// Rows were checked on their way in.
const fromRow = (row: OwnedRow): OwnedSession => ({
  id: row.id as SessionId,
  identityId: row.identity_id as IdentityId,
  method: row.method as SessionRecord['method'],
  client: row.client as SessionClient,
  accessKeyId: row.access_key_id as AccessKeyId | null,
  accountId: row.account_id as AccountId | null,
  trustRuleId: row.trust_rule_id as TrustRuleId | null,
  provider: row.provider_name,
  createdAt: row.created_at,
  expiresAt: row.expires_at,
  idleSeconds: row.idle_seconds,
  lastUsedAt: row.last_used_at,
  endedAt: row.ended_at,
  mfaAt: row.mfa_at,
  sourceAddress: row.source_address,
  userAgent: row.user_agent,
  owner: { kind: row.owner_kind as IdentityKind, name: row.owner_name, status: row.owner_status as IdentityStatus },
});
const fromOptional = (row: OwnedRow | undefined): OwnedSession | undefined => (row === undefined ? undefined : fromRow(row));
