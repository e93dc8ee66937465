/** One-use secrets, by their hash. Using one is a conditional update, so two that race cannot both win. */
import { toTime } from '../../shared/clock.ts';
import { newId } from '../../shared/id.ts';
import type { Handle } from '../storage/database.ts';
import { hashSecret } from './secrets.ts';

/**
 * `setup` makes an admin · `password-change` replaces a one-time password of its subject, `password-reset` any · `second-factor` goes on with its
 * subject's login · `provider-logout` leads a browser to the end of a session at its provider · `passkey` asks whoever sits at a login for one, of
 * nobody yet. Nothing else.
 */
export type LoginTokenKind =
  'setup' | 'password-change' | 'password-change-proven' | 'password-reset' | 'second-factor' | 'provider-logout' | 'passkey';

export interface FoundToken {
  readonly subjectId: string | null;
  readonly createdAt: string;
}

export interface LoginTokenStore {
  insert(token: {
    readonly kind: LoginTokenKind;
    readonly secret: string;
    readonly subjectId: string | null;
    readonly now: number;
    readonly lifetimeSeconds: number;
    /** The one login in the browser it is good for; absent: for none of them. */
    readonly loginId?: string | null;
  }): Promise<void>;
  /** Whether it would hold now, for that login in the browser, or outside of all; takes nothing. */
  peek(kind: LoginTokenKind, secret: string, now: number, loginId?: string | null): Promise<FoundToken | undefined>;
  /** Uses the token up; undefined when it is unknown, of another kind or login, used or over. */
  use(kind: LoginTokenKind, secret: string, now: number, loginId?: string | null): Promise<FoundToken | undefined>;
  /** Voids all unused tokens of a person, or those of one kind: a login that is under way ends. */
  voidOf(subjectId: string, now: number, kind?: LoginTokenKind): Promise<void>;
  /** Voids all unused tokens of a kind. */
  voidAll(kind: LoginTokenKind, now: number): Promise<void>;
  prune(before: string): Promise<void>;
  /** Of every kind, join tokens too. */
  removeEverything(): Promise<void>;
}

export function createLoginTokenStore(db: Handle): LoginTokenStore {
  const peek: LoginTokenStore['peek'] = async (kind, secret, now, loginId = null) => {
    const row = await db
      .selectFrom('tokens')
      .selectAll()
      .where('secret_hash', '=', hashSecret(secret))
      .where('kind', '=', kind)
      .executeTakeFirst();
    if (row === undefined || row.used_at !== null || row.expires_at <= toTime(now) || row.bound_to !== loginId) return undefined;
    return { subjectId: row.subject_id, createdAt: row.created_at };
  };
  return {
    insert: async ({ kind, secret, subjectId, now, lifetimeSeconds, loginId = null }) => {
      const row = {
        id: newId('token', now),
        kind,
        secret_hash: hashSecret(secret),
        subject_id: subjectId,
        created_at: toTime(now),
        expires_at: toTime(now + lifetimeSeconds * 1000),
        used_at: null,
        bound_to: loginId,
      };
      await db.insertInto('tokens').values(row).execute();
    },
    peek,
    use: async (kind, secret, now, loginId) => {
      const found = await peek(kind, secret, now, loginId);
      if (found === undefined) return undefined;
      const taken = await db
        .updateTable('tokens')
        .set({ used_at: toTime(now) })
        .where('secret_hash', '=', hashSecret(secret))
        .where('kind', '=', kind)
        .where('used_at', 'is', null)
        .executeTakeFirst();
      return taken.numUpdatedRows === 1n ? found : undefined;
    },
    voidOf: async (subjectId, now, kind) => {
      let query = db
        .updateTable('tokens')
        .set({ used_at: toTime(now) })
        .where('subject_id', '=', subjectId)
        .where('used_at', 'is', null);
      if (kind !== undefined) query = query.where('kind', '=', kind);
      await query.execute();
    },
    voidAll: async (kind, now) =>
      void (await db
        .updateTable('tokens')
        .set({ used_at: toTime(now) })
        .where('kind', '=', kind)
        .where('used_at', 'is', null)
        .execute()),
    prune: async (before) => void (await db.deleteFrom('tokens').where('expires_at', '<', before).execute()),
    removeEverything: async () => void (await db.deleteFrom('tokens').execute()),
  };
}
