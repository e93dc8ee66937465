/** Second factors as rows. One that is pending counts for nothing yet. */
import type { SecondFactorId, SecondFactorKind } from '../../shared/api/values.ts';
import type { Handle } from '../storage/database.ts';
import type { Database } from '../storage/schema.ts';

export interface SecondFactorRecord {
  readonly id: SecondFactorId;
  readonly identityId: string;
  readonly kind: SecondFactorKind;
  readonly name: string | null;
  /** What proofs are checked by: of an app the shared secret, of a passkey its public key. */
  readonly sealedSecret: string;
  readonly createdAt: string;
  readonly lastUsedAt: string | null;
}
/** Begun, and not yet confirmed. */
export interface PendingFactor extends SecondFactorRecord {
  /** The one session that may confirm it. */
  readonly sessionId: string;
  /** The active one that was proven when this was begun; null: there was none. */
  readonly replacesId: string | null;
  readonly expiresAt: string;
}

export interface SecondFactorStore {
  /** Instead of what this person began before. */
  begin(factor: PendingFactor): Promise<void>;
  findPending(id: string, of: { readonly identityId: string; readonly sessionId: string }, now: string): Promise<PendingFactor | undefined>;
  /** Of every kind: one of them makes a login with a password ask for it. */
  activeOf(identityId: string): Promise<SecondFactorRecord[]>;
  /** Of the active ones. */
  kindsOf(identityIds: readonly string[]): Promise<{ readonly identityId: string; readonly kind: SecondFactorKind }[]>;
  /** One that was proven on its way here, and needs no confirming. */
  add(factor: SecondFactorRecord, sessionId: string): Promise<void>;
  markUsed(id: string, at: string): Promise<void>;
  /** @param step of the code that confirmed it: it is used with that. */
  activate(id: string, step: number, at: string): Promise<void>;
  /** Takes a step that is later than all that were taken. Of two that race one wins; false: it was used. */
  takeStep(id: string, step: number, at: string): Promise<boolean>;
  remove(id: string): Promise<void>;
  /** Pending ones too. */
  removeOf(identityId: string): Promise<void>;
  /** Forgets what was begun and not confirmed in time. */
  prune(before: string): Promise<void>;
}

export function createSecondFactorStore(db: Handle): SecondFactorStore {
  const all = db.selectFrom('second_factors').selectAll();
  return {
    begin: async (factor) => {
      await db.deleteFrom('second_factors').where('identity_id', '=', factor.identityId).where('state', '=', 'pending').execute();
      await db.insertInto('second_factors').values(toRow(factor)).execute();
    },
    findPending: async (id, { identityId, sessionId }, now) => {
      const row = await all
        .where('id', '=', id)
        .where('state', '=', 'pending')
        .where('identity_id', '=', identityId)
        .where('session_id', '=', sessionId)
        .where('expires_at', '>', now)
        .executeTakeFirst();
      return row === undefined
        ? undefined
        : { ...fromRow(row), sessionId: row.session_id, replacesId: row.replaces_id, expiresAt: row.expires_at };
    },
    activeOf: async (identityId) =>
      (await all.where('identity_id', '=', identityId).where('state', '=', 'active').orderBy('id').execute()).map(fromRow),
    kindsOf: async (identityIds) =>
      identityIds.length === 0
        ? []
        : (
            await all
              .where('identity_id', 'in', [...identityIds])
              .where('state', '=', 'active')
              .orderBy('id')
              .execute()
          ).map(({ identity_id: identityId, kind }) => ({ identityId, kind: kind as SecondFactorKind })),
    add: async (factor, sessionId) => {
      const pending = { ...factor, sessionId, replacesId: null, expiresAt: factor.createdAt };
      await db
        .insertInto('second_factors')
        .values({ ...toRow(pending), state: 'active', confirmed_at: factor.createdAt })
        .execute();
    },
    markUsed: async (id, at) => void (await db.updateTable('second_factors').set({ last_used_at: at }).where('id', '=', id).execute()),
    activate: async (id, step, at) =>
      void (await db
        .updateTable('second_factors')
        .set({ state: 'active', confirmed_at: at, last_step: step, last_used_at: at })
        .where('id', '=', id)
        .execute()),
    takeStep: async (id, step, at) => {
      const taken = await db
        .updateTable('second_factors')
        .set({ last_step: step, last_used_at: at })
        .where('id', '=', id)
        .where('state', '=', 'active')
        .where((eb) => eb.or([eb('last_step', 'is', null), eb('last_step', '<', step)]))
        .executeTakeFirst();
      return taken.numUpdatedRows === 1n;
    },
    remove: async (id) => void (await db.deleteFrom('second_factors').where('id', '=', id).execute()),
    removeOf: async (identityId) => void (await db.deleteFrom('second_factors').where('identity_id', '=', identityId).execute()),
    prune: async (before) =>
      void (await db.deleteFrom('second_factors').where('state', '=', 'pending').where('expires_at', '<', before).execute()),
  };
}

const toRow = (factor: PendingFactor): Database['second_factors'] => ({
  id: factor.id,
  identity_id: factor.identityId,
  kind: factor.kind,
  state: 'pending',
  sealed_secret: factor.sealedSecret,
  session_id: factor.sessionId,
  replaces_id: factor.replacesId,
  created_at: factor.createdAt,
  expires_at: factor.expiresAt,
  confirmed_at: null,
  last_step: null,
  last_used_at: null,
  name: factor.name,
});

// Rows were checked on their way in.
const fromRow = (row: Database['second_factors']): SecondFactorRecord => ({
  id: row.id as SecondFactorId,
  identityId: row.identity_id,
  kind: row.kind as SecondFactorKind,
  name: row.name,
  sealedSecret: row.sealed_secret,
  createdAt: row.created_at,
  lastUsedAt: row.last_used_at,
});
