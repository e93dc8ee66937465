import { readdirSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** Open files, sockets included. */
export const openFiles = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length;

/** Waits until no more than so many files are open; the number in the end. */
export async function untilOpenFiles(pid: number, atMost: number, seconds: number): Promise<number> {
  const deadline = performance.now() + seconds * 1000;
  while (openFiles(pid) > atMost && performance.now() < deadline) await delay(250);
  return openFiles(pid);
}
