/** What a process has in its memory now: for secrets that must not be there. */
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';

const step = 16 * 1024 * 1024;

/** Whether any of the texts is in memory that the process can write. Needs to be root, or its parent. */
export function memoryHolds(pid: number, texts: readonly string[]): readonly string[] {
  const maps = readFileSync(`/proc/${pid}/maps`, 'utf8').trim().split('\n');
  const memory = openSync(`/proc/${pid}/mem`, 'r');
  const found = new Set<string>();
  try {
    for (const line of maps) {
      const [, from = '', to = '', rights = ''] = /^([0-9a-f]+)-([0-9a-f]+) (\S+)/.exec(line) ?? [];
      if (!rights.startsWith('rw') || line.includes('[vvar]')) continue;
      search(memory, { from: BigInt(`0x${from}`), to: BigInt(`0x${to}`) }, texts).forEach((text) => found.add(text));
    }
  } finally {
    closeSync(memory);
  }
  return [...found];
}

function search(memory: number, { from, to }: { readonly from: bigint; readonly to: bigint }, texts: readonly string[]): string[] {
  const longest = Math.max(...texts.map((text) => text.length));
  const found: string[] = [];
  const buffer = Buffer.alloc(step + longest);
  for (let at = from; at < to; at += BigInt(step)) {
    const length = Number(to - at < BigInt(buffer.length) ? to - at : BigInt(buffer.length));
    let read: number;
    try {
      read = readSync(memory, buffer, 0, length, at);
    } catch {
      // Reserved and never touched, or gone since.
      continue;
    }
    found.push(...texts.filter((text) => buffer.subarray(0, read).includes(text)));
  }
  return found;
}
