/** Runs one program of a cluster: its log in log/NAME.log, its number in NAME.pid, out of reach of the terminal's Ctrl-C. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface ComponentOptions {
  readonly directory: string;
  readonly name: string;
  readonly command: readonly string[];
}

export interface Component {
  readonly name: string;
  /** Throws, with the end of the log, when the program has ended: it should run as long as its cluster. */
  assertRunning(): void;
  kill(): Promise<void>;
}

export function startComponent({ directory, name, command }: ComponentOptions): Component {
  const logFile = join(directory, 'log', `${name}.log`);
  const log = openSync(logFile, 'a');
  // The program's own shell writes the pid before it becomes the program: an owner killed right now leaves no unlisted process.
  const shell = 'echo $$ >"$1"; shift; exec "$@"';
  const child = spawn('/bin/sh', ['-c', shell, 'start', join(directory, `${name}.pid`), ...command], {
    cwd: directory,
    detached: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  child.unref();
  const ended = new Promise<void>((resolve) => child.on('exit', () => resolve()));
  return {
    name,
    assertRunning: () => {
      if (hasEnded(child)) throw new ComponentEnded(name, tail(logFile));
    },
    kill: async () => {
      child.ref();
      child.kill('SIGKILL');
      if (!hasEnded(child)) await ended;
    },
  };
}

const hasEnded = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null;

export class ComponentEnded extends Error {
  /** True when another process took the port between our choosing it and the program's binding it. */
  readonly lostItsPort: boolean;

  constructor(name: string, log: string) {
    super(`${name} ended; its log ends:\n${log}`);
    this.lostItsPort = log.includes('address already in use');
  }
}

function tail(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n').slice(-8).join('\n') : '';
}
