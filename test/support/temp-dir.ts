import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const made = new Set<string>();

/** A directory of this process alone, removed when it ends. The path is short enough for Unix sockets. */
export function tempDir(name = 'infra'): string {
  if (made.size === 0) process.once('exit', removeAll);
  const directory = mkdtempSync(join(realpathSync(tmpdir()), `${name}-`));
  made.add(directory);
  return directory;
}

function removeAll(): void {
  for (const directory of made) rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
}
