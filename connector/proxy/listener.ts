/**
 * The port people's kubectl connects to: mutual TLS whose client side is judged by us, so that a missing or foreign certificate gets an
 * answer in words instead of a broken handshake. Owns the sockets; knows nothing of rights.
 */
import type { X509Certificate } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Admission } from './admission.ts';
import type { ConnectionLimits } from './connection-limits.ts';
import { answerRefusal, type KubeProxy } from './kube-proxy.ts';
import { identifyPeer, type PeerExpectations, type PeerResult } from './peer-certificate.ts';
import { createRests, type Rests } from './rests.ts';
import { refuse, statusResponse, type Refusal, type StatusReason } from './status.ts';
import { createTurns } from './turns.ts';
import type { UpgradeHandler } from './upgrade-proxy.ts';

export interface ServingMaterial {
  readonly certificateChain: string;
  readonly key: string;
  /** Roots named in the handshake, so that clients with several certificates choose ours. */
  readonly roots: string;
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
  readonly admission: Admission;
  readonly connections: ConnectionLimits;
  readonly proxy: KubeProxy;
  readonly upgrade: UpgradeHandler;
  readonly listening: (port: number) => void;
  readonly failed: (error: Error) => void;
}

const limits = {
  handshakeTimeout: 10_000,
  headersTimeout: 15_000,
  // Uploads (kubectl cp through a pod proxy, large applies) may take as long as they move.
  requestTimeout: 0,
  // Above the 90 s after which Go clients drop an idle connection themselves.
  keepAliveTimeout: 120_000,
  connectionsCheckingInterval: 5000,
  maxHeaderSize: 32_768,
  // A missing Host is refused in admission, as a Status.
  requireHostHeader: false,
} as const;

export function createListener(options: ListenerOptions): Listener {
  let server: Server | undefined;
  const rests = createRests();
  return {
    use: (material) => {
      const tls = { minVersion: 'TLSv1.2', key: material.key, cert: material.certificateChain, ca: material.roots } as const;
      if (server !== undefined) {
        server.setSecureContext(tls);
        return;
      }
      // Own judgement of the client's certificate happens in admission; OpenSSL's is not asked.
      server = createServer({ ...limits, ...tls, requestCert: true, rejectUnauthorized: false });
      serve(server, options, rests);
    },
    isListening: () => server?.listening === true,
    port: () => portOf(server),
    drain: async (milliseconds, endAll) => {
      if (server === undefined) return;
      const closed = new Promise((resolve) => server?.close(resolve));
      server.closeIdleConnections();
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

function serve(server: Server, options: ListenerOptions, rests: Rests): void {
  // Bounded by their size alone: past a count Node would frame the body by a header that admission never sees.
  server.maxHeadersCount = 0;
  server.on('connection', (socket: Socket) => void options.connections.accept(socket));
  server.prependListener('secureConnection', (socket) => options.connections.identify(socket));
  const turns = createTurns();
  server.on('request', (request, response) => turns.take(request.socket, response, () => serveRequest(request, response)));
  const serveRequest = (request: IncomingMessage, response: ServerResponse): void => {
    // What was sent in one go with a request that ended the connection.
    if (request.socket.destroyed || request.socket.writableEnded) return;
    const result = options.admission.admit(request, false);
    if (result instanceof Promise) {
      void result.then((late) => {
        if (late.kind === 'refused') turnAway(request, response, late.refusal);
        else if (response.destroyed) late.record.ended(0, 'the connection broke');
        else options.proxy.forward(request, response, late);
      });
      return;
    }
    if (result.kind === 'refused') turnAway(request, response, result.refusal);
    else options.proxy.forward(request, response, result);
  };
  const turnAway = (request: IncomingMessage, response: ServerResponse, refusal: Refusal): void => {
    const { socket } = request;
    if (!options.connections.mayStay(socket)) response.setHeader('connection', 'close');
    if (refusal.retryAfterSeconds !== undefined) {
      response.setHeader('retry-after', refusal.retryAfterSeconds);
      response.once('finish', () => rests.rest(socket));
    }
    answerRefusal(response, refusal);
  };
  server.on('upgrade', (request, socket, head) => {
    // Sent ahead of the answer to a request, which would come in the middle of what follows the upgrade.
    if (turns.isBusy(request.socket)) socket.destroy();
    else options.upgrade(request, socket, head);
  });
  server.on('connect', (_request, socket) => {
    socket.on('error', () => socket.destroy());
    socket.end(statusResponse(refuse('MethodNotAllowed', 'CONNECT is not offered')));
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    // Without a finished handshake (a timeout, no TLS at all) an answer would wait for ever to be sent.
    if (!socket.writable || !isHttpError(error.code)) {
      socket.destroy();
      return;
    }
    socket.end(statusResponse(refuse(reasonOf(error.code), 'this is not a well-formed HTTP/1.1 request')), () => socket.destroy());
  });
  server.once('error', options.failed);
  server.listen(options.port, options.host, () => options.listening(portOf(server) ?? options.port));
}

const isHttpError = (code: string | undefined): boolean => code?.startsWith('HPE_') === true || code === 'ERR_HTTP_REQUEST_TIMEOUT';

const reasonOf = (code: string | undefined): StatusReason =>
  code === 'HPE_HEADER_OVERFLOW' ? 'RequestHeaderFieldsTooLarge' : 'BadRequest';

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

function identify(socket: Socket, expectations: PeerExpectations): PeerResult {
  const leaf = socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined;
  if (leaf === undefined) return { kind: 'refused', why: 'no client certificate was shown' };
  const presented: X509Certificate[] = [];
  let issuer = leaf.issuerCertificate;
  while (
    issuer !== undefined &&
    presented.length < 5 &&
    !presented.some((certificate) => certificate.fingerprint256 === issuer?.fingerprint256)
  ) {
    presented.push(issuer);
    issuer = issuer.issuerCertificate;
  }
  return identifyPeer(leaf, presented, expectations);
}
