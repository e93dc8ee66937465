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
  /** Whether its device offers it without being told an account; undefined: not known. */
  readonly isDiscoverable: boolean | undefined;
}
export interface OwnedPasskey extends PasskeyRecord {
  /** Logs its owner in with nothing beside it. */
  readonly isTrustedAlone: boolean;
  readonly identityId: string;
  readonly sealedKey: string;
}

export interface PasskeyStore {
  /** False: there is this credential already, of whomever (WebAuthn §7.1 step 26). */
  insert(passkey: PasskeyRecord): Promise<boolean>;
  ofIdentity(identityId: string): Promise<OwnedPasskey[]>;
  /** False: it counts no further than what was seen of it (§7.2 step 22); those that count nothing stay at 0. */
  takeCount(factorId: string, shown: Pick<PasskeyRecord, 'signCount' | 'isBackedUp'>): Promise<boolean>;
  /** Whether anybody has one. */
  isAnyThere(): Promise<boolean>;
  /** It was offered without an account. */
  markDiscoverable(factorId: string): Promise<void>;
  /** It was used beside something else that only its owner has. */
  trustAlone(factorId: string): Promise<void>;
  /** Those of a person do no more alone, until they are trusted again. */
  distrustAlone(identityId: string): Promise<void>;
  /** Nor does anybody's. */
  distrustEverybodysAlone(): Promise<void>;
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
        discoverable: passkey.isDiscoverable === undefined ? null : Number(passkey.isDiscoverable),
        trusted_alone: 1,
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
        isDiscoverable: row.discoverable === null ? undefined : row.discoverable === 1,
        isTrustedAlone: row.trusted_alone === 1,
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
    isAnyThere: async () => (await db.selectFrom('passkeys').select('factor_id').limit(1).executeTakeFirst()) !== undefined,
    markDiscoverable: async (factorId) =>
      void (await db.updateTable('passkeys').set({ discoverable: 1 }).where('factor_id', '=', factorId).execute()),
    trustAlone: async (factorId) =>
      void (await db.updateTable('passkeys').set({ trusted_alone: 1 }).where('factor_id', '=', factorId).execute()),
    distrustAlone: async (identityId) => {
      const own = db.selectFrom('second_factors').select('id').where('identity_id', '=', identityId);
      await db.updateTable('passkeys').set({ trusted_alone: 0 }).where('factor_id', 'in', own).execute();
    },
    distrustEverybodysAlone: async () => void (await db.updateTable('passkeys').set({ trusted_alone: 0 }).execute()),
  };
}
