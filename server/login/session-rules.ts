/** When a session is live, and how long a new one may be. */
import { fromTime } from '../../shared/clock.ts';

export interface SessionTimes {
  readonly expiresAt: string;
  readonly idleSeconds: number | null;
  readonly lastUsedAt: string;
  readonly endedAt: string | null;
}

/** Why a session does not hold at `now`, or undefined when it does. */
export function whySessionEnded(session: SessionTimes, now: number): 'ended' | 'expired' | 'idle' | undefined {
  if (session.endedAt !== null) return 'ended';
  if (fromTime(session.expiresAt) <= now) return 'expired';
  return session.idleSeconds !== null && fromTime(session.lastUsedAt) + session.idleSeconds * 1000 <= now ? 'idle' : undefined;
}

export interface AccessKeyTimes {
  readonly createdAt: string;
  readonly expiresAt: string;
  readonly idleSeconds: number | null;
  readonly lastUsedAt: string | null;
}

/** Whether an access key may still open sessions at `now`. */
export function isAccessKeyLive(key: AccessKeyTimes, now: number): boolean {
  if (fromTime(key.expiresAt) <= now) return false;
  return key.idleSeconds === null || fromTime(key.lastUsedAt ?? key.createdAt) + key.idleSeconds * 1000 > now;
}

/** A session's end: its lifetime, and never past the key that opened it. Milliseconds. */
export const sessionEnd = (now: number, lifetimeSeconds: number, keyExpiresAt?: string): number =>
  Math.min(now + lifetimeSeconds * 1000, keyExpiresAt === undefined ? Number.POSITIVE_INFINITY : fromTime(keyExpiresAt));
