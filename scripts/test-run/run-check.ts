/** Runs one npm script that says by its exit code whether all is well. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { failedOutcome, type Outcome } from './outcome.ts';
import { runProcess } from './process-job.ts';
import type { RunContext } from './run-context.ts';

const deadlineSeconds = 600;
const shownLines = 60;

export async function runCheck(context: RunContext, script: string): Promise<Outcome> {
  const started = performance.now();
  const outputFile = join(context.results, `${script.replaceAll(':', '-')}.log`);
  const command = [process.execPath, '--run', script] as const;
  const { code, killed } = await runProcess(context, { command: [...command], env: process.env, outputFile, deadlineSeconds });
  const seconds = (performance.now() - started) / 1000;
  if (code === 0) return { name: script, seconds, passed: 0, failed: 0, skipped: 0, details: [] };
  return failedOutcome(script, seconds, `${shorten(outputFile)}\n${killed ?? `npm run ${script} failed`}`);
}

function shorten(file: string): string {
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  const shown = lines.slice(0, shownLines).join('\n');
  return lines.length > shownLines ? `${shown}\n… ${lines.length - shownLines} more lines in ${file}` : shown;
}
