/** Files that are whole at any moment: written beside, then renamed over. */
import { randomBytes } from 'node:crypto';
import { closeSync, fchmodSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

export interface WriteOptions {
  readonly mode: number;
  /** On disk before it is called written; false for what can be made again at any time. */
  readonly durable: boolean;
}

export function writeFileAtomically(path: string, content: string | Uint8Array, options: WriteOptions): void {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}`);
  try {
    writeNew(temporary, content, options);
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  if (options.durable) syncDirectory(dirname(path));
}

function writeNew(path: string, content: string | Uint8Array, { mode, durable }: WriteOptions): void {
  const descriptor = openSync(path, 'wx', mode);
  try {
    const bytes = typeof content === 'string' ? Buffer.from(content) : content;
    for (let written = 0; written < bytes.length;) written += writeSync(descriptor, bytes, written);
    // The umask may have taken bits that the replaced file had.
    fchmodSync(descriptor, mode);
    if (durable) fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** The rename itself survives a power cut only when the directory is synced; Windows has no such call. */
function syncDirectory(directory: string): void {
  let descriptor: number;
  try {
    descriptor = openSync(directory, 'r');
  } catch {
    return;
  }
  try {
    fsyncSync(descriptor);
  } catch {
    return;
  } finally {
    closeSync(descriptor);
  }
}
