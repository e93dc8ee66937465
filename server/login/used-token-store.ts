/** Tokens of workloads that count once, kept until they end. */
import { isUniqueViolation } from '../storage/constraint-errors.ts';
import type { Handle } from '../storage/database.ts';

export interface UsedTokenStore {
  /** False when it was used before: of two at once one is the first. */
  use(tokenHash: string, expiresAt: string): Promise<boolean>;
  prune(before: string): Promise<void>;
}

export function createUsedTokenStore(db: Handle): UsedTokenStore {
  return {
    use: async (tokenHash, expiresAt) => {
      try {
        await db.insertInto('used_workload_tokens').values({ token_hash: tokenHash, expires_at: expiresAt }).execute();
        return true;
      } catch (error) {
        if (isUniqueViolation(error)) return false;
        throw error;
      }
    },
    prune: async (before) => void (await db.deleteFrom('used_workload_tokens').where('expires_at', '<', before).execute()),
  };
}
