/** The images of a test cluster: `localhost/pause:1`, which holds a pod's namespaces, and `localhost/busybox:1`, a shell with its tools. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { writeOciArchive } from './oci-archive.ts';

/** Debian: busybox-static. */
const busybox = '/bin/busybox';
const program = { type: 'file', path: 'bin/busybox', source: busybox } as const;

/** @returns the archives' paths. */
export async function writeTestImages(directory: string): Promise<string[]> {
  const applets = execFileSync(busybox, ['--list'], { encoding: 'utf8' }).trim().split('\n');
  const links = applets
    .filter((applet) => applet !== 'busybox')
    .map((applet) => ({ type: 'link', path: `bin/${applet}`, target: 'busybox' }) as const);
  const pause = join(directory, 'pause.tar');
  const shell = join(directory, 'busybox.tar');
  await writeOciArchive(pause, {
    name: 'localhost/pause:1',
    entries: [{ type: 'directory', path: 'bin' }, program],
    config: { Entrypoint: ['/bin/busybox', 'sleep', '99999999'] },
  });
  await writeOciArchive(shell, {
    name: 'localhost/busybox:1',
    entries: [{ type: 'directory', path: 'bin' }, { type: 'directory', path: 'tmp', mode: 0o1777 }, program, ...links],
    config: { Cmd: ['/bin/sh'], Env: ['PATH=/bin'] },
  });
  return [pause, shell];
}
