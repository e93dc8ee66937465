import type { User } from '../../shared/api/users.ts';
import type { PreparedPassword } from '../identity/user-service.ts';
import type { Handle } from '../storage/database.ts';

export interface StoredPassword extends PreparedPassword {
  readonly changedAt: string;
}

export interface PasswordStore {
  write(identityId: string, password: PreparedPassword, changedAt: string): Promise<void>;
  find(identityId: string): Promise<StoredPassword | undefined>;
  stateOf(identityId: string): Promise<User['password']>;
  remove(identityId: string): Promise<void>;
}

export function createPasswordStore(db: Handle): PasswordStore {
  const find = async (identityId: string): Promise<StoredPassword | undefined> => {
    const row = await db.selectFrom('passwords').selectAll().where('identity_id', '=', identityId).executeTakeFirst();
    if (row === undefined) return undefined;
    return { hash: row.hash, state: row.state === 'one-time' ? 'one-time' : 'set', expiresAt: row.expires_at, changedAt: row.changed_at };
  };
  const remove = async (identityId: string): Promise<void> =>
    void (await db.deleteFrom('passwords').where('identity_id', '=', identityId).execute());
  return {
    find,
    remove,
    stateOf: async (identityId) => (await find(identityId))?.state ?? 'none',
    write: async (identityId, password, changedAt) => {
      await remove(identityId);
      await db
        .insertInto('passwords')
        .values({
          identity_id: identityId,
          hash: password.hash,
          state: password.state,
          changed_at: changedAt,
          expires_at: password.expiresAt,
        })
        .execute();
    },
  };
}
