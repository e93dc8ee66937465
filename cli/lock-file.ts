/**
 * One at a time across processes: a lock file that names its owner, so that a lock whose owner died is taken over. A lock guards work, not
 * safety: should two ever hold one (a home directory shared over a network file system), the work is merely done twice.
 */
import { linkSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { systemClock } from '../shared/clock.ts';
import { CliError, errorCode } from './failure.ts';

export interface LockOptions {
  readonly waitMilliseconds: number;
}

/** No work under a lock takes this long, but for a person at a browser; an older lock of an owner that cannot be looked up is dead. */
const deadAfterMilliseconds = 60_000;
const pollMilliseconds = 15;

/** Runs `work` alone. Someone else may have done it in the meantime: look again first. */
export async function withLock<Result>(path: string, options: LockOptions, work: () => Promise<Result>): Promise<Result> {
  await acquire(path, options);
  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
  }
}

async function acquire(path: string, { waitMilliseconds }: LockOptions): Promise<void> {
  const giveUpAt = systemClock.now() + waitMilliseconds;
  for (;;) {
    if (tryCreate(path)) return;
    if (takeAwayIfDead(path)) continue;
    if (systemClock.now() > giveUpAt) throw new CliError('failed', `${path} is held by another infra for too long; try again`);
    await pause(pollMilliseconds);
  }
}

/** Linking a written file makes lock and owner appear in one step, so nobody ever reads a lock without owner. */
function tryCreate(path: string): boolean {
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, JSON.stringify(ownerOf(process.pid)), { mode: 0o600 });
  try {
    linkSync(temporary, path);
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    return createWithoutLink(path);
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** For file systems without hard links. */
function createWithoutLink(path: string): boolean {
  try {
    writeFileSync(path, JSON.stringify(ownerOf(process.pid)), { mode: 0o600, flag: 'wx' });
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  }
}

/** True when the way is free to try again. Renaming first means that of several who saw the dead lock only one takes it. */
function takeAwayIfDead(path: string): boolean {
  const content = readLock(path);
  if (content === undefined) return true;
  if (!isDead(path, content)) return false;
  const aside = `${path}.${process.pid}.dead`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return true;
    throw error;
  }
  if (readLock(aside) !== content) putBack(aside, path);
  rmSync(aside, { force: true });
  return true;
}

/** Someone had already replaced the dead lock with a live one: it is theirs. */
function putBack(aside: string, path: string): void {
  try {
    linkSync(aside, path);
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
  }
}

function readLock(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function isDead(path: string, content: string): boolean {
  const [host, pid, start] = parseOwner(content);
  if (host === hostname() && pid !== undefined && Number.isSafeInteger(pid))
    return !isAlive(pid) || (start !== null && start !== startOf(pid));
  try {
    return systemClock.now() - statSync(path).mtimeMs > deadAfterMilliseconds;
  } catch {
    return true;
  }
}

type Owner = readonly [host: string, pid: number, start: string | null];
const ownerOf = (pid: number): Owner => [hostname(), pid, startOf(pid)];

function parseOwner(content: string): Owner | readonly [] {
  try {
    const parsed: unknown = JSON.parse(content);
    if (!Array.isArray(parsed)) return [];
    const [host, pid, start] = parsed as readonly unknown[];
    if (typeof host !== 'string' || typeof pid !== 'number') return [];
    return [host, pid, typeof start === 'string' ? start : null];
  } catch {
    return [];
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // EPERM: it lives and is someone else's.
    return errorCode(error) !== 'ESRCH';
  }
}

/** When a process began, in the kernel's ticks: tells a process from a later one with its number. Only Linux tells it without a helper program. */
function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // Fields after the command in parentheses, which may itself hold spaces; the 22nd field is the start (proc(5)).
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}
