/** How long to wait for a directory that says "not now". */

/** A login waits this long for its groups, over all questions and waits; a browser is waiting with it. */
export const directorySeconds = 25;
export const triesMaximum = 5;

/** RFC 9110 §10.2.3: seconds or a date. Without it the waits double from half a second, ± a quarter so that a crowd does not come back as one. */
export function waitMilliseconds(retryAfter: string | null, tries: number, now: number, chance: number): number {
  if (retryAfter !== null && /^\d{1,9}$/.test(retryAfter.trim())) return Number(retryAfter) * 1000;
  // Date.parse sees years in more texts than dates are.
  const at = /^[A-Z][a-z]{2}, /.test(retryAfter ?? '') ? Date.parse(retryAfter ?? '') : Number.NaN;
  if (!Number.isNaN(at)) return Math.max(0, at - now);
  return Math.round(250 * 2 ** tries * (0.75 + chance / 2));
}

/** Google says it with 403 as well (developers.google.com/admin-sdk/directory/v1/limits). */
const throttledReasons = ['rateLimitExceeded', 'userRateLimitExceeded', 'quotaExceeded'];

/** Whether an answer means that the same question may be answered in a while. */
export const isNotNow = (status: number, reason: string | undefined): boolean =>
  [429, 500, 502, 503, 504].includes(status) || (status === 403 && reason !== undefined && throttledReasons.includes(reason));
