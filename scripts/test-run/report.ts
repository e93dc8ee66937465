/** What the run says to people. */
import type { Outcome } from './outcome.ts';

export interface Duration {
  readonly name: string;
  readonly seconds: number;
}

const shownDurations = 15;

export function printOutcome({ name, seconds, passed, failed, skipped, details }: Outcome): void {
  const counts = [passed > 0 && `${passed} passed`, failed > 0 && `${failed} failed`, skipped > 0 && `${skipped} skipped`].filter(Boolean);
  console.log(`${failed > 0 ? '✘' : '✔'} ${name}  ${counts.join(', ')} (${seconds.toFixed(1)} s)`);
  for (const detail of details) console.log(`\n${detail.replaceAll(/^/gm, '    ')}\n`);
}

/** Things overlap: the sum is more than the run took. */
export function printDurations(durations: readonly Duration[], totalSeconds: number): void {
  console.log('\nWhere the time went (side by side):');
  const longest = durations.toSorted((one, other) => other.seconds - one.seconds).slice(0, shownDurations);
  for (const { name, seconds } of longest) console.log(`${seconds.toFixed(1).padStart(8)} s  ${name}`);
  console.log(`${totalSeconds.toFixed(1).padStart(8)} s  in all\n`);
}

/** The last line of the run, always in this form. */
export function printTotals(outcomes: readonly Outcome[]): void {
  const sum = (count: 'passed' | 'failed' | 'skipped'): number => outcomes.reduce((total, outcome) => total + outcome[count], 0);
  const failed = outcomes.filter((outcome) => outcome.failed > 0).map(({ name }) => name);
  if (failed.length > 0) console.log(`failed: ${failed.join(', ')}`);
  console.log(`${sum('passed')} passed, ${sum('failed')} failed, ${sum('skipped')} skipped`);
}
