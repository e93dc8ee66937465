/**
 * The port people's kubectl connects to: mutual TLS whose client side is judged by us, so that a missing or foreign certificate gets an
 * answer in words instead of a broken handshake. Owns the sockets; knows nothing of rights.
 */
import { X509Certificate } from 'node:crypto';
import { createServer, type Server } from 'node:https';
import type { Socket } from 'node:net';
import { TLSSocket, type DetailedPeerCertificate } from 'node:tls';
import type { ConnectionLimits } from './connection-limits.ts';
import type { Entrance } from './entrance.ts';
import { http1Limits, serveHttp1 } from './http1-front.ts';
import { createHttp2Front, type Http2Front } from './http2-front.ts';
import { identifyPeer, type PeerExpectations, type PeerResult } from './peer-certificate.ts';
import { createRests, type Rests } from './rests.ts';
import type { UpgradeHandler } from './upgrade-proxy.ts';

export interface ServingMaterial {
  readonly certificateChain: string;
  readonly key: string;
}

export interface Listener {
  /** Opens the port with the first certificate; later ones replace it for new connections. */
  use(material: ServingMaterial): void;
  isListening(): boolean;
  /** The port in use, once listening. */
  port(): number | undefined;
  /** Takes no new connection and lets requests under way finish; at the end of its patience `endAll` is called and every connection closed. */
  drain(milliseconds: number, endAll: () => void): Promise<void>;
}

export interface ListenerOptions {
  readonly host: string;
  readonly port: number;
  readonly entrance: Entrance;
  readonly connections: ConnectionLimits;
  readonly upgrade: UpgradeHandler;
  readonly listening: (port: number) => void;
  /** A handshake broke. */
  readonly handshakeFailed: () => void;
  readonly failed: (error: Error) => void;
}

const tlsLimits = {
  minVersion: 'TLSv1.2',
  ALPNProtocols: ['h2', 'http/1.1'],
  handshakeTimeout: 10_000,
  // Own judgement of the client's certificate happens in admission; OpenSSL's is not asked.
  requestCert: true,
  rejectUnauthorized: false,
  // Finds a client that is gone without a word, and keeps idle streams known to what stands between.
  keepAlive: true,
  keepAliveInitialDelay: 30_000,
} as const;

/**
 * OpenSSL must find no root: of a client whose certificate it takes for good, Node asks for the certificate itself, and loses the memory of an
 * issuer each time (ADR 33). Clients are told no names of roots; those of ours have one certificate.
 */
const noRoots: string[] = [];
/** Leaf and issuers. */
const mostPresented = 6;

export function createListener(options: ListenerOptions): Listener {
  let server: Server | undefined;
  const rests = createRests();
  const http2 = createHttp2Front(options);
  return {
    use: (material) => {
      const identity = { key: material.key, cert: material.certificateChain, ca: noRoots };
      if (server !== undefined) {
        server.setSecureContext({ ...identity, minVersion: tlsLimits.minVersion });
        return;
      }
      server = createServer({ ...http1Limits, ...tlsLimits, ...identity, ALPNProtocols: [...tlsLimits.ALPNProtocols] });
      serve(server, { options, rests, http2 });
    },
    isListening: () => server?.listening === true,
    port: () => portOf(server),
    drain: async (milliseconds, endAll) => {
      if (server === undefined) return;
      const closed = new Promise((resolve) => server?.close(resolve));
      server.closeIdleConnections();
      http2.close();
      const timer = setTimeout(() => {
        endAll();
        options.connections.closeAll();
      }, milliseconds);
      await closed;
      rests.stop();
      clearTimeout(timer);
    },
  };
}

interface Fronts {
  readonly options: ListenerOptions;
  readonly rests: Rests;
  readonly http2: Http2Front;
}

function serve(server: Server, { options, rests, http2 }: Fronts): void {
  const { connections } = options;
  server.on('connection', (socket: Socket) => void connections.accept(socket));
  const [serveHttp1Connection] = server.listeners('secureConnection') as ((socket: TLSSocket) => void)[];
  server.removeAllListeners('secureConnection');
  server.on('secureConnection', (socket) => {
    connections.identify(socket);
    if (socket.alpnProtocol === 'h2') http2.take(socket);
    else serveHttp1Connection?.call(server, socket);
  });
  serveHttp1(server, { ...options, rests });
  server.on('tlsClientError', options.handshakeFailed);
  server.once('error', options.failed);
  server.listen(options.port, options.host, () => options.listening(portOf(server) ?? options.port));
}

function portOf(server: Server | undefined): number | undefined {
  const address = server?.address();
  return typeof address === 'object' && address !== null ? address.port : undefined;
}

/** Whose certificate a connection showed; parsed and verified once, however many requests come over it. */
export function createPeerLookup(expectations: () => PeerExpectations): (socket: Socket) => PeerResult {
  const known = new WeakMap<Socket, PeerResult>();
  return (socket) => {
    const before = known.get(socket);
    if (before !== undefined) return before;
    const result = identify(socket, expectations());
    known.set(socket, result);
    return result;
  };
}

/** Not by `getPeerX509Certificate`, which takes the issuer out of OpenSSL's list and frees it never (Node 24). */
function identify(socket: Socket, expectations: PeerExpectations): PeerResult {
  const presented: X509Certificate[] = [];
  const seen = new Set<string>();
  let next: Partial<DetailedPeerCertificate> | undefined = socket instanceof TLSSocket ? socket.getPeerCertificate(true) : undefined;
  // A root is its own issuer.
  while (
    next?.raw !== undefined &&
    next.fingerprint256 !== undefined &&
    !seen.has(next.fingerprint256) &&
    presented.length < mostPresented
  ) {
    seen.add(next.fingerprint256);
    presented.push(new X509Certificate(next.raw));
    next = next.issuerCertificate;
  }
  const [leaf, ...issuers] = presented;
  return leaf === undefined ? { kind: 'refused', why: 'no client certificate was shown' } : identifyPeer(leaf, issuers, expectations);
}
