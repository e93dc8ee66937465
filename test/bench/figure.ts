/** One measured number beside what performance.md asks of it. */

export interface Limit {
  readonly atMost?: number;
  readonly atLeast?: number;
}

/** What infra is compared with: the upstream without anything between, and nginx in our place. */
export type Reference = 'direct' | 'nginx';

export interface Figure {
  /** Name of the row it belongs to, as given on the command line. */
  readonly row: string;
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  readonly budget?: Limit;
  readonly goal?: Limit;
  /** The same of the references in the same run, in the same unit. */
  readonly beside?: Readonly<Partial<Record<Reference, number>>>;
  /** The number is not infra's: infra does not offer what was measured. */
  readonly isReference?: true;
  /** How the number came about. */
  readonly note?: string;
}

/** How much a run takes its time for. */
export interface Effort {
  readonly isQuick: boolean;
  /** Interleaved repetitions of each construction. */
  readonly runs: number;
  /** Of load, each. */
  readonly seconds: number;
  /** Of what is done one at a time. */
  readonly tries: number;
}

export type Verdict = 'goal' | 'pass' | 'miss' | '';

export function verdict({ value, budget, goal }: Figure): Verdict {
  if (budget !== undefined && !holds(value, budget)) return 'miss';
  if (goal !== undefined && holds(value, goal)) return 'goal';
  return budget === undefined ? '' : 'pass';
}

const holds = (value: number, { atMost, atLeast }: Limit): boolean =>
  (atMost === undefined || value <= atMost) && (atLeast === undefined || value >= atLeast);

export const limitText = (limit: Limit | undefined): string => {
  if (limit === undefined) return '';
  return limit.atMost === undefined ? `≥ ${round(limit.atLeast ?? 0)}` : `≤ ${round(limit.atMost)}`;
};

/** Three significant digits; whole numbers above a thousand. */
export function round(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  return Math.abs(value) >= 1000 ? Math.round(value).toLocaleString('en-US') : String(Number(value.toPrecision(3)));
}

/** The references and the note in one line. */
export function remark({ beside = {}, note }: Figure): string {
  const references = Object.entries(beside).map(([name, value]) => `${name} ${round(value)}`);
  return [references.join(', '), note ?? ''].filter(Boolean).join('; ');
}

export function formatTable(figures: readonly Figure[]): string {
  const rows = figures.map((figure) => [
    figure.what,
    `${round(figure.value)} ${figure.unit}`.trim(),
    limitText(figure.budget),
    limitText(figure.goal),
    verdict(figure),
    remark(figure),
  ]);
  const head = ['what', 'measured', 'budget', 'goal', '', 'note'];
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}
