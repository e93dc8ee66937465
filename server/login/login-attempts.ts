/**
 * Limits on guessing, held on the embedded store, so that they need no other service and survive a restart. An attempt is counted before the
 * secret is looked at: a thousand at once count as a thousand. A success takes its own count back.
 */
import { createHash } from 'node:crypto';
import { fromTime, toTime } from '../../shared/clock.ts';
import { emailKey } from '../../shared/resource-name.ts';
import { DomainError } from '../../shared/api/problem.ts';
import type { Transact } from '../storage/transact.ts';
import type { LoginAttemptStore } from './login-attempts-store.ts';

const windowSeconds = 15 * 60;

/** The account from one address, an address over all accounts, and the account from everywhere: the last is wide, lest anyone lock anyone out. */
export interface AttemptLimits {
  readonly accountAndSource: number;
  readonly source: number;
  readonly account: number;
  /** Logins by browser begun from one address: a whole office may be behind it. */
  readonly browserLogins: number;
}
export const attemptLimits: AttemptLimits = { accountAndSource: 10, source: 100, account: 200, browserLogins: 1000 };

/** Too many: no attempt is looked at until the window ends. */
export interface AttemptLimit {
  readonly error: DomainError;
  /** The one that filled a bucket; those after it are not worth a line of the audit each, or a flood would fill the disk. */
  readonly isFirst: boolean;
}

export interface LoginAttempts {
  /** Counts one attempt; answers when any bucket is full. */
  count(account: string, source: string, now: number): Promise<AttemptLimit | undefined>;
  /** Counts one login by browser that is begun, which anybody can; the error when an address begins too many. */
  countStart(source: string, now: number): Promise<DomainError | undefined>;
  /** Takes the attempt back, and forgets this account's failures from this address. */
  succeeded(account: string, source: string): Promise<void>;
}

/** In a transaction each, so that of many at once every one sees its own count. */
export function createLoginAttempts(
  transact: Transact<{ readonly loginAttempts: LoginAttemptStore }>,
  limits: AttemptLimits,
): LoginAttempts {
  const bucketsOf = (account: string, source: string) => {
    const key = createHash('sha256').update(emailKey(account)).digest('hex').slice(0, 32);
    return {
      own: { name: `account-source:${key}:${source}`, limit: limits.accountAndSource },
      shared: [
        { name: `source:${source}`, limit: limits.source },
        { name: `account:${key}`, limit: limits.account },
      ],
    };
  };
  return {
    count: async (account, source, now) => {
      const { own, shared } = bucketsOf(account, source);
      return transact(async ({ loginAttempts }) => {
        for (const { name, limit } of [own, ...shared]) {
          const { failures, windowStartedAt } = await loginAttempts.increment(name, now, windowSeconds);
          if (failures > limit) return { error: tooMany(windowStartedAt, now), isFirst: failures === limit + 1 };
        }
        return undefined;
      });
    },
    countStart: async (source, now) =>
      transact(async ({ loginAttempts }) => {
        const { failures, windowStartedAt } = await loginAttempts.increment(`browser-login:${source}`, now, windowSeconds);
        return failures > limits.browserLogins ? tooMany(windowStartedAt, now) : undefined;
      }),
    succeeded: async (account, source) => {
      const { own, shared } = bucketsOf(account, source);
      await transact(async ({ loginAttempts }) => {
        await loginAttempts.clear(own.name);
        for (const { name } of shared) await loginAttempts.decrement(name);
      });
    },
  };
}

export function tooMany(windowStartedAt: string, now: number, seconds = windowSeconds): DomainError {
  const retryAfterSeconds = Math.max(1, Math.ceil((fromTime(windowStartedAt) - now) / 1000 + seconds));
  return new DomainError('login.rate-limited', `Too many attempts. Try again after ${toTime(now + retryAfterSeconds * 1000)}.`, {
    retryAfterSeconds,
  });
}
