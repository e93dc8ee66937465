/** Runs a group of test files in a mocha process of its own and reads what came of them from mocha's JSON report. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { failedOutcome, type Outcome } from './outcome.ts';
import type { MochaJob } from './plan.ts';
import { type ProcessResult, runProcess } from './process-job.ts';
import type { RunContext } from './run-context.ts';

const deadlineSeconds = 600;
const shownLogLines = 40;
const shownValueCharacters = 1500;

/** As far as we read mocha's JSON report. */
interface Report {
  readonly stats: { readonly passes: number; readonly failures: number; readonly pending: number };
  readonly failures: readonly {
    readonly fullTitle: string;
    readonly file?: string;
    readonly err: { readonly message?: string; readonly stack?: string; readonly actual?: unknown; readonly expected?: unknown };
  }[];
}

export async function runMocha(context: RunContext, job: MochaJob, env: NodeJS.ProcessEnv): Promise<Outcome> {
  const started = performance.now();
  const file = (extension: string): string => join(context.results, `${job.name.replaceAll('/', '-')}.${extension}`);
  const reportFile = file('json');
  const outputFile = file('log');
  const options = ['--reporter', 'json', '--reporter-option', `output=${reportFile}`];
  if (env['CI'] === 'true') options.push('--forbid-pending');
  const result = await runProcess(context, {
    command: [
      process.execPath,
      '--import',
      './scripts/test-run/say-what-is-open.ts',
      'node_modules/mocha/bin/mocha.js',
      ...options,
      ...job.files,
    ],
    ...{ env, outputFile, deadlineSeconds },
    isDone: () => existsSync(reportFile),
  });
  return outcomeOf(job.name, (performance.now() - started) / 1000, result, { reportFile, outputFile });
}

function outcomeOf(name: string, seconds: number, result: ProcessResult, files: { reportFile: string; outputFile: string }): Outcome {
  const log = readFileSync(files.outputFile, 'utf8').trimEnd().split('\n').slice(-shownLogLines).join('\n');
  if (!existsSync(files.reportFile))
    return failedOutcome(name, seconds, `${log}\n${result.killed ?? `mocha ended with ${String(result.code)} before its tests did`}`);
  // Written by mocha's reporter `json`.
  const { stats, failures } = JSON.parse(readFileSync(files.reportFile, 'utf8')) as Report;
  const details = failures.map(describeFailure);
  // The process around the tests can fail too: held open, crashed after the last test, or leaving children behind.
  const around = result.killed ?? ((result.code === 0) !== (stats.failures === 0) ? `mocha ended with ${String(result.code)}` : undefined);
  if (around !== undefined) details.push(around);
  if (result.leftProcesses) details.push('(it left processes behind, which were killed; its tests should stop what they start)');
  if (details.length > 0 && log !== '') details.push(`the end of what it printed (${files.outputFile}):\n${log}`);
  return { name, seconds, passed: stats.passes, failed: stats.failures + (around === undefined ? 0 : 1), skipped: stats.pending, details };
}

function describeFailure({ fullTitle, file, err }: Report['failures'][number]): string {
  const lines = [`✘ ${fullTitle}`, ...(file === undefined ? [] : [file]), err.stack ?? err.message ?? 'no error was given'];
  if (err.actual !== undefined && err.expected !== undefined)
    lines.push(`expected: ${show(err.expected)}`, `actual:   ${show(err.actual)}`);
  return lines.join('\n  ');
}

function show(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > shownValueCharacters ? `${text.slice(0, shownValueCharacters)}…` : text;
}
