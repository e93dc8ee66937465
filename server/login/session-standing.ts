/** How a session stands that was let in before: for what goes on longer than a request. */
import { fromTime, type Clock } from '../../shared/clock.ts';
import type { ServerRole } from '../audit/caller.ts';
import { whySessionEnded } from './session-rules.ts';
import type { SessionStore } from './session-store.ts';

export interface SessionStandingOptions {
  readonly sessions: Pick<SessionStore, 'find'>;
  readonly serverRolesOf: (identityId: string, now: number) => Promise<ReadonlySet<ServerRole>>;
  readonly clock: Clock;
}

export const createSessionStanding =
  ({ sessions, serverRolesOf, clock }: SessionStandingOptions) =>
  async (sessionId: string) => {
    const now = clock.now();
    const session = await sessions.find(sessionId);
    const reason = session === undefined ? 'ended' : session.owner.status === 'active' ? whySessionEnded(session, now) : 'disabled';
    if (session === undefined || reason !== undefined) return { kind: 'ended', reason: reason ?? 'ended' } as const;
    const idleUntil = session.idleSeconds === null ? Number.POSITIVE_INFINITY : fromTime(session.lastUsedAt) + session.idleSeconds * 1000;
    const until = Math.min(fromTime(session.expiresAt), idleUntil);
    return { kind: 'live', until, serverRoles: await serverRolesOf(session.identityId, now) } as const;
  };
