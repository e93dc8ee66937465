/**
 * Results go to stdout as a table, JSON or YAML; talk goes to stderr. Whatever the server or another person wrote is made harmless for the
 * terminal here, in one place, on the way out.
 */
import { Scalar, stringify, visit, Document } from 'yaml';
import type { Environment } from './environment.ts';
import { escapeInQuotes, isSafeText, safeText } from '../shared/safe-text.ts';

export const formats = ['table', 'json', 'yaml'] as const;
export type Format = (typeof formats)[number];

export interface OutputOptions {
  readonly format: Format;
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly color: boolean;
}

export interface Column<Row> {
  readonly title: string;
  readonly value: (row: Row) => string | number | null | undefined;
}

export interface Output {
  readonly format: Format;
  /** A list: `value` for programs, rows and columns for people. */
  list<Row>(value: unknown, rows: readonly Row[], columns: readonly Column<Row>[]): void;
  /** One thing: `value` for programs, labelled lines for people. */
  show(value: unknown, fields: readonly (readonly [label: string, value: string | number | null | undefined])[]): void;
  /** A list that reads as sentences: aligned, without a head. */
  lines(value: unknown, rows: readonly (readonly string[])[]): void;
  /** Text of ours as it stands: a kubeconfig, a completion script. */
  raw(text: string): void;
  /** Says something; silent with `--quiet`. */
  say(sentence: string): void;
  /** Says something that matters even with `--quiet`. */
  warn(sentence: string): void;
  /** With `--verbose` alone. */
  trace(line: string): void;
}

export function createOutput({ stdout, stderr }: Pick<Environment, 'stdout' | 'stderr'>, options: OutputOptions): Output {
  const talk = (line: string): void => void stderr.write(`${safeText(line)}\n`);
  const bold = (text: string): string => (options.color && stdout.isTTY === true ? `\u001b[1m${text}\u001b[22m` : text);
  const result = (value: unknown, lines: () => readonly string[]): void =>
    void stdout.write(options.format === 'table' ? joined(lines()) : options.format === 'json' ? toJson(value) : toYaml(value));
  return {
    format: options.format,
    list: (value, rows, columns) =>
      result(value, () => {
        const cells = rows.map((row) => columns.map((column) => cell(column.value(row))));
        const [head = '', ...lines] = layOut([columns.map((column) => column.title), ...cells]);
        return [bold(head), ...lines];
      }),
    show: (value, fields) => result(value, () => layOut(fields.map(([label, each]) => [label === '' ? '' : `${label}:`, cell(each)]))),
    lines: (value, rows) => result(value, () => layOut(rows.map((row) => row.map(cell)))),
    raw: (text) => void stdout.write(text),
    say: (sentence) => {
      if (!options.quiet) talk(sentence);
    },
    warn: talk,
    trace: (line) => {
      if (options.verbose) talk(line);
    },
  };
}

const joined = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('');

const cell = (value: string | number | null | undefined): string => {
  const text = value === null || value === undefined ? '' : safeText(String(value));
  return text === '' ? '-' : text;
};

/** In code points: near enough to columns for names and times. */
const lengthOf = (text: string): number => Array.from(text).length;

function layOut(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) row.forEach((text, index) => (widths[index] = Math.max(widths[index] ?? 0, lengthOf(text))));
  return rows.map((row) =>
    row
      .map((text, index) => text + ' '.repeat((widths[index] ?? 0) - lengthOf(text)))
      .join('  ')
      .trimEnd(),
  );
}

const toJson = (value: unknown): string => `${escapeInQuotes(JSON.stringify(value, null, 2))}\n`;

/** A string with anything unsafe is written in double quotes, where an escape is the same value. */
function toYaml(value: unknown): string {
  const document = new Document(JSON.parse(JSON.stringify(value)) as unknown, { version: '1.1' });
  visit(document, {
    Scalar: (_, node) => {
      if (typeof node.value === 'string' && !isSafeText(node.value)) node.type = Scalar.QUOTE_DOUBLE;
    },
  });
  return escapeInQuotes(stringify(document, { lineWidth: 0 }));
}
