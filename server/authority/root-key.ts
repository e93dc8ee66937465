/**
 * The root key: 32 bytes that everything sealed hangs on. Kept in a file beside the data directory, so that a snapshot of the data alone opens
 * nothing. Knows nothing of what it protects.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

export class RootKeyError extends Error {
  constructor(sentence: string) {
    super(sentence);
    this.name = 'RootKeyError';
  }
}

const keyBytes = 32;

/** Reads the key; makes it when `mayCreate`, which is at the first start alone: later a new key would lock everything sealed away for good. */
export function loadRootKey(file: string, mayCreate: boolean): Buffer {
  if (!existsSync(file)) {
    if (!mayCreate) throw new RootKeyError(`the root key ${file} is missing; put back the one this data was made with (rootKeyFile)`);
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(file, randomBytes(keyBytes), { mode: 0o600, flag: 'wx' });
  }
  // Windows has no such bits; its access lists are the folder's.
  if (process.platform !== 'win32' && (statSync(file).mode & 0o077) !== 0)
    throw new RootKeyError(`the root key ${file} can be read by others; run: chmod 600 ${file}`);
  const key = readFileSync(file);
  if (key.length !== keyBytes)
    throw new RootKeyError(`the root key ${file} has ${key.length} bytes instead of ${keyBytes}; put back the one this data was made with`);
  return key;
}
