/** The data directory: private to the server's user, one server at a time. */
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { claimDataDirectory, StorageError } from './storage/database.ts';

/** Makes it 0700, or refuses one that others can read: what lies in it is worth the clusters. */
export function prepareDataDirectory(dataDir: string): void {
  if (!existsSync(dataDir)) mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  if (!statSync(dataDir).isDirectory()) throw new StorageError(`${dataDir} is no directory; give another dataDir (--data-dir)`);
  // Windows has no such bits; its access lists are the folder's.
  if (process.platform === 'win32') return;
  if ((statSync(dataDir).mode & 0o077) !== 0)
    throw new StorageError(`the data directory ${dataDir} can be read by others; run: chmod 700 ${dataDir}`);
}

export const claimServer = (dataDir: string): { release(): void } => claimDataDirectory(join(dataDir, 'server.lock'));
