/** Times as people say them, in their zone and language, and exactly on hover. */
import { useSyncExternalStore, type ReactNode } from 'react';
import { fromTime, systemClock } from '../../../shared/clock.ts';

const relative = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto' });
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'long' });

const units = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
] as const;

/** "in 3 hours", "yesterday", "now". */
export function relativeTime(at: string, now: number): string {
  const seconds = Math.round((fromTime(at) - now) / 1000);
  for (const [unit, size] of units) if (Math.abs(seconds) >= size) return relative.format(Math.trunc(seconds / size), unit);
  return Math.abs(seconds) < 10 ? relative.format(0, 'second') : relative.format(seconds, 'second');
}

export const exactTime = (at: string): string => exact.format(fromTime(at));

/** One clock for all of a page: it ticks every ten seconds. */
const tickMilliseconds = 10_000;
let now = systemClock.now();
const listeners = new Set<() => void>();
let ticking: ReturnType<typeof setInterval> | undefined;

export const useNow = (): number =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      ticking ??= setInterval(() => {
        now = systemClock.now();
        listeners.forEach((each) => each());
      }, tickMilliseconds);
      return () => {
        listeners.delete(listener);
        if (listeners.size > 0) return;
        clearInterval(ticking);
        ticking = undefined;
      };
    },
    () => now,
  );

/** `otherwise`: what stands for a time that is not there. */
export function Time({ at, otherwise = '–' }: { readonly at: string | null; readonly otherwise?: string }): ReactNode {
  const ticked = useNow();
  if (at === null) return otherwise;
  return (
    <time dateTime={at} title={exactTime(at)}>
      {relativeTime(at, ticked)}
    </time>
  );
}
