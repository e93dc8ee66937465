/** The numbers and words of a login by a code (RFC 8628). Pure. */

/** Consonants without look-alikes, so that no word comes of them (RFC 8628 §6.1): eight are 34 bits. */
export const userCodeLetters = 'BCDFGHJKLMNPQRSTVWXZ';
export const userCodeLength = 8;
export const deviceLoginSeconds = 600;
export const firstIntervalSeconds = 5;
const slowDownSeconds = 5;

/** As it is shown: `BCDF-GHJK`. */
export const shownUserCode = (code: string): string => `${code.slice(0, userCodeLength / 2)}-${code.slice(userCodeLength / 2)}`;

/** As it is meant, however it was typed: case, dashes and spaces do not matter. */
export const meantUserCode = (typed: string): string => typed.toUpperCase().replaceAll(/[^A-Z0-9]/g, '');

export interface Pace {
  readonly intervalSeconds: number;
  /** When it was asked about last, milliseconds; undefined: never. */
  readonly polledAt: number | undefined;
}

/** Whoever asks sooner than they were told has to wait longer from then on (RFC 8628 §3.5); counted from each question, too soon or not. */
export function paceAfter(
  { intervalSeconds, polledAt }: Pace,
  now: number,
): { readonly isTooFast: boolean; readonly intervalSeconds: number } {
  const isTooFast = polledAt !== undefined && now - polledAt < intervalSeconds * 1000;
  return { isTooFast, intervalSeconds: isTooFast ? intervalSeconds + slowDownSeconds : intervalSeconds };
}
