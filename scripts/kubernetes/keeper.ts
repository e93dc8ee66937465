/**
 * Undoes what a process started, even when that process is killed with -9. A shell in a session of its own reads from a pipe
 * whose other end only the owner holds: the kernel closes it when the owner ends in any way, and the shell runs the undoing.
 */
import { spawn } from 'node:child_process';
import { Socket } from 'node:net';

export interface Keeper {
  /** Undoes now, and resolves when that is done. */
  undo(): Promise<void>;
}

/** `command` must be idempotent and must not need the owner's terminal or working directory. */
export function keep(command: readonly string[]): Keeper {
  // TERM, INT and HUP are ignored: a keeper that ends before its time would leave everything behind.
  const wait = 'trap "" TERM INT HUP; cat >/dev/null; exec "$@"';
  const shell = spawn('/bin/sh', ['-c', wait, 'keeper', ...command], { cwd: '/', detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  const ended = new Promise<void>((resolve, reject) => shell.on('error', reject).on('exit', () => resolve()));
  ended.catch(() => undefined);
  shell.unref();
  // The owner may end without undoing first: the pipe (to Node, a socket) is not a reason to stay alive.
  if (shell.stdin instanceof Socket) shell.stdin.unref();
  return {
    undo: async () => {
      shell.ref();
      shell.stdin.end();
      await ended;
    },
  };
}
