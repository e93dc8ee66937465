/**
 * Limits on asking for mail, which anybody can: nobody's mailbox is filled, and nobody makes this server send without end. Held on the embedded
 * store, as those on guessing are, by the email that was typed: whether there is such an account makes no difference.
 */
import { createHash } from 'node:crypto';
import { emailKey } from '../../shared/resource-name.ts';
import type { AttemptLimit } from './login-attempts.ts';
import { tooMany } from './login-attempts.ts';
import type { LoginAttemptStore } from './login-attempts-store.ts';

const windowSeconds = 3600;

/** Mails asked for in an hour. */
export const resetLimits = { source: 20, account: 3, all: 200 } as const;

/** Bound to the transaction of what is asked. An address that asks too much uses up nobody's own limit, nor that of all. */
export async function countReset(
  loginAttempts: LoginAttemptStore,
  { email, source, now }: { readonly email: string; readonly source: string; readonly now: number },
): Promise<AttemptLimit | undefined> {
  const account = createHash('sha256').update(emailKey(email)).digest('hex').slice(0, 32);
  const buckets = [
    [`reset-source:${source}`, resetLimits.source],
    [`reset-account:${account}`, resetLimits.account],
    ['reset-all', resetLimits.all],
  ] as const;
  for (const [bucket, limit] of buckets) {
    const { failures, windowStartedAt } = await loginAttempts.increment(bucket, now, windowSeconds);
    if (failures > limit) return { error: tooMany(windowStartedAt, now, windowSeconds), isFirst: failures === limit + 1 };
  }
  return undefined;
}
