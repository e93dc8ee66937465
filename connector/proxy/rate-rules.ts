/**
 * Token buckets: pure. A bucket is one number, the moment (milliseconds) at which it will be full again; a moment gone by is a full bucket, so
 * what is idle needs no memory (the "virtual scheduling" form of ITU-T I.371's generic cell rate algorithm).
 */
export interface Rate {
  /** Tokens that come back a second. */
  readonly perSecond: number;
  /** Tokens of a full bucket. */
  readonly burst: number;
}

/** When the bucket will be full again once a token more is taken. */
export const fullAfterOne = (fullAt: number, now: number, rate: Rate): number => Math.max(fullAt, now) + tokenMilliseconds(rate);

/** When it will be full with that token given back. */
export const fullWithOneBack = (fullAt: number, rate: Rate): number => fullAt - tokenMilliseconds(rate);

/** Milliseconds until there is a token; 0 when there is one. */
export function waitForToken(fullAt: number, now: number, rate: Rate): number {
  const emptyFor = rate.burst * tokenMilliseconds(rate);
  const wait = fullAfterOne(fullAt, now, rate) - now - emptyFor;
  return wait < rounding ? 0 : wait;
}

/** Seconds for `Retry-After`, which knows whole ones only. */
export const retryAfterSeconds = (waitMilliseconds: number): number => Math.max(1, Math.ceil(waitMilliseconds / 1000));

const tokenMilliseconds = (rate: Rate): number => 1000 / rate.perSecond;

/** Sums of fractions: a bucket must not be a token short for the last digit. */
const rounding = 1e-6;
