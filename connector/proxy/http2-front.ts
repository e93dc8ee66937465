/** HTTP/2 from clients (RFC 9113): many requests of one connection, each an exchange of its own. */
import { constants, performServerHandshake, type IncomingHttpHeaders, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import type { ConnectionLimits } from './connection-limits.ts';
import type { Entrance } from './entrance.ts';
import { Http2Exchange } from './http2-exchange.ts';
import type { Refusal } from './status.ts';

export interface Http2Front {
  /** A connection that has agreed on h2. */
  take(socket: TLSSocket): void;
  /** No new requests; each connection ends with its last. */
  close(): void;
}

export interface Http2Parts {
  readonly entrance: Entrance;
  readonly connections: Pick<ConnectionLimits, 'mayStay'>;
}

const settings = {
  // As many as the kube-apiserver allows by default.
  maxConcurrentStreams: 1000,
  maxHeaderListSize: 32_768,
  // Uploads need not wait for the window at every step.
  initialWindowSize: 1_048_576,
  enablePush: false,
} as const;
/** A few more than admission lets through, so that there is room to say so. */
const mostHeaders = 220;
const sessionMegabytes = 64;
const firstRequestMilliseconds = 15_000;
const idleMilliseconds = 120_000;
/** For whoever showed no valid certificate, and has nothing to stay for. */
const strangerMilliseconds = 30_000;
/** How late a refusal for asking too much comes, and how many may wait so: asking on must cost the asker. */
const restMilliseconds = 1000;
const mostResting = 100;

export function createHttp2Front(parts: Http2Parts): Http2Front {
  const sessions = new Set<ServerHttp2Session>();
  return {
    take: (socket) => {
      const session = performServerHandshake(socket, {
        settings,
        maxHeaderListPairs: mostHeaders,
        maxSessionMemory: sessionMegabytes,
        strictFieldWhitespaceValidation: true,
      });
      sessions.add(session);
      session.once('close', () => sessions.delete(session));
      new Http2Connection(session, socket, parts).begin();
    },
    close: () => {
      for (const session of sessions) session.close();
    },
  };
}

class Http2Connection {
  readonly #session: ServerHttp2Session;
  readonly #socket: TLSSocket;
  readonly #parts: Http2Parts;
  #streams = 0;
  #resting = 0;

  constructor(session: ServerHttp2Session, socket: TLSSocket, parts: Http2Parts) {
    this.#session = session;
    this.#socket = socket;
    this.#parts = parts;
  }

  begin(): void {
    const session = this.#session;
    session.on('error', () => session.destroy());
    session.on('timeout', () => this.#timeOut());
    session.setTimeout(firstRequestMilliseconds);
    session.on('stream', (stream, headers, _flags, rawHeaders: string[]) => this.#serve(stream, headers, rawHeaders));
    if (this.#parts.connections.mayStay(this.#socket)) return;
    const timer = setTimeout(() => session.destroy(), strangerMilliseconds).unref();
    session.once('close', () => clearTimeout(timer));
  }

  #serve(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, rawHeaders: readonly string[]): void {
    this.#streams += 1;
    this.#session.setTimeout(idleMilliseconds);
    stream.once('close', () => {
      this.#streams -= 1;
    });
    const exchange = new Http2Exchange(stream, headers, rawHeaders, this.#socket);
    this.#parts.entrance.serve(exchange, (refusal) => this.#turnAway(exchange, refusal));
  }

  #turnAway(exchange: Http2Exchange, refusal: Refusal): void {
    if (!this.#parts.connections.mayStay(this.#socket)) {
      exchange.refuse(refusal);
      // After the answers that are under way.
      this.#session.close();
      return;
    }
    if (refusal.retryAfterSeconds === undefined) {
      exchange.refuse(refusal);
      return;
    }
    this.#resting += 1;
    if (this.#resting > mostResting) {
      this.#session.destroy(undefined, constants.NGHTTP2_ENHANCE_YOUR_CALM);
      return;
    }
    setTimeout(() => {
      this.#resting -= 1;
      exchange.refuse(refusal);
    }, restMilliseconds).unref();
  }

  #timeOut(): void {
    // A watch may be silent for as long as it likes.
    if (this.#streams > 0) this.#session.setTimeout(idleMilliseconds);
    else this.#session.destroy();
  }
}
