/** One-use secrets, by their hash. Using one is a conditional update, so two that race cannot both win. */
import { toTime } from '../../shared/clock.ts';
import { newId } from '../../shared/id.ts';
import type { Handle } from '../storage/database.ts';
import { hashSecret } from './secrets.ts';

/** `setup` makes an admin · `password-change` replaces a one-time password of its subject, and nothing else · `provider-logout` leads a browser to the end of a session at its provider. */
export type LoginTokenKind = 'setup' | 'password-change' | 'provider-logout';

export interface LoginTokenStore {
  insert(token: {
    readonly kind: LoginTokenKind;
    readonly secret: string;
    readonly subjectId: string | null;
    readonly now: number;
    readonly lifetimeSeconds: number;
  }): Promise<void>;
  /** Whether it would hold now; takes nothing. */
  peek(kind: LoginTokenKind, secret: string, now: number): Promise<{ readonly subjectId: string | null } | undefined>;
  /** Uses the token up; undefined when it is unknown, of another kind, used or over. */
  use(kind: LoginTokenKind, secret: string, now: number): Promise<{ readonly subjectId: string | null } | undefined>;
  /** Voids all unused tokens of a kind. */
  voidAll(kind: LoginTokenKind, now: number): Promise<void>;
  prune(before: string): Promise<void>;
  /** Of every kind, join tokens too. */
  removeEverything(): Promise<void>;
}

export function createLoginTokenStore(db: Handle): LoginTokenStore {
  const peek: LoginTokenStore['peek'] = async (kind, secret, now) => {
    const row = await db
      .selectFrom('tokens')
      .selectAll()
      .where('secret_hash', '=', hashSecret(secret))
      .where('kind', '=', kind)
      .executeTakeFirst();
    return row === undefined || row.used_at !== null || row.expires_at <= toTime(now) ? undefined : { subjectId: row.subject_id };
  };
  return {
    insert: async ({ kind, secret, subjectId, now, lifetimeSeconds }) => {
      const row = {
        id: newId('token', now),
        kind,
        secret_hash: hashSecret(secret),
        subject_id: subjectId,
        created_at: toTime(now),
        expires_at: toTime(now + lifetimeSeconds * 1000),
        used_at: null,
        bound_to: null,
      };
      await db.insertInto('tokens').values(row).execute();
    },
    peek,
    use: async (kind, secret, now) => {
      const found = await peek(kind, secret, now);
      const taken = await db
        .updateTable('tokens')
        .set({ used_at: toTime(now) })
        .where('secret_hash', '=', hashSecret(secret))
        .where('kind', '=', kind)
        .where('used_at', 'is', null)
        .executeTakeFirst();
      return taken.numUpdatedRows === 1n ? found : undefined;
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
