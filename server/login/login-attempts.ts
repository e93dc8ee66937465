/**
 * Limits on guessing, held on the embedded store, so that they need no other service and survive a restart. An attempt is counted before the
 * secret is looked at: a thousand at once count as a thousand. A success takes its own count back.
 */
import { createHash } from 'node:crypto';
import { fromTime, toTime } from '../../shared/clock.ts';
import { emailKey } from '../../shared/resource-name.ts';
import { DomainError } from '../../shared/api/problem.ts';
import type { Transact } from '../storage/transact.ts';
import { dayBuckets, type LoginAttemptStore } from './login-attempts-store.ts';

const windowSeconds = 15 * 60;
const daySeconds = 24 * 3600;

/** The account from one address, an address over all accounts, and the account from everywhere: the last is wide, lest anyone lock anyone out. */
export interface AttemptLimits {
  readonly accountAndSource: number;
  readonly source: number;
  readonly account: number;
  /** Logins by browser begun from one address: a whole office may be behind it. */
  readonly browserLogins: number;
  /**
   * Logins by a code: begun from one address, and codes typed that wait for nothing, from one address and in all. There are 2.6 · 10¹⁰ codes, so
   * two thousand tries find one of fifty that wait once in 250,000 quarters of an hour.
   */
  readonly devices: { readonly begun: number; readonly userCodesOfSource: number; readonly userCodes: number };
  /**
   * Codes of a second factor: there are a million, and three of them hold at any moment. A hundred a day leave one chance in 3,300, and are what
   * NIST SP 800-63B §5.2.2 allows. Only who has the password, or a session, may try any, so few can shut anybody out.
   */
  readonly codes: {
    readonly accountAndSource: number;
    readonly account: number;
    readonly accountPerDay: number;
  };
}
export const attemptLimits: AttemptLimits = {
  accountAndSource: 10,
  source: 100,
  account: 200,
  browserLogins: 1000,
  devices: { begun: 200, userCodesOfSource: 30, userCodes: 2000 },
  codes: { accountAndSource: 10, account: 20, accountPerDay: 100 },
};

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
  /** The same for a login by a code. */
  countDeviceLogin(source: string, now: number): Promise<DomainError | undefined>;
  /** Counts one code of a login that is typed; one that held is taken back, and no other, lest own codes pay for guesses. */
  countUserCode(source: string, now: number): Promise<AttemptLimit | undefined>;
  userCodeHeld(source: string): Promise<void>;
  /** Takes the attempt back, and forgets this account's failures from this address. */
  succeeded(account: string, source: string): Promise<void>;
  /** Counts one code of a second factor that is tried. */
  countCode(identityId: string, source: string, now: number): Promise<AttemptLimit | undefined>;
  codeHeld(identityId: string, source: string): Promise<void>;
}

interface Bucket {
  readonly name: string;
  readonly limit: number;
  readonly seconds: number;
}
/** The first is forgotten by a success, of the others one attempt is taken back. */
interface Buckets {
  readonly own: Bucket;
  readonly shared: readonly Bucket[];
}

/** In a transaction each, so that of many at once every one sees its own count. */
export function createLoginAttempts(
  transact: Transact<{ readonly loginAttempts: LoginAttemptStore }>,
  limits: AttemptLimits,
): LoginAttempts {
  const bucketsOf = (account: string, source: string): Buckets => {
    const key = createHash('sha256').update(emailKey(account)).digest('hex').slice(0, 32);
    return {
      own: { name: `account-source:${key}:${source}`, limit: limits.accountAndSource, seconds: windowSeconds },
      shared: [
        { name: `source:${source}`, limit: limits.source, seconds: windowSeconds },
        { name: `account:${key}`, limit: limits.account, seconds: windowSeconds },
      ],
    };
  };
  const codeBucketsOf = (identityId: string, source: string): Buckets => ({
    own: { name: `code-account-source:${identityId}:${source}`, limit: limits.codes.accountAndSource, seconds: windowSeconds },
    shared: [
      { name: `source:${source}`, limit: limits.source, seconds: windowSeconds },
      { name: `code-account:${identityId}`, limit: limits.codes.account, seconds: windowSeconds },
      { name: `${dayBuckets}code:${identityId}`, limit: limits.codes.accountPerDay, seconds: daySeconds },
    ],
  });
  const userCodeBucketsOf = (source: string): readonly Bucket[] => [
    { name: `user-code:${source}`, limit: limits.devices.userCodesOfSource, seconds: windowSeconds },
    { name: 'user-code', limit: limits.devices.userCodes, seconds: windowSeconds },
  ];
  const count = async (buckets: readonly Bucket[], now: number): Promise<AttemptLimit | undefined> =>
    transact(async ({ loginAttempts }) => {
      for (const { name, limit, seconds } of buckets) {
        const { failures, windowStartedAt } = await loginAttempts.increment(name, now, seconds);
        if (failures > limit) return { error: tooMany(windowStartedAt, now, seconds), isFirst: failures === limit + 1 };
      }
      return undefined;
    });
  const takeBack = async ({ own, shared }: Buckets): Promise<void> =>
    transact(async ({ loginAttempts }) => {
      await loginAttempts.clear(own.name);
      for (const { name } of shared) await loginAttempts.decrement(name);
    });
  const countBegun = async (name: string, limit: number, now: number): Promise<DomainError | undefined> =>
    (await count([{ name, limit, seconds: windowSeconds }], now))?.error;
  return {
    count: async (account, source, now) => count(allOf(bucketsOf(account, source)), now),
    countStart: async (source, now) => countBegun(`browser-login:${source}`, limits.browserLogins, now),
    countDeviceLogin: async (source, now) => countBegun(`device-login:${source}`, limits.devices.begun, now),
    countUserCode: async (source, now) => count(userCodeBucketsOf(source), now),
    userCodeHeld: async (source) =>
      transact(async ({ loginAttempts }) => {
        for (const { name } of userCodeBucketsOf(source)) await loginAttempts.decrement(name);
      }),
    succeeded: async (account, source) => takeBack(bucketsOf(account, source)),
    countCode: async (identityId, source, now) => count(allOf(codeBucketsOf(identityId, source)), now),
    codeHeld: async (identityId, source) => takeBack(codeBucketsOf(identityId, source)),
  };
}

const allOf = ({ own, shared }: Buckets): readonly Bucket[] => [own, ...shared];

export function tooMany(windowStartedAt: string, now: number, seconds = windowSeconds): DomainError {
  const retryAfterSeconds = Math.max(1, Math.ceil((fromTime(windowStartedAt) - now) / 1000 + seconds));
  return new DomainError('login.rate-limited', `Too many attempts. Try again after ${toTime(now + retryAfterSeconds * 1000)}.`, {
    retryAfterSeconds,
  });
}
