/** Debian's haproxy in front of a server: passes TCP on as it is, with the PROXY header, version 2, before it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startDaemon, type Daemon } from './daemon.ts';
import { needDebianPackages } from './debian-packages.ts';
import { tempDir } from './temp-dir.ts';

/** Both of this machine; the server need not be there yet. */
export async function startHaproxy({ port, server }: { readonly port: number; readonly server: number }): Promise<Daemon> {
  await needDebianPackages('haproxy');
  const file = join(tempDir('infra-haproxy'), 'haproxy.cfg');
  writeFileSync(
    file,
    `
defaults
  mode tcp
  timeout connect 5s
  timeout client 1h
  timeout server 1h
listen infra
  bind 127.0.0.1:${port}
  server infra 127.0.0.1:${server} send-proxy-v2
`,
  );
  return startDaemon('/usr/sbin/haproxy', ['-db', '-f', file], port);
}
