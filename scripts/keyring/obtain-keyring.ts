/** Debian's GNOME keyring and the bus it is asked on, installed where they are missing. By hand: node scripts/keyring/obtain-keyring.ts */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { isExecutable, type Log } from '../kubernetes/build.ts';

export interface KeyringPrograms {
  readonly bus: string;
  readonly keyring: string;
}

const programs: KeyringPrograms = { bus: '/usr/bin/dbus-daemon', keyring: '/usr/bin/gnome-keyring-daemon' };
const packages = ['dbus', 'gnome-keyring'];

export async function obtainKeyring(log: Log = console.error): Promise<KeyringPrograms> {
  if (Object.values(programs).every((program: string) => isExecutable(program))) return programs;
  log('installing the GNOME keyring (once, half a minute)');
  await promisify(execFile)(join(import.meta.dirname, '..', 'lib', 'debian-packages.sh'), packages);
  return programs;
}

if (import.meta.main) console.log(await obtainKeyring());
