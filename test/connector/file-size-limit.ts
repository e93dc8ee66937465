import { execFileSync } from 'node:child_process';

/** A running process finds its disk full as soon as a file of it would be longer (Linux); the beginning of what does not fit is still written. */
export function limitFileSize(pid: number, bytes: number | 'unlimited'): void {
  execFileSync('prlimit', [`--fsize=${bytes}:`, '--pid', String(pid)]);
}
