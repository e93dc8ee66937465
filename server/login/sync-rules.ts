/** When a provider is asked anew about a person: pure. Milliseconds. */

const minute = 60_000;
const longestBackOff = 15 * minute;

/** Spread over a tenth, so that people who logged in together are not asked about together. @param chance 0 … 1. */
export const dueAfter = (now: number, minutes: number, chance: number): number => now + Math.round(minutes * minute * (0.95 + chance / 10));

/** One minute, two, four, … a quarter of an hour, while it cannot be asked. */
export const dueAfterFailure = (now: number, failures: number): number =>
  now + Math.min(longestBackOff, minute * 2 ** Math.min(failures - 1, 10));
