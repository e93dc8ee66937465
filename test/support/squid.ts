/** Debian's squid: a company's HTTP proxy, which asks for a name and a password and alone can resolve the names of what is behind it. */
import { execFile } from 'node:child_process';
import { chmodSync, chownSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startDaemon } from './daemon.ts';
import { needDebianPackages } from './debian-packages.ts';
import { freePort } from './ports.ts';

export interface Squid {
  /** HOST:PORT. */
  readonly address: string;
  /** A line for each request, written when it is over: method, address, status, user. */
  requests(): readonly string[];
  stop(): Promise<void>;
}

export interface SquidWish {
  readonly user: string;
  readonly password: string;
  /** The one place it leads to: a name of this machine that nobody else knows. */
  readonly to: { readonly host: string; readonly port: number };
}

export async function startSquid(wish: SquidWish): Promise<Squid> {
  await needDebianPackages('squid', 'openssl');
  // Not with the others: started by root it becomes another user, who cannot look into theirs.
  const directory = mkdtempSync('/tmp/infra-squid-');
  const remove = (): void => rmSync(directory, { recursive: true, force: true });
  process.once('exit', remove);
  const port = await freePort();
  const file = (name: string): string => join(directory, name);
  writeFileSync(file('hosts'), `127.0.0.1 ${wish.to.host}\n`);
  const { stdout: hash } = await promisify(execFile)('openssl', ['passwd', '-apr1', wish.password]);
  writeFileSync(file('passwords'), `${wish.user}:${hash.trim()}\n`);
  writeFileSync(file('squid.conf'), configuration(directory, port, wish.to.port));
  await giveToSquid(directory);
  const daemon = await startDaemon('/usr/sbin/squid', ['-N', '-f', file('squid.conf')], port);
  return {
    address: `127.0.0.1:${port}`,
    requests: () => readFileSync(file('access.log'), 'utf8').split('\n').filter(Boolean),
    stop: async () => {
      await daemon.stop();
      process.off('exit', remove);
      remove();
    },
  };
}

const configuration = (directory: string, port: number, target: number): string => `
http_port 127.0.0.1:${port}
pid_filename ${directory}/squid.pid
logformat plain %rm %ru %>Hs %[un
access_log stdio:${directory}/access.log logformat=plain
buffered_logs off
cache_log ${directory}/cache.log
coredump_dir ${directory}
hosts_file ${directory}/hosts
dns_nameservers 127.0.0.1
pinger_enable off
netdb_filename none
cache deny all
cache_mem 8 MB
auth_param basic program /usr/lib/squid/basic_ncsa_auth ${directory}/passwords
auth_param basic realm proxy
acl known proxy_auth REQUIRED
acl server port ${target}
acl connecting method CONNECT
http_access deny !connecting
http_access deny !server
http_access allow known
http_access deny all
shutdown_lifetime 1 second
`;

async function giveToSquid(directory: string): Promise<void> {
  if (process.getuid?.() !== 0) return;
  const { stdout } = await promisify(execFile)('id', ['-u', 'proxy']);
  chmodSync(directory, 0o755);
  chownSync(directory, Number(stdout), 0);
}
