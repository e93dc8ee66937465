/** Debian's nginx: the reference proxy beside us, and a light upstream that shows the ceiling of what is before it. */
import { execFile, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createCertificateAuthority } from '../../scripts/kubernetes/certificates.ts';
import { freePort } from '../support/ports.ts';
import { tempDir } from '../support/temp-dir.ts';
import { waitFor } from '../support/wait-for.ts';
import { withChildren } from './process-usage.ts';
import { connect } from 'node:net';

export interface Nginx {
  readonly port: number;
  /** PEM of the CA of its certificate, and its file. */
  readonly ca: string;
  readonly caFile: string;
  readonly pids: () => number[];
  stop(): void;
}

interface Upstream {
  readonly url: string;
  readonly caFile: string;
  /** Set on every request, over what came. */
  readonly headers: Readonly<Record<string, string>>;
}

/** A reverse proxy with client certificates, as one would set it up by hand; without access log, which is in its favour. */
export async function startReverseProxy(options: {
  readonly upstream: Upstream;
  readonly clientCaFile: string;
  readonly workers: number;
  /** Instead of the default of a page, 4 KB. */
  readonly bufferSize?: '16k';
}): Promise<Nginx> {
  const { upstream, clientCaFile, workers, bufferSize } = options;
  const { host } = new URL(upstream.url);
  const headers = Object.entries(upstream.headers).map(([name, value]) => `proxy_set_header ${name} "${value}";`);
  return start(
    workers,
    (listen) => `
    upstream kubernetes { server ${host}; keepalive 256; keepalive_requests 10000000; }
    map $http_upgrade $upstream_connection { default upgrade; '' ''; }
    server {
      ${listen}
      ssl_client_certificate ${clientCaFile};
      ssl_verify_client on;
      ssl_verify_depth 3;
      location / {
        proxy_pass https://kubernetes;
        proxy_http_version 1.1;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection $upstream_connection;
        ${bufferSize === undefined ? '' : `proxy_buffer_size ${bufferSize}; proxy_buffers 8 ${bufferSize};`}
        proxy_read_timeout 1h;
        ${headers.join(' ')}
        proxy_ssl_trusted_certificate ${upstream.caFile};
        proxy_ssl_name localhost;
        proxy_ssl_verify on;
      }
    }`,
    ' http2',
  );
}

/** Answers one path at once and passes everything else on, so that a connector finds a whole cluster behind it. */
export async function startLightUpstream(options: {
  readonly upstream: Pick<Upstream, 'url' | 'caFile'>;
  readonly path: string;
  readonly answer: string;
}): Promise<Nginx> {
  const { upstream, path, answer } = options;
  return start(
    1,
    (listen) => `
    upstream kubernetes { server ${new URL(upstream.url).host}; keepalive 8; }
    server {
      ${listen}
      location = ${path} { default_type application/json; return 200 '${answer}'; }
      location = /connections { stub_status; }
      location / {
        proxy_pass https://kubernetes;
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        proxy_buffering off;
        proxy_read_timeout 1h;
      }
    }`,
  );
}

async function start(workers: number, server: (listen: string) => string, protocol: '' | ' http2' = ''): Promise<Nginx> {
  await promisify(execFile)(join(import.meta.dirname, '..', '..', 'scripts', 'lib', 'debian-packages.sh'), ['nginx']);
  const directory = tempDir('infra-nginx');
  mkdirSync(join(directory, 'pki'));
  const authority = await createCertificateAuthority(directory, 'bench');
  await authority.issue({ name: 'nginx', commonName: 'nginx', serves: ['127.0.0.1', 'localhost'] });
  const port = await freePort();
  const file = (name: string): string => join(directory, 'pki', name);
  const listen = `listen 127.0.0.1:${port} ssl${protocol}; ssl_certificate ${file('nginx.crt')}; ssl_certificate_key ${file('nginx.key')}; ssl_protocols TLSv1.2 TLSv1.3;`;
  const configuration = join(directory, 'nginx.conf');
  writeFileSync(configuration, mainConfiguration(directory, workers, server(listen)));
  const child = spawn('nginx', ['-c', configuration, '-p', directory, '-g', 'daemon off;'], { stdio: ['ignore', 'inherit', 'inherit'] });
  const stop = (): boolean => child.kill('SIGTERM');
  process.once('exit', stop);
  child.once('close', () => process.off('exit', stop));
  await waitFor(() => accepts(port), { within: 10, what: 'nginx to listen' });
  return {
    port,
    ca: readFileSync(file('ca.crt'), 'utf8'),
    caFile: file('ca.crt'),
    pids: () => withChildren(child.pid ?? 0),
    stop: () => void stop(),
  };
}

const mainConfiguration = (directory: string, workers: number, server: string): string => `
  user root;
  worker_processes ${workers};
  pid ${join(directory, 'nginx.pid')};
  error_log ${join(directory, 'error.log')} warn;
  events { worker_connections 16384; }
  http {
    access_log off;
    keepalive_requests 10000000;
    keepalive_timeout 600s;
    client_body_temp_path ${join(directory, 'body')};
    proxy_temp_path ${join(directory, 'proxy')};
    fastcgi_temp_path ${join(directory, 'fastcgi')};
    uwsgi_temp_path ${join(directory, 'uwsgi')};
    scgi_temp_path ${join(directory, 'scgi')};
    ${server}
  }`;

async function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
