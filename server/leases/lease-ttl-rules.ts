/** How long a credential lives: the setting, the session, the longest grant that justifies it; the shortest wins (law 3). */
import { fromTime } from '../../shared/clock.ts';

export interface LeaseBounds {
  readonly now: number;
  readonly ttlSeconds: number;
  /** Milliseconds. */
  readonly sessionExpiresAt: number;
  /** RFC 3339; null: a grant without an end is among them. */
  readonly longestGrantUntil: string | null;
  /** What ends that one. */
  readonly grantLimitedBy: 'grant' | 'second-factor';
}

export type LeaseLimit = 'setting' | 'session' | 'grant' | 'second-factor';

/** When it ends, in milliseconds, and which bound made it so. */
export function leaseEnd(bounds: LeaseBounds): { readonly expiresAt: number; readonly limitedBy: LeaseLimit } {
  const ends = [
    { expiresAt: bounds.now + bounds.ttlSeconds * 1000, limitedBy: 'setting' },
    { expiresAt: bounds.sessionExpiresAt, limitedBy: 'session' },
    {
      expiresAt: bounds.longestGrantUntil === null ? Number.POSITIVE_INFINITY : fromTime(bounds.longestGrantUntil),
      limitedBy: bounds.grantLimitedBy,
    },
  ] as const;
  return ends.reduce((shortest, end) => (end.expiresAt < shortest.expiresAt ? end : shortest));
}
