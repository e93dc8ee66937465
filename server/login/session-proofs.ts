/**
 * When a second factor was last proven in a session, bound to a transaction. Leases know it by their session, so connectors are told of the
 * leases: what a proof opens, or its loss shuts, needs no new credential (ADR 35).
 */
import { toTime } from '../../shared/clock.ts';
import type { Act } from '../audit/caller.ts';
import type { SessionStore } from './session-store.ts';

/** What proofs need of leases. */
export interface LeaseNotices {
  /** Tells connectors of the leases of these sessions. */
  sessionsChanged(sessionIds: readonly string[], act: Act): Promise<void>;
}

export interface SessionProofs {
  set(sessionId: string, act: Act): Promise<void>;
  /** The factor that was proven counts no more: in no session of this person. */
  forgetAllOf(identityId: string, act: Act): Promise<void>;
  /** In no session that came from this provider. */
  forgetAllFrom(providerId: string, act: Act): Promise<void>;
}

export function createSessionProofs({
  sessions,
  leaseNotices,
}: {
  readonly sessions: Pick<SessionStore, 'openOf' | 'setMfaAt'>;
  readonly leaseNotices: LeaseNotices;
}): SessionProofs {
  const forget = async (of: { readonly identityId: string } | { readonly providerId: string }, act: Act): Promise<void> => {
    const proven = (await sessions.openOf(of)).filter(({ mfaAt }) => mfaAt !== null).map(({ id }) => id);
    await sessions.setMfaAt(proven, null);
    await leaseNotices.sessionsChanged(proven, act);
  };
  return {
    set: async (sessionId, act) => {
      await sessions.setMfaAt([sessionId], toTime(act.now));
      await leaseNotices.sessionsChanged([sessionId], act);
    },
    forgetAllOf: async (identityId, act) => forget({ identityId }, act),
    forgetAllFrom: async (providerId, act) => forget({ providerId }, act),
  };
}
