/** How long the server may stay away before nobody is let in: pure. An outage is no revocation, and no opening either. */
import { toTime } from '../../shared/clock.ts';
import { formatDuration } from '../../shared/ttl.ts';

/** Times in milliseconds on the server's clock. */
export interface Staleness {
  /** Undefined: the server was never heard. */
  readonly lastHeard: number | undefined;
  readonly limitSeconds: number;
  /** Without another sign of life everything is refused from then on, and streams end. */
  readonly refusesFrom: number;
  readonly isStale: boolean;
  readonly now: number;
}

/** @param lastHeard 0 when the server never was. */
export function stalenessOf({ lastHeard, limitSeconds, now }: Record<'lastHeard' | 'limitSeconds' | 'now', number>): Staleness {
  const refusesFrom = lastHeard + limitSeconds * 1000;
  return { lastHeard: lastHeard === 0 ? undefined : lastHeard, limitSeconds, refusesFrom, isStale: now >= refusesFrom, now };
}

/** One sentence for people. */
export function describeStaleness({ lastHeard, limitSeconds, refusesFrom, isStale, now }: Staleness): string {
  if (lastHeard === undefined) return 'the server was never heard: every request is refused';
  const silence = `the server was last heard ${formatDuration((now - lastHeard) / 1000)} ago, at ${toTime(lastHeard)}`;
  const limit = `(staleness limit ${formatDuration(limitSeconds)})`;
  return isStale
    ? `${silence}: every request is refused since ${toTime(refusesFrom)} ${limit}`
    : `${silence}; if it stays away every request is refused from ${toTime(refusesFrom)} on ${limit}`;
}

/** The same for programs. */
export const stalenessFacts = ({ lastHeard, limitSeconds, refusesFrom, isStale }: Staleness) => ({
  serverLastHeardAt: lastHeard === undefined ? null : toTime(lastHeard),
  stalenessLimitSeconds: limitSeconds,
  refusesFrom: lastHeard === undefined ? null : toTime(refusesFrom),
  stale: isStale,
});
