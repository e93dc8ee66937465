/**
 * Work that many processes want at the same moment and one does for all: those who waited get what came of it, a refusal too, instead of asking
 * the same again one after the other. The credential plugin starts with this file.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { systemClock } from '../shared/clock.ts';
import { CliError, exitCodes, type Failure } from './failure.ts';
import { ensurePrivateDirectory, lockFile, type Home } from './home.ts';
import { withLock } from './lock-file.ts';

export interface Flight<Result> {
  readonly home: Home;
  /** Of the lock: who names the same wants the same. */
  readonly name: string;
  readonly waitMilliseconds: number;
  /** What another flight brought meanwhile, whether or not this one had to wait for it. */
  readonly landed: () => Result | undefined;
  readonly fly: () => Promise<Result>;
}

export async function singleFlight<Result>({ home, name, waitMilliseconds, landed, fly }: Flight<Result>): Promise<Result> {
  const startedAt = systemClock.now();
  const lock = lockFile(home, name);
  const failure = `${lock}.failure`;
  ensurePrivateDirectory(home, dirname(lock));
  return withLock(lock, { waitMilliseconds }, async () => {
    const meanwhile = landed();
    if (meanwhile !== undefined) return meanwhile;
    rethrowFailureSince(failure, startedAt);
    try {
      const result = await fly();
      rmSync(failure, { force: true });
      return result;
    } catch (error) {
      noteFailure(failure, error);
      throw error;
    }
  });
}

function noteFailure(path: string, error: unknown): void {
  if (!(error instanceof CliError)) return;
  writeFileSync(path, JSON.stringify({ at: systemClock.now(), failure: error.failure, sentence: error.message }), { mode: 0o600 });
}

function rethrowFailureSince(path: string, since: number): void {
  let noted: Readonly<Record<string, unknown>>;
  try {
    noted = JSON.parse(readFileSync(path, 'utf8')) as Readonly<Record<string, unknown>>;
  } catch {
    return;
  }
  const { at, failure, sentence } = noted;
  if (typeof at !== 'number' || at < since || typeof sentence !== 'string' || typeof failure !== 'string') return;
  if (failure in exitCodes && failure !== 'ok') throw new CliError(failure as Failure, sentence);
}
