/** Passkeys as rows, each of a second factor. Taking a signature count is a conditional update, so of two that show the same one wins. */
import type { SecondFactorId } from '../../shared/api/values.ts';
import { isUniqueViolation } from '../storage/constraint-errors.ts';
import type { Handle } from '../storage/database.ts';

export interface PasskeyRecord {
  readonly factorId: SecondFactorId;
  readonly credentialId: string;
  readonly signCount: number;
  /** Whether it may be on several devices, and whether it is. */
  readonly isBackupEligible: boolean;
  readonly isBackedUp: boolean;
  readonly transports: readonly string[];
}
export interface OwnedPasskey extends PasskeyRecord {
  readonly identityId: string;
  readonly sealedKey: string;
}

export interface PasskeyStore {
  /** False: there is this credential already, of whomever (WebAuthn §7.1 step 26). */
  insert(passkey: PasskeyRecord): Promise<boolean>;
  ofIdentity(identityId: string): Promise<OwnedPasskey[]>;
  /** False: it counts no further than what was seen of it (§7.2 step 22); those that count nothing stay at 0. */
  takeCount(factorId: string, shown: Pick<PasskeyRecord, 'signCount' | 'isBackedUp'>): Promise<boolean>;
}

export function createPasskeyStore(db: Handle): PasskeyStore {
  return {
    insert: async (passkey) => {
      const row = {
        factor_id: passkey.factorId,
        credential_id: passkey.credentialId,
        sign_count: passkey.signCount,
        backup_eligible: Number(passkey.isBackupEligible),
        backed_up: Number(passkey.isBackedUp),
        transports: passkey.transports.join(' '),
      };
      try {
        await db.insertInto('passkeys').values(row).execute();
        return true;
      } catch (error) {
        if (isUniqueViolation(error)) return false;
        throw error;
      }
    },
    ofIdentity: async (identityId) => {
      const rows = await db
        .selectFrom('passkeys')
        .innerJoin('second_factors', 'second_factors.id', 'passkeys.factor_id')
        .selectAll('passkeys')
        .select(['second_factors.identity_id', 'second_factors.sealed_secret'])
        .where('second_factors.identity_id', '=', identityId)
        .where('second_factors.state', '=', 'active')
        .orderBy('factor_id')
        .execute();
      return rows.map((row) => ({
        // Rows were checked on their way in.
        factorId: row.factor_id as SecondFactorId,
        identityId: row.identity_id,
        sealedKey: row.sealed_secret,
        credentialId: row.credential_id,
        signCount: row.sign_count,
        isBackupEligible: row.backup_eligible === 1,
        isBackedUp: row.backed_up === 1,
        transports: row.transports.split(' ').filter((each) => each !== ''),
      }));
    },
    takeCount: async (factorId, { signCount, isBackedUp }) => {
      const taken = await db
        .updateTable('passkeys')
        .set({ sign_count: signCount, backed_up: Number(isBackedUp) })
        .where('factor_id', '=', factorId)
        .where('sign_count', signCount === 0 ? '=' : '<', signCount)
        .executeTakeFirst();
      return taken.numUpdatedRows === 1n;
    },
  };
}
