/** Ending sessions, always together with the leases that were issued in them. Bound to a transaction. */
import { toTime } from '../../shared/clock.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import type { Act } from '../audit/caller.ts';
import type { OwnedSession, SessionOrigin, SessionStore } from './session-store.ts';

/** What sessions need of leases. */
export interface LeaseRevocation {
  /** Revokes live leases of these sessions; returns how many. */
  revokeOfSessions(sessionIds: readonly string[], reason: string, act: Act): Promise<number>;
}

export interface SessionEnd {
  /** Ends them and their leases, each with its audit event. */
  end(sessions: readonly OwnedSession[], reason: string, act: Act): Promise<{ sessionsEnded: number; leasesRevoked: number }>;
  endAllOf(owner: SessionOrigin, reason: string, act: Act): Promise<{ sessionsEnded: number; leasesRevoked: number }>;
}

export function createSessionEnd(stores: {
  readonly sessions: SessionStore;
  readonly leases: LeaseRevocation;
  readonly audit: AuditLog;
}): SessionEnd {
  const end: SessionEnd['end'] = async (sessions, reason, act) => {
    const ids = sessions.map(({ id }) => id);
    await stores.sessions.end(ids, toTime(act.now), reason);
    for (const session of sessions) {
      await stores.audit.record({
        event: 'session.ended',
        act,
        details: { session: session.id, owner: { id: session.identityId, name: session.owner.name }, reason },
      });
    }
    return { sessionsEnded: ids.length, leasesRevoked: await stores.leases.revokeOfSessions(ids, reason, act) };
  };
  return { end, endAllOf: async (owner, reason, act) => end(await stores.sessions.openOf(owner), reason, act) };
}
