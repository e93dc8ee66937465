/** The connector's own folder: 0700, every file 0600, every write whole or not at all. */
import { chmodSync, closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from '../../shared/node/load-config.ts';

export interface StateDirectory {
  readonly path: string;
  /** Undefined when there is no such file. */
  read(name: string): string | undefined;
  /** Atomic; on disk when it returns. */
  write(name: string, content: string): void;
}

export function openStateDirectory(path: string): StateDirectory {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const { mode } = statSync(path);
  // Windows has no such bits; there the folder inherits the profile's access list.
  if (process.platform !== 'win32' && (mode & 0o077) !== 0)
    throw new ConfigError(`${path} holds the connector's key and is open to others; run: chmod 700 ${path}`);
  return {
    path,
    read: (name) => readIfThere(join(path, name)),
    write: (name, content) => {
      writeDurably(join(path, name), content);
      syncFolder(path);
    },
  };
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function writeDurably(file: string, content: string): void {
  const temporary = `${file}.tmp`;
  const handle = openSync(temporary, 'w', 0o600);
  try {
    writeSync(handle, content);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  chmodSync(temporary, 0o600);
  renameSync(temporary, file);
}

function syncFolder(path: string): void {
  if (process.platform === 'win32') return;
  const handle = openSync(path, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
