/** What one run of the tests owns: folders, and everything that must be undone at its end, however it ends. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { keep } from '../kubernetes/keeper.ts';

export interface RunContext {
  /** Logs and reports stay here: .local/test-results/run-PID. */
  readonly results: string;
  /** TMPDIR of the tests, gone after the run. Short, because Unix sockets have short names. */
  readonly temporary: string;
  readonly clusters: string;
  onEnd(undo: () => Promise<void>): void;
  /** Undoes, latest first. */
  end(): Promise<void>;
  /** Keeps a folder beyond the run. */
  keepLogs(folder: string, name: string): void;
}

const daysKept = 1;

export function createRunContext(): RunContext {
  const results = resolve('.local/test-results', `run-${process.pid}`);
  removeOldResults();
  rmSync(results, { recursive: true, force: true });
  mkdirSync(results, { recursive: true });
  const temporary = mkdtempSync(join(tmpdir(), 'infra-test-'));
  const undoing = [keep(['rm', '-rf', '--', temporary]).undo];
  let ending: Promise<void> | undefined;
  return {
    results,
    temporary,
    clusters: resolve('.local/clusters'),
    onEnd: (undo) => void undoing.push(undo),
    end: () => (ending ??= undoAll(undoing)),
    keepLogs: (folder, name) => {
      if (existsSync(folder)) cpSync(folder, join(results, name), { recursive: true });
    },
  };
}

async function undoAll(undoing: (() => Promise<void>)[]): Promise<void> {
  for (const undo of undoing.toReversed()) await undo().catch((error: unknown) => console.error(error));
}

function removeOldResults(): void {
  const parent = '.local/test-results';
  if (!existsSync(parent)) return;
  const old = Date.now() - daysKept * 86_400_000;
  for (const name of readdirSync(parent)) {
    if (statSync(join(parent, name)).mtimeMs < old) rmSync(join(parent, name), { recursive: true, force: true });
  }
}
