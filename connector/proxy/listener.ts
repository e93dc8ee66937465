/**
 * The port people's kubectl connects to: mutual TLS whose client side is judged by us, so that a missing or foreign certificate gets an
 * answer in words instead of a broken handshake. Owns the sockets; knows nothing of rights.
 */
import { X509Certificate } from 'node:crypto';
import { createServer, type Server } from 'node:https';
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket, type DetailedPeerCertificate } from 'node:tls';
import { listenBacklog, type ListenAddress } from '../../shared/node/listen-address.ts';
import type { ConnectionLimits } from './connection-limits.ts';
import type { Entrance } from './entrance.ts';
import { http1Limits, serveHttp1 } from './http1-front.ts';
import { createHttp2Front, type Http2Front } from './http2-front.ts';
import { identifyPeer, type PeerExpectations, type PeerResult } from './peer-certificate.ts';
import { createRests, type Rests } from './rests.ts';
import type { PeerAddress, PeerAddresses } from './peer-addresses.ts';
import type { UpgradeHandler } from './upgrade-proxy.ts';

export interface ServingMaterial {
  readonly certificateChain: string;
  readonly key: string;
}

export interface Listener {
  /** Serves from the first certificate on; later ones replace it for new connections. */
  use(material: ServingMaterial): void;
  /** A connection that came through the relay. Before there is a certificate it is turned away. */
  takeRelayed(stream: Duplex, peer: PeerAddress): void;
  isServing(): boolean;
  /** The port in use, once listening. */
  port(): number | undefined;
  /** Takes no new connection and lets requests under way finish; at the end of its patience `endAll` is called and every connection closed. */
  drain(milliseconds: number, endAll: () => void): Promise<void>;
}

export interface ListenerOptions {
  /** Undefined: none; all comes through the relay. */
  readonly address: ListenAddress | undefined;
  readonly entrance: Entrance;
  readonly connections: ConnectionLimits;
  readonly addresses: Pick<PeerAddresses, 'note'>;
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
    takeRelayed: (stream, peer) => {
      if (server === undefined) {
        stream.destroy();
        return;
      }
      options.addresses.note(stream, peer);
      // TLS says later which connection is ready, and not of what stream it was made.
      relayedPeers.run(peer, () => server?.emit('connection', stream));
    },
    isServing: () => server !== undefined && (options.address === undefined || server.listening),
    port: () => portOf(server),
    drain: async (milliseconds, endAll) => {
      if (server === undefined) return;
      const closed = Promise.all([new Promise((resolve) => server?.close(resolve)), untilNone(options.connections)]);
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

/** Whose connection is being taken, when it came through the relay. */
const relayedPeers = new AsyncLocalStorage<PeerAddress>();

const lookMilliseconds = 50;

/** Those of the relay are none of the server's own, which waits for its own. */
async function untilNone(connections: Pick<ConnectionLimits, 'count'>): Promise<void> {
  while (connections.count() > 0) await new Promise((resolve) => setTimeout(resolve, lookMilliseconds));
}

interface Fronts {
  readonly options: ListenerOptions;
  readonly rests: Rests;
  readonly http2: Http2Front;
}

function serve(server: Server, { options, rests, http2 }: Fronts): void {
  const { connections } = options;
  server.on('connection', (socket: Duplex) => void connections.accept(socket));
  const [serveHttp1Connection] = server.listeners('secureConnection') as ((socket: TLSSocket) => void)[];
  server.removeAllListeners('secureConnection');
  server.on('secureConnection', (socket) => {
    const peer = relayedPeers.getStore();
    if (peer !== undefined) options.addresses.note(socket, peer);
    connections.identify(socket);
    if (socket.alpnProtocol === 'h2') http2.take(socket);
    else serveHttp1Connection?.call(server, socket);
  });
  serveHttp1(server, { ...options, rests });
  server.on('tlsClientError', options.handshakeFailed);
  server.once('error', options.failed);
  const { address } = options;
  // Upon which it begins to look after connections that dawdle: those of the relay it must too.
  if (address === undefined) server.emit('listening');
  else server.listen({ ...address, backlog: listenBacklog }, () => options.listening(portOf(server) ?? address.port));
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
