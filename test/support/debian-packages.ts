import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { projectRoot } from './program.ts';

/** Installs what is missing of them. */
export async function needDebianPackages(...names: readonly string[]): Promise<void> {
  await promisify(execFile)(join(projectRoot, 'scripts', 'lib', 'debian-packages.sh'), names);
}
