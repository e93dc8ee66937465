/** When a grant ends, as people choose it. Pure. */
import { fromTime, toTime } from '../../../../shared/clock.ts';
import { parseDuration } from '../../../../shared/ttl.ts';
import { flag } from './grant-words.ts';

/** `keep`: as it is · a duration from now · `at`: a time in the reader's zone. */
export type EndChoice = 'keep' | 'none' | '1h' | '8h' | '7d' | 'at';

export interface End {
  readonly choice: EndChoice;
  /** As an input of the kind `datetime-local` has it: 2026-01-31T12:00. */
  readonly local: string;
}

export const noEnd: End = { choice: 'none', local: '' };

/** The time; null: no end. Undefined: no time was chosen, or none that there is. */
export function endTime({ choice, local }: End, now: number): string | null | undefined {
  if (choice === 'none') return null;
  if (choice === 'keep') return undefined;
  if (choice !== 'at') return toTime(now + (parseDuration(choice) ?? 0) * 1000);
  // Without a zone it is read in the reader's own.
  const milliseconds = fromTime(local);
  return Number.isNaN(milliseconds) ? undefined : toTime(milliseconds);
}

/** A time as an input of the reader's zone shows it, by whole minutes. */
export function localOf(time: string): string {
  const milliseconds = fromTime(time);
  return toTime(milliseconds - new Date(milliseconds).getTimezoneOffset() * 60_000).slice(0, 16);
}

/** The flag that says the same on the command line; without an end there is none to give. */
export function endFlag(end: End): string | undefined {
  if (end.choice === 'none' || end.choice === 'keep') return undefined;
  if (end.choice !== 'at') return flag('for', end.choice);
  const time = endTime(end, 0);
  return time === undefined || time === null ? '--until TIME' : flag('until', time);
}
