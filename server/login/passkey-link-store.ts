/** Links to ceremonies with a passkey as rows. Tokens and proofs by their hash; whatever is taken is taken by a conditional update, once. */
import type { ProofPurpose } from '../../shared/api/passkeys.ts';
import type { PasskeyLinkId, SessionId } from '../../shared/api/values.ts';
import type { Handle } from '../storage/database.ts';
import type { Database } from '../storage/schema.ts';
import type { LinkTask } from './passkey-rules.ts';
import { hashSecret } from './secrets.ts';

export interface PasskeyLink {
  readonly id: PasskeyLinkId;
  readonly task: LinkTask;
  readonly identityId: string;
  readonly sessionId: SessionId;
  readonly challenge: string | null;
  readonly createdAt: string;
  readonly expiresAt: string;
  readonly doneAt: string | null;
}
interface OfSession {
  readonly identityId: string;
  readonly sessionId: string;
}
/** What the browser was done with. */
export type LinkOutcome = { readonly factorId: string } | { readonly sealedCredential: string };

export interface PasskeyLinkStore {
  insert(link: Omit<PasskeyLink, 'challenge' | 'doneAt'>, secrets: { readonly token: string; readonly proof?: string }): Promise<void>;
  /** One that the browser is not done with. */
  findByToken(token: string, now: string): Promise<PasskeyLink | undefined>;
  find(id: string, of: OfSession, now: string): Promise<PasskeyLink | undefined>;
  /** In place of the one before. */
  setChallenge(id: string, challenge: string): Promise<void>;
  /** Uses the challenge up; false: it was used, or is another by now. */
  takeChallenge(id: string, challenge: string): Promise<boolean>;
  /** False: another browser was done with it first. */
  finish(id: string, outcome: LinkOutcome, at: string): Promise<boolean>;
  /** Uses the proof up, in its session and for its purpose; the factor that was proven, or undefined. */
  takeProof(proof: string, of: OfSession & { readonly purpose: ProofPurpose }, now: string): Promise<string | undefined>;
  /** Uses the link up; undefined when there is none of this session that a passkey was made behind. */
  takeCredential(id: string, of: OfSession, now: string): Promise<{ readonly task: LinkTask; readonly sealed: string } | undefined>;
  prune(before: string): Promise<void>;
}

export function createPasskeyLinkStore(db: Handle): PasskeyLinkStore {
  const live = (now: string) => db.selectFrom('passkey_links').selectAll().where('expires_at', '>', now).where('used_at', 'is', null);
  /** Of many at once one does. */
  const use = async (id: string, now: string): Promise<boolean> => {
    const used = await db
      .updateTable('passkey_links')
      .set({ used_at: now })
      .where('id', '=', id)
      .where('used_at', 'is', null)
      .executeTakeFirst();
    return used.numUpdatedRows === 1n;
  };
  return {
    insert: async (link, { token, proof }) =>
      void (await db
        .insertInto('passkey_links')
        .values({
          id: link.id,
          token_hash: hashSecret(token),
          proof_hash: proof === undefined ? null : hashSecret(proof),
          task: JSON.stringify(link.task),
          identity_id: link.identityId,
          session_id: link.sessionId,
          created_at: link.createdAt,
          expires_at: link.expiresAt,
          ...{ challenge: null, factor_id: null, sealed_credential: null, done_at: null, used_at: null },
        })
        .execute()),
    findByToken: async (token, now) =>
      fromOptional(await live(now).where('token_hash', '=', hashSecret(token)).where('done_at', 'is', null).executeTakeFirst()),
    find: async (id, { identityId, sessionId }, now) =>
      fromOptional(
        await live(now).where('id', '=', id).where('identity_id', '=', identityId).where('session_id', '=', sessionId).executeTakeFirst(),
      ),
    setChallenge: async (id, challenge) => void (await db.updateTable('passkey_links').set({ challenge }).where('id', '=', id).execute()),
    takeChallenge: async (id, challenge) => {
      const taken = await db
        .updateTable('passkey_links')
        .set({ challenge: null })
        .where('id', '=', id)
        .where('challenge', '=', challenge)
        .executeTakeFirst();
      return taken.numUpdatedRows === 1n;
    },
    finish: async (id, outcome, at) => {
      const found = 'factorId' in outcome ? { factor_id: outcome.factorId } : { sealed_credential: outcome.sealedCredential };
      const finished = await db
        .updateTable('passkey_links')
        .set({ done_at: at, ...found })
        .where('id', '=', id)
        .where('done_at', 'is', null)
        .executeTakeFirst();
      return finished.numUpdatedRows === 1n;
    },
    takeProof: async (proof, { identityId, sessionId, purpose }, now) => {
      const row = await live(now)
        .where('proof_hash', '=', hashSecret(proof))
        .where('identity_id', '=', identityId)
        .where('session_id', '=', sessionId)
        .where('done_at', 'is not', null)
        .executeTakeFirst();
      if (row?.factor_id == null || !isFor(toTask(row), purpose)) return undefined;
      return (await use(row.id, now)) ? row.factor_id : undefined;
    },
    takeCredential: async (id, { identityId, sessionId }, now) => {
      const row = await live(now)
        .where('id', '=', id)
        .where('identity_id', '=', identityId)
        .where('session_id', '=', sessionId)
        .executeTakeFirst();
      if (row?.sealed_credential == null || !(await use(id, now))) return undefined;
      return { task: toTask(row), sealed: row.sealed_credential };
    },
    prune: async (before) => void (await db.deleteFrom('passkey_links').where('expires_at', '<', before).execute()),
  };
}

type Row = Database['passkey_links'];

const isFor = (task: LinkTask, purpose: ProofPurpose): boolean => task.kind === 'prove' && task.purpose === purpose;

// Rows were checked on their way in.
const toTask = (row: Row): LinkTask => JSON.parse(row.task) as LinkTask;
const fromOptional = (row: Row | undefined): PasskeyLink | undefined =>
  row === undefined
    ? undefined
    : {
        id: row.id as PasskeyLinkId,
        task: toTask(row),
        identityId: row.identity_id,
        sessionId: row.session_id as SessionId,
        challenge: row.challenge,
        createdAt: row.created_at,
        expiresAt: row.expires_at,
        doneAt: row.done_at,
      };
