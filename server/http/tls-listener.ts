/** The TLS port. Certificates come from files, read again when they change, or from the own authority, renewed long before their end. */
import { readFileSync, watchFile, unwatchFile } from 'node:fs';
import { createServer, type Server } from 'node:https';
import { createSecureContext } from 'node:tls';
import { hostname } from 'node:os';
import type { IncomingMessage, RequestListener } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { listenBacklog, type ListenAddress } from '../../shared/node/listen-address.ts';
import { ConfigError } from '../../shared/node/load-config.ts';
import type { Logger } from '../../shared/node/logger.ts';

export interface TlsMaterial {
  readonly cert: string;
  readonly key: string;
}
export interface TlsSource {
  current(): Promise<TlsMaterial>;
  /** Calls back when `current` would give something new. */
  watch(changed: () => void): { stop(): void };
}

/** Mozilla's intermediate profile: TLS 1.2 with forward secrecy, and 1.3. */
const protocol = {
  minVersion: 'TLSv1.2',
  ciphers:
    'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305',
  ecdhCurve: 'X25519:P-256:P-384',
  honorCipherOrder: false,
} as const;

export interface TlsListener {
  /** The port that was bound. */
  readonly port: number;
  /** No new connections; waits for requests under way. */
  close(): Promise<void>;
}

export interface TlsListenerOptions {
  readonly app: RequestListener;
  readonly address: ListenAddress;
  readonly tls: TlsSource;
  /** Sees each connection first, and hands on those that are for this. */
  readonly frontDoor: { take(socket: Socket, serve: () => void): void };
  /** Requests that become something else. */
  readonly upgrades: {
    isFor(request: IncomingMessage): boolean;
    take(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  };
  readonly logger: Logger;
}

export async function listenTls(options: TlsListenerOptions): Promise<TlsListener> {
  const { upgrades, frontDoor } = options;
  const material = await options.tls.current();
  const server = createServer({ ...protocol, ...material, shouldUpgradeCallback: (request) => upgrades.isFor(request) }, options.app);
  server.on('upgrade', (request, socket, head) => upgrades.take(request, socket, head));
  const [serveTls] = server.listeners('connection') as ((socket: Socket) => void)[];
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => frontDoor.take(socket, () => serveTls?.call(server, socket)));
  // A client that dawdles over its headers or body holds a connection, not the server.
  server.headersTimeout = 15_000;
  server.requestTimeout = 60_000;
  server.keepAliveTimeout = 75_000;
  server.maxHeadersCount = 100;
  const watching = options.tls.watch(() => {
    options.tls.current().then(
      (material) => server.setSecureContext({ ...protocol, ...material }),
      (error: unknown) => options.logger.error({ err: error }, 'the new certificate cannot be used; going on with the old one'),
    );
  });
  await listen(server, options.address);
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : options.address.port,
    close: async () => {
      watching.stop();
      // A connection that was busy is idle after its answer, and would hold the server for as long as its client keeps it.
      const sweep = setInterval(() => server.closeIdleConnections(), 50);
      await new Promise<void>((resolve) => server.close(() => resolve()));
      clearInterval(sweep);
    },
  };
}

async function listen(server: Server, { host, port }: ListenAddress): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, backlog: listenBacklog }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** Certificate and key in files; editors and cert-manager replace them whole. */
export function tlsFromFiles(files: { readonly cert: string; readonly key: string }): TlsSource {
  return {
    current: async () => readPair(files),
    watch: (changed) => {
      // Polling sees the symlink swaps that Kubernetes makes, which events on the file miss.
      for (const file of [files.cert, files.key]) watchFile(file, { interval: 5000 }, changed);
      return { stop: () => [files.cert, files.key].forEach((file) => unwatchFile(file)) };
    },
  };
}

function readPair(files: TlsMaterial): TlsMaterial {
  try {
    const material = { cert: readFileSync(files.cert, 'utf8'), key: readFileSync(files.key, 'utf8') };
    // Throws for what is no PEM and for a key of another certificate.
    createSecureContext(material);
    return material;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : 'unknown error';
    throw new ConfigError(`tls.cert ${files.cert} and tls.key ${files.key} cannot be used: ${reason}`);
  }
}

export interface OwnCertificates {
  issueForServer(hosts: readonly string[]): Promise<{ readonly chain: string; readonly privateKey: string; readonly expiresAt: number }>;
}

const renewMilliseconds = 10 * 86_400_000;

/** A certificate of the own authority for the public name and this machine's own; the key is in memory alone. */
export function tlsFromAuthority(authority: OwnCertificates, publicUrl: string): TlsSource {
  const hosts = [new URL(publicUrl).hostname.replace(/^\[|\]$/g, ''), 'localhost', '127.0.0.1', '::1', hostname()];
  return {
    current: async () => {
      const issued = await authority.issueForServer(hosts);
      return { cert: issued.chain, key: issued.privateKey };
    },
    watch: (changed) => {
      const timer = setInterval(changed, renewMilliseconds).unref();
      return { stop: () => clearInterval(timer) };
    },
  };
}
