/**
 * A kept TLS connection to the kube-apiserver: one request at a time, written and read by ourselves (RFC 9112), because a general client's
 * bookkeeping cost as much as all the rest of a request. Any doubt about where an answer ends, and the connection ends.
 */
import type { Readable } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { AnswerHead } from './answer-head.ts';
import { AnswerParser } from './answer-parser.ts';

export interface UpstreamRequest {
  readonly method: string;
  /** Request line and header lines with the empty one that ends them; latin1. */
  readonly head: string;
  /** Chunked: its length is not in the head. */
  readonly body: { readonly stream: Readable; readonly isChunked: boolean } | undefined;
}

export interface UpstreamListener {
  onHead(head: AnswerHead): void;
  onBody(chunk: Buffer): void;
  onEnd(trailers: readonly string[]): void;
  /** What came in one go was all told. */
  onPause(): void;
  /** Instead of the end; nothing is told after it. */
  onError(error: Error): void;
}

export class UpstreamConnection {
  readonly #socket: TLSSocket;
  readonly #parser: AnswerParser;
  /** It is free again for another request, or of no use any more. */
  readonly #whenFree: (connection: UpstreamConnection, isUsable: boolean) => void;
  #listener: UpstreamListener | undefined;
  #body: UpstreamRequest['body'];
  #isBodySent = true;
  #keepsAlive = true;
  #requests = 0;
  #bodyBytes = 0;
  #isSecure = false;
  #isOver = false;
  /** Milliseconds; of the monotonic clock. */
  idleSince = 0;

  /** @param socket whose handshake is not over yet. */
  constructor(socket: TLSSocket, whenFree: (connection: UpstreamConnection, isUsable: boolean) => void) {
    this.#socket = socket;
    this.#whenFree = whenFree;
    this.#parser = new AnswerParser({
      onHead: (head) => {
        this.#keepsAlive = head.keepsAlive;
        this.#listener?.onHead(head);
      },
      onBody: (chunk) => this.#listener?.onBody(chunk),
      onEnd: (trailers) => this.#finish(trailers),
    });
    socket.once('secureConnect', () => (this.#isSecure = true));
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('end', () => this.#ended());
    socket.on('error', (error: Error) => this.#fail(error));
    socket.on('close', () => this.#fail(new ConnectionLost()));
  }

  /** It has served another request before: its failing at once may mean that the cluster closed it just then. */
  get isReused(): boolean {
    return this.#requests > 1;
  }

  /** Sent of its request's body. */
  get bodyBytes(): number {
    return this.#bodyBytes;
  }

  /** Nothing of the answer has come yet. */
  get isUnanswered(): boolean {
    return !this.#parser.hasBegun;
  }

  send(request: UpstreamRequest, listener: UpstreamListener): void {
    this.#requests += 1;
    this.#bodyBytes = 0;
    this.#listener = listener;
    this.#parser.expect(request.method);
    // Nothing is said before it is known to whom.
    if (this.#isSecure) this.#write(request, listener);
    else this.#socket.once('secureConnect', () => this.#write(request, listener));
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Nothing more is wanted of its request, of which nothing more is told. */
  abort(): void {
    this.#listener = undefined;
    this.#dispose();
  }

  #write(request: UpstreamRequest, listener: UpstreamListener): void {
    if (this.#listener !== listener) return;
    this.#socket.write(request.head, 'latin1');
    if (request.body !== undefined) this.#sendBody(request.body);
  }

  #sendBody(body: NonNullable<UpstreamRequest['body']>): void {
    this.#body = body;
    this.#isBodySent = false;
    const { stream, isChunked } = body;
    stream.on('data', this.#onBodyData);
    stream.once('end', () => {
      if (this.#body !== body) return;
      if (isChunked) this.#socket.write('0\r\n\r\n', 'latin1');
      this.#isBodySent = true;
      this.#body = undefined;
    });
  }

  readonly #onBodyData = (chunk: Buffer): void => {
    const body = this.#body;
    if (body === undefined) return;
    this.#bodyBytes += chunk.length;
    let mayGoOn: boolean;
    if (body.isChunked) {
      this.#socket.write(`${chunk.length.toString(16)}\r\n`, 'latin1');
      this.#socket.write(chunk);
      mayGoOn = this.#socket.write('\r\n', 'latin1');
    } else mayGoOn = this.#socket.write(chunk);
    if (mayGoOn) return;
    body.stream.pause();
    this.#socket.once('drain', () => {
      if (this.#body === body) body.stream.resume();
    });
  };

  #receive(chunk: Buffer): void {
    try {
      this.#parser.feed(chunk);
    } catch (error) {
      this.#fail(error as Error);
      return;
    }
    this.#listener?.onPause();
  }

  #ended(): void {
    try {
      this.#parser.finish();
    } catch {
      this.#fail(new ConnectionLost());
    }
  }

  #finish(trailers: readonly string[]): void {
    const listener = this.#listener;
    this.#listener = undefined;
    const isUsable = this.#keepsAlive && this.#isBodySent && !this.#isOver;
    // Answered before it was all sent: the rest is not for the cluster any more.
    this.#letBodyGo();
    if (!isUsable) this.#dispose();
    else {
      this.#socket.resume();
      this.#whenFree(this, true);
    }
    listener?.onEnd(trailers);
  }

  #fail(error: Error): void {
    const listener = this.#listener;
    this.#listener = undefined;
    this.#dispose();
    listener?.onError(error);
  }

  #dispose(): void {
    this.#letBodyGo();
    if (this.#isOver) return;
    this.#isOver = true;
    this.#socket.destroy();
    this.#whenFree(this, false);
  }

  #letBodyGo(): void {
    this.#body?.stream.off('data', this.#onBodyData);
    this.#body = undefined;
  }
}

export class ConnectionLost extends Error {
  readonly code = 'ECONNRESET';

  constructor() {
    super('the connection to the kube-apiserver ended');
  }
}
