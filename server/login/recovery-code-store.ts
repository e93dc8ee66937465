/** Recovery codes, by their hash. Using one is a conditional update, so two that race cannot both win. */
import type { Handle } from '../storage/database.ts';
import { hashSecret } from './secrets.ts';

export interface RecoveryCodeStore {
  /** Those of before are void. None: there are none any more. */
  replace(identityId: string, codes: readonly string[]): Promise<void>;
  /** False: it is none of this person's, or was used. */
  use(identityId: string, code: string, at: string): Promise<boolean>;
  countUnused(identityId: string): Promise<number>;
  removeEverything(): Promise<void>;
}

export function createRecoveryCodeStore(db: Handle): RecoveryCodeStore {
  return {
    replace: async (identityId, codes) => {
      await db.deleteFrom('recovery_codes').where('identity_id', '=', identityId).execute();
      if (codes.length > 0)
        await db
          .insertInto('recovery_codes')
          .values(codes.map((code) => ({ identity_id: identityId, code_hash: hashSecret(code), used_at: null })))
          .execute();
    },
    use: async (identityId, code, at) => {
      const used = await db
        .updateTable('recovery_codes')
        .set({ used_at: at })
        .where('identity_id', '=', identityId)
        .where('code_hash', '=', hashSecret(code))
        .where('used_at', 'is', null)
        .executeTakeFirst();
      return used.numUpdatedRows === 1n;
    },
    countUnused: async (identityId) =>
      (
        await db
          .selectFrom('recovery_codes')
          .select('code_hash')
          .where('identity_id', '=', identityId)
          .where('used_at', 'is', null)
          .execute()
      ).length,
    removeEverything: async () => void (await db.deleteFrom('recovery_codes').execute()),
  };
}
