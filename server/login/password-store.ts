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
  /** Of those that have one. */
  statesOf(identityIds: readonly string[]): Promise<ReadonlyMap<string, User['password']>>;
  remove(identityId: string): Promise<void>;
}

const stateIn = (state: string): 'one-time' | 'set' => (state === 'one-time' ? 'one-time' : 'set');

export function createPasswordStore(db: Handle): PasswordStore {
  const find = async (identityId: string): Promise<StoredPassword | undefined> => {
    const row = await db.selectFrom('passwords').selectAll().where('identity_id', '=', identityId).executeTakeFirst();
    if (row === undefined) return undefined;
    return { hash: row.hash, state: stateIn(row.state), expiresAt: row.expires_at, changedAt: row.changed_at };
  };
  const remove = async (identityId: string): Promise<void> =>
    void (await db.deleteFrom('passwords').where('identity_id', '=', identityId).execute());
  return {
    find,
    remove,
    stateOf: async (identityId) => (await find(identityId))?.state ?? 'none',
    statesOf: async (identityIds) => {
      if (identityIds.length === 0) return new Map();
      const rows = await db
        .selectFrom('passwords')
        .select(['identity_id', 'state'])
        .where('identity_id', 'in', [...identityIds])
        .execute();
      return new Map(rows.map(({ identity_id: id, state }) => [id, stateIn(state)]));
    },
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
