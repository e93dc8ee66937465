/** infra-server and infra-connector as processes of their own, which a later run finds by their pid files. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { nodeArguments } from '../lib/node-arguments.ts';
import { programFile } from './build.ts';
import { QuickstartError, type Say } from './fault.ts';

interface ServiceRecord {
  readonly pid: number;
  /** What was decided when it was started: a later run needs the same. */
  readonly facts: Readonly<Record<string, string>>;
}

export interface ServiceOptions {
  readonly directory: string;
  readonly program: 'server' | 'connector';
  readonly env: Readonly<Record<string, string>>;
  readonly facts: Readonly<Record<string, string>>;
}

const recordFile = (directory: string, program: string): string => join(directory, `${program}.json`);
export const logFile = (directory: string, program: string): string => join(directory, 'log', `${program}.log`);

/** Facts of the running service, or undefined when it is not running. */
export function runningService(directory: string, program: 'server' | 'connector'): ServiceRecord['facts'] | undefined {
  const record = readRecord(directory, program);
  return record !== undefined && isOurs(record.pid, program) ? record.facts : undefined;
}

export function startService({ directory, program, env, facts }: ServiceOptions): void {
  mkdirSync(join(directory, 'log'), { recursive: true });
  const log = openSync(logFile(directory, program), 'w', 0o600);
  const child = spawn(process.execPath, nodeArguments(programFile(program)), {
    env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', ...env },
    detached: true,
    stdio: ['ignore', log, log],
  });
  if (child.pid === undefined) throw new QuickstartError(`infra-${program} could not be started`);
  child.unref();
  const record: ServiceRecord = { pid: child.pid, facts };
  writeFileSync(recordFile(directory, program), JSON.stringify(record), { mode: 0o600 });
}

/** Waits for a condition while the service lives; says what its log says when it does not. */
export async function untilService<T>(
  directory: string,
  program: 'server' | 'connector',
  condition: () => Promise<T | undefined>,
): Promise<T> {
  const deadline = performance.now() + 30_000;
  while (performance.now() < deadline) {
    const found = await condition().catch(() => undefined);
    if (found !== undefined) return found;
    if (runningService(directory, program) === undefined)
      throw new QuickstartError(`infra-${program} ended:\n${lastLines(directory, program)}`);
    await delay(100);
  }
  throw new QuickstartError(`infra-${program} is not ready after 30 s:\n${lastLines(directory, program)}`);
}

export async function stopServices(directory: string, say: Say): Promise<void> {
  for (const program of ['connector', 'server'] as const) {
    const record = readRecord(directory, program);
    if (record === undefined || !isOurs(record.pid, program)) continue;
    say(`stopping infra-${program}`);
    process.kill(record.pid, 'SIGTERM');
    await untilGone(record.pid, program);
  }
}

/** Data, keys, logins and logs: the next start begins from nothing. */
export function forgetServices(directory: string): void {
  rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
}

async function untilGone(pid: number, program: string): Promise<void> {
  const deadline = performance.now() + 15_000;
  while (isOurs(pid, program)) {
    if (performance.now() > deadline) process.kill(pid, 'SIGKILL');
    await delay(50);
  }
}

function readRecord(directory: string, program: string): ServiceRecord | undefined {
  const file = recordFile(directory, program);
  // Written by startService above and by nobody else.
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as ServiceRecord) : undefined;
}

/** A process with that number that runs our program: numbers are used again. */
function isOurs(pid: number, program: string): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  const commandLine = `/proc/${pid}/cmdline`;
  return (
    !existsSync('/proc/self/cmdline') ||
    (existsSync(commandLine) && readFileSync(commandLine, 'utf8').includes(join('dist', program, 'main.js')))
  );
}

const lastLines = (directory: string, program: string): string =>
  readFileSync(logFile(directory, program), 'utf8').split('\n').slice(-15).join('\n');
