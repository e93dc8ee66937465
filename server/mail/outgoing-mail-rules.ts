/** When a mail that could not be handed over is tried again, and when it is given up. */

/** The first is longer than any attempt may take: a mail that is being handed over is not due. */
const waitsSeconds = [60, 120, 300, 600] as const;
const hour = 3_600_000;

export const maximumAttempts = waitsSeconds.length + 1;

/** Milliseconds until the attempt after this one (the first is 1); also how long a claimed mail is nobody else's. */
export const retryAfter = (attempts: number): number => (waitsSeconds[Math.min(attempts, waitsSeconds.length) - 1] ?? 60) * 1000;

/** A sentence when it is not worth another attempt. What waited an hour was kept from going by more than the mail server, and surprises whoever gets it. */
export function whyGivenUp(mail: { readonly attempts: number; readonly createdAt: number }, now: number): string | undefined {
  if (mail.attempts >= maximumAttempts) return 'all attempts were used up';
  return now - mail.createdAt > hour ? 'it waited for more than an hour' : undefined;
}
