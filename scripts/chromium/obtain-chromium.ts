/** Debian's Chromium, installed where it is missing. By hand: node scripts/chromium/obtain-chromium.ts */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { isExecutable, type Log } from '../kubernetes/build.ts';

const program = '/usr/bin/chromium';
/** Chromium alone brings no letters to draw. */
const packages = ['chromium', 'fonts-dejavu-core'];

export async function obtainChromium(log: Log = console.error): Promise<string> {
  if (isExecutable(program)) return program;
  log('installing Chromium (once, a minute)');
  await promisify(execFile)(join(import.meta.dirname, '..', 'lib', 'debian-packages.sh'), packages);
  return program;
}

if (import.meta.main) console.log(await obtainChromium());
