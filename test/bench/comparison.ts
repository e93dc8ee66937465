/** Whether figures are worse than those of an older version, measured in the same run. */
import { median } from './statistics.ts';
import { round, type Figure } from './figure.ts';

export interface Compared {
  readonly what: string;
  readonly unit: string;
  /** Medians; undefined: it was measured on one side alone. */
  readonly before: number | undefined;
  readonly after: number | undefined;
  readonly isWorse: boolean;
}

/** Of the older value. */
const tolerated = 0.2;
/** Of the budget: what is nearly nothing doubles by chance. */
const negligible = 0.1;

/** @param before the figures of each run of the older version. */
export function compare(before: readonly (readonly Figure[])[], after: readonly (readonly Figure[])[]): Compared[] {
  const [older, newer] = [gather(before), gather(after)];
  return [...new Set([...older.keys(), ...newer.keys()])].map((what) => {
    const [one, two] = [older.get(what), newer.get(what)];
    const figure = two?.figure ?? one?.figure;
    const isWorse = figure !== undefined && one !== undefined && two !== undefined && isWorseThan(figure, one.value, two.value);
    return { what, unit: figure?.unit ?? '', before: one?.value, after: two?.value, isWorse };
  });
}

interface Gathered {
  readonly figure: Figure;
  readonly value: number;
}

/** What is measured of the references alone says nothing of us. */
function gather(runs: readonly (readonly Figure[])[]): Map<string, Gathered> {
  const all = Map.groupBy(
    runs.flat().filter(({ isReference }) => isReference !== true),
    ({ what }) => what,
  );
  const gathered = new Map<string, Gathered>();
  for (const [what, figures] of all) {
    const [figure] = figures;
    if (figure !== undefined) gathered.set(what, { figure, value: median(figures.map(({ value }) => value)) });
  }
  return gathered;
}

function isWorseThan({ budget, unit }: Figure, before: number, after: number): boolean {
  const isMoreBetter = budget?.atLeast !== undefined || unit.endsWith('/s');
  const loss = isMoreBetter ? before - after : after - before;
  return loss > Math.max(tolerated * Math.abs(before), negligible * (budget?.atMost ?? 0));
}

export function formatCompared({ what, unit, before, after, isWorse }: Compared): string {
  const text = (value: number | undefined): string => (value === undefined ? 'nothing' : `${round(value)} ${unit}`.trim());
  return `${isWorse ? 'WORSE' : '     '}  ${what}: ${text(before)} → ${text(after)}`;
}
