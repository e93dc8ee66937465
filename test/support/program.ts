/** A program of ours as a real process: its output kept, its end awaited, and never left behind. */
import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { nodeArguments } from '../../scripts/lib/node-arguments.ts';

export const projectRoot = join(import.meta.dirname, '..', '..');
/** The bench compares with the programs of another commit. */
const programs = process.env['INFRA_TEST_PROGRAMS'] ?? join(projectRoot, 'dist');

const running = new Set<ChildProcess>();
process.once('exit', () => running.forEach((child) => child.kill('SIGKILL')));

export interface ProgramOptions {
  /** `server`, `connector` or `cli`: dist/<program>/main.js. */
  readonly program: 'server' | 'connector' | 'cli';
  readonly args?: readonly string[];
  /** Another main.js than the one that was built. */
  readonly main?: string;
  /** The whole environment, but for PATH. */
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  readonly cwd?: string;
  /** Of `ip netns`; absent: this machine's own network. */
  readonly networkNamespace?: string;
}

export interface Program {
  readonly pid: number;
  stdout(): string;
  stderr(): string;
  /** Resolves with the exit code, or the signal's name. */
  readonly ended: Promise<number | string>;
  hasEnded(): boolean;
  /** Sends a signal and waits for the end. */
  end(signal?: NodeJS.Signals): Promise<number | string>;
}

/** The run's, so that a program that starts hundreds of times is compiled once. The CLI has its own; a build that was changed for one test is not worth keeping. */
function compileCacheFor(program: ProgramOptions['program'], main: string | undefined): Record<string, string> {
  const { NODE_COMPILE_CACHE: cache } = process.env;
  return program === 'cli' || main !== undefined || cache === undefined ? {} : { NODE_COMPILE_CACHE: cache };
}

export function startProgram({ program, main, args = [], env = {}, input, cwd, networkNamespace }: ProgramOptions): Program {
  const command = [process.execPath, ...nodeArguments(main ?? join(programs, program, 'main.js')), ...args];
  // It becomes the program: the process is the same.
  const [file = '', ...rest] = networkNamespace === undefined ? command : ['ip', 'netns', 'exec', networkNamespace, ...command];
  const child = spawn(file, rest, {
    env: { PATH: process.env['PATH'] ?? '', ...compileCacheFor(program, main), ...env },
    stdio: 'pipe',
    ...(cwd === undefined ? {} : { cwd }),
  });
  running.add(child);
  let stdout = '';
  let stderr = '';
  let over = false;
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdin.on('error', () => undefined);
  child.stdin.end(input ?? '');
  const ended = new Promise<number | string>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      over = true;
      running.delete(child);
      resolve(code ?? signal ?? 'unknown');
    });
  });
  return {
    pid: child.pid ?? -1,
    stdout: () => stdout,
    stderr: () => stderr,
    ended,
    hasEnded: () => over,
    end: async (signal = 'SIGTERM') => {
      child.kill(signal);
      return ended;
    },
  };
}

/** Runs to the end. */
export async function runProgram(
  options: ProgramOptions,
): Promise<{ readonly code: number | string; readonly stdout: string; readonly stderr: string }> {
  const program = startProgram(options);
  const code = await program.ended;
  return { code, stdout: program.stdout(), stderr: program.stderr() };
}
