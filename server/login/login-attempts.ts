/**
 * Limits on guessing, held on the embedded store, so that they need no other service and survive a restart. An attempt is counted before the
 * password is looked at: a thousand at once count as a thousand.
 */
import { createHash } from 'node:crypto';
import { toTime, fromTime } from '../../shared/clock.ts';
import { emailKey } from '../../shared/resource-name.ts';
import { DomainError } from '../../shared/api/problem.ts';
import type { LoginAttemptStore } from './login-attempts-store.ts';

const windowSeconds = 15 * 60;

/** The account from one address, an address over all accounts, and the account from everywhere: the last is wide, lest anyone lock anyone out. */
export interface AttemptLimits {
  readonly accountAndSource: number;
  readonly source: number;
  readonly account: number;
}
export const attemptLimits: AttemptLimits = { accountAndSource: 10, source: 100, account: 200 };

export interface LoginAttempts {
  /** Counts one attempt; throws `login.rate-limited` when any bucket is full. */
  count(account: string, source: string, now: number): Promise<void>;
  /** A success clears the account's own bucket from this address. */
  succeeded(account: string, source: string): Promise<void>;
}

export function createLoginAttempts(store: LoginAttemptStore, limits: AttemptLimits): LoginAttempts {
  const buckets = (account: string, source: string): readonly (readonly [string, number])[] => {
    const key = createHash('sha256').update(emailKey(account)).digest('hex').slice(0, 32);
    return [
      [`account-source:${key}:${source}`, limits.accountAndSource],
      [`source:${source}`, limits.source],
      [`account:${key}`, limits.account],
    ];
  };
  return {
    count: async (account, source, now) => {
      for (const [bucket, limit] of buckets(account, source)) {
        const { failures, windowStartedAt } = await store.increment(bucket, now, windowSeconds);
        if (failures <= limit) continue;
        const retryAfterSeconds = Math.max(1, Math.ceil((fromTime(windowStartedAt) - now) / 1000 + windowSeconds));
        throw new DomainError('login.rate-limited', `Too many attempts. Try again after ${toTime(now + retryAfterSeconds * 1000)}.`, {
          retryAfterSeconds,
        });
      }
    },
    succeeded: async (account, source) => {
      const [own] = buckets(account, source);
      if (own !== undefined) await store.clear(own[0]);
    },
  };
}
