/** An older commit, checked out beside this tree and built, to be measured with the bench of today. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { projectRoot } from '../support/program.ts';

const prefix = 'infra-baseline-';

export interface Baseline {
  readonly commit: string;
  /** With server/, connector/ and cli/ in it. */
  readonly programs: string;
}

/** Removed when this process ends; after a kill, by the next call. */
export function checkOutBaseline(name: string): Baseline {
  removeAbandoned();
  const commit = git('rev-parse', '--verify', `${name}^{commit}`).trim();
  const directory = mkdtempSync(join(tmpdir(), `${prefix}${process.pid}-`));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(130));
  process.once('exit', () => removeWorktree(directory));
  git('worktree', 'add', '--detach', directory, commit);
  symlinkSync(join(projectRoot, 'node_modules'), join(directory, 'node_modules'));
  buildPrograms(directory);
  return { commit: commit.slice(0, 12), programs: join(directory, 'dist') };
}

/** What the programs need, without the tests. */
export function buildPrograms(directory: string): void {
  const run = (...args: readonly string[]): unknown => execFileSync(process.execPath, args, { cwd: directory, stdio: 'inherit' });
  run(join('node_modules', 'typescript', 'bin', 'tsc'), '-b', 'server', 'connector', 'cli');
  run(join('scripts', 'finish-build.ts'));
}

function removeAbandoned(): void {
  for (const line of git('worktree', 'list', '--porcelain').split('\n')) {
    const directory = line.replace(/^worktree /, '');
    const pid = new RegExp(`^${prefix}(\\d+)-`).exec(basename(directory))?.[1];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) removeWorktree(directory);
  }
}

function removeWorktree(directory: string): void {
  rmSync(directory, { recursive: true, force: true });
  git('worktree', 'prune');
}

const git = (...args: readonly string[]): string =>
  execFileSync('git', args, { cwd: projectRoot, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
