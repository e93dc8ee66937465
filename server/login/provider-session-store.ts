/** Which login at an identity provider a session came from. */
import type { ProviderId, SessionId } from '../../shared/api/values.ts';
import type { Handle } from '../storage/database.ts';
import type { Database } from '../storage/schema.ts';

export interface ProviderSession {
  readonly sessionId: SessionId;
  readonly providerId: ProviderId;
  /** `sub` as the ID token has it, whatever the account is known by. */
  readonly subject: string;
  /** The provider's own session (OpenID Connect Back-Channel Logout §2.1); null: it named none. */
  readonly sid: string | null;
  /** Of the ID token, by the provider's clock; seconds since the epoch. */
  readonly issuedAt: number;
  readonly sealedIdToken: string;
}

/** Whom a logout at the provider is about: one of its sessions, or all of a person, as far as they began by then. */
export interface LoggedOutThere {
  readonly providerId: string;
  readonly subject: string | undefined;
  readonly sid: string | undefined;
  /** Seconds since the epoch, by the provider's clock. */
  readonly issuedAt: number;
}

export interface ProviderSessionStore {
  insert(session: ProviderSession): Promise<void>;
  find(sessionId: string): Promise<ProviderSession | undefined>;
  /** Ids of the sessions that came from there, whether or not they have ended. */
  matching(loggedOut: LoggedOutThere): Promise<readonly string[]>;
  /** Forgets those whose session was over before a time. */
  prune(before: string): Promise<void>;
}

export function createProviderSessionStore(db: Handle): ProviderSessionStore {
  return {
    insert: async (session) => void (await db.insertInto('provider_sessions').values(toRow(session)).execute()),
    find: async (sessionId) => {
      const row = await db.selectFrom('provider_sessions').selectAll().where('session_id', '=', sessionId).executeTakeFirst();
      return row === undefined ? undefined : fromRow(row);
    },
    matching: async ({ providerId, subject, sid, issuedAt }) => {
      let query = db
        .selectFrom('provider_sessions')
        .select('session_id')
        .where('provider_id', '=', providerId)
        .where('issued_at', '<=', issuedAt);
      if (subject !== undefined) query = query.where('subject', '=', subject);
      if (sid !== undefined)
        // Without the provider's word on which of its sessions it was, it may have been this one.
        query = query.where((is) => (subject === undefined ? is('sid', '=', sid) : is.or([is('sid', '=', sid), is('sid', 'is', null)])));
      return (await query.execute()).map((row) => row.session_id);
    },
    prune: async (before) =>
      void (await db
        .deleteFrom('provider_sessions')
        .where('session_id', 'in', (nested) =>
          nested
            .selectFrom('sessions')
            .select('id')
            .where((is) => is.or([is('ended_at', '<', before), is('expires_at', '<', before)])),
        )
        .execute()),
  };
}

const toRow = (session: ProviderSession): Database['provider_sessions'] => ({
  session_id: session.sessionId,
  provider_id: session.providerId,
  subject: session.subject,
  sid: session.sid,
  issued_at: session.issuedAt,
  sealed_id_token: session.sealedIdToken,
});

// Rows were checked on their way in.
const fromRow = (row: Database['provider_sessions']): ProviderSession => ({
  sessionId: row.session_id as SessionId,
  providerId: row.provider_id as ProviderId,
  subject: row.subject,
  sid: row.sid,
  issuedAt: row.issued_at,
  sealedIdToken: row.sealed_id_token,
});
