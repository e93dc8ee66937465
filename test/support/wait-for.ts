import { setTimeout as delay } from 'node:timers/promises';

interface WaitOptions {
  /** Seconds. */
  readonly within: number;
  /** Completes the sentence "waited in vain for …". */
  readonly what: string;
}

/** Asks again until the answer is something (neither undefined, null nor false) and gives it; an error counts as "not yet". */
export async function waitFor<T>(
  condition: () => Promise<T | undefined | null | false> | T | undefined | null | false,
  { within, what }: WaitOptions,
): Promise<T> {
  const deadline = performance.now() + within * 1000;
  let cause: unknown;
  do {
    try {
      const answer = await condition();
      if (answer !== undefined && answer !== null && answer !== false) return answer;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    await delay(40);
  } while (performance.now() < deadline);
  const last = cause instanceof Error ? `: ${cause.message}` : '';
  throw new Error(`waited ${within} s in vain for ${what}${last}`, { cause });
}
