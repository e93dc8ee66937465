/** Runs one command of the run: its output in a file, a deadline, and a process group that ends whole. */
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { keep } from '../kubernetes/keeper.ts';
import type { RunContext } from './run-context.ts';

export interface ProcessJob {
  readonly command: readonly [string, ...string[]];
  readonly env: NodeJS.ProcessEnv;
  readonly outputFile: string;
  readonly deadlineSeconds: number;
  /** When this has become true, the process has a few seconds more to end by itself. */
  readonly isDone?: () => boolean;
}

export interface ProcessResult {
  readonly code: number | null;
  /** Why it was killed, for people. */
  readonly killed?: string;
  /** Something it had started ran on after its end, and was killed. */
  readonly leftProcesses: boolean;
}

const graceSeconds = 15;
const answerMilliseconds = 1000;

export async function runProcess(context: RunContext, job: ProcessJob): Promise<ProcessResult> {
  const output = openSync(job.outputFile, 'w');
  const [program, ...args] = job.command;
  const child = spawn(program, args, { env: job.env, detached: true, stdio: ['ignore', output, output] });
  closeSync(output);
  const exit = new Promise<number | null>((resolve, reject) => child.on('error', reject).on('exit', resolve));
  const group = child.pid;
  if (group === undefined) return { code: await exit, leftProcesses: false };
  // Detached processes do not end with this one: their keeper sees to that, even after kill -9.
  const keeper = keep(['/bin/sh', '-c', 'kill -s KILL -- "-$1"', 'end-group', String(group)]);
  context.onEnd(keeper.undo);
  const watch = new AbortController();
  const killed = whyKilled(job, watch.signal).then(async (reason) => {
    if (reason === undefined) return undefined;
    if (job.isDone !== undefined) {
      // Its last words: say-what-is-open.ts.
      child.kill('SIGUSR2');
      await delay(answerMilliseconds);
    }
    signalGroup(group, 'SIGKILL');
    return reason;
  });
  const code = await exit;
  watch.abort();
  const reason = await killed;
  const leftProcesses = reason === undefined && signalGroup(group, 0);
  await keeper.undo();
  return { code, leftProcesses, ...(reason === undefined ? {} : { killed: reason }) };
}

/** Resolves with a reason once the process has had its time; with nothing when the watch is called off. */
async function whyKilled({ deadlineSeconds, isDone = () => false }: ProcessJob, signal: AbortSignal): Promise<string | undefined> {
  const started = performance.now();
  let doneAt: number | undefined;
  while (!signal.aborted) {
    await delay(200, undefined, { signal }).catch(() => undefined);
    const now = performance.now();
    if (now > started + deadlineSeconds * 1000) return `not done within ${deadlineSeconds} s: killed`;
    if (isDone()) doneAt ??= now;
    if (doneAt !== undefined && now > doneAt + graceSeconds * 1000) {
      return `its tests had ended, but something (a server, a timer, a child) kept the process open for ${graceSeconds} s: killed`;
    }
  }
  return undefined;
}

/** @returns whether the group has a process. */
function signalGroup(group: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-group, signal);
    return true;
  } catch {
    return false;
  }
}
