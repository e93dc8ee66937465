/** An exchange over HTTP/1.1, on Node's own server. */
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Answer, Exchange } from './exchange.ts';
import { refusalAnswer, type Refusal } from './status.ts';

/** How long the rest of a body is read after the answer to it. */
const lingerMilliseconds = 2000;
/** As a string, a body is written together with its head. */
const joinedBytes = 16_384;

export class Http1Exchange implements Exchange {
  readonly head: IncomingMessage;
  readonly #response: ServerResponse;

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.head = request;
    this.#response = response;
  }

  get body(): IncomingMessage | undefined {
    const { headers } = this.head;
    return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0' ? this.head : undefined;
  }

  get hasAnswered(): boolean {
    return this.#response.headersSent;
  }

  get isClosed(): boolean {
    return this.#response.destroyed;
  }

  answerWhole({ status, message, headers }: Answer, body: Buffer): void {
    const response = this.#response;
    response.writeHead(status, message, headers);
    if (!this.head.complete) {
      response.write(body);
      this.#endWhileBodyComes();
    } else if (body.length <= joinedBytes) response.end(body.toString('latin1'), 'latin1');
    else response.end(body);
  }

  begin({ status, message, headers }: Answer): void {
    const response = this.#response;
    response.writeHead(status, message, headers);
    // With the first bytes of the body, when there are some; a watch without events must still show its headers.
    setImmediate(() => response.flushHeaders());
  }

  write(chunk: Buffer): boolean {
    return this.#response.write(chunk);
  }

  onceDrained(listener: () => void): void {
    this.#response.once('drain', listener);
  }

  end(trailers: readonly string[]): void {
    if (trailers.length > 0) this.#response.addTrailers(pairs(trailers));
    if (this.head.complete) this.#response.end();
    else this.#endWhileBodyComes();
  }

  refuse(refusal: Refusal): void {
    const response = this.#response;
    if (response.destroyed) return;
    if (response.headersSent) {
      response.destroy();
      return;
    }
    const { url = '', headers: asked } = this.head;
    const { status, contentType, body } = refusalAnswer(refusal, { target: url, accept: asked.accept ?? '' });
    const headers: OutgoingHttpHeaders = {
      'content-type': contentType,
      'content-length': Buffer.byteLength(body),
      ...(refusal.retryAfterSeconds === undefined ? {} : { 'retry-after': String(refusal.retryAfterSeconds) }),
      // Whoever sent something ill-formed may have meant the bytes after it as something else.
      ...(refusal.reason === 'BadRequest' ? { connection: 'close' } : {}),
    };
    response.writeHead(status, headers);
    if (this.body === undefined || this.head.complete) {
      response.end(body);
      return;
    }
    response.write(body);
    this.#endWhileBodyComes([headers.connection, response.getHeader('connection')].includes('close'));
  }

  onceClosed(listener: (isWhole: boolean) => void): void {
    this.#response.once('close', () => listener(this.#response.writableFinished));
  }

  /** What still comes of the body is thrown away; closed with unread bytes, a connection would lose the end of the answer. */
  #endWhileBodyComes(isLast = false): void {
    this.head.resume();
    if (this.#response.shouldKeepAlive && !isLast) {
      this.#response.end();
      return;
    }
    const end = (): void => {
      clearTimeout(timer);
      this.#response.end();
    };
    const timer = setTimeout(end, lingerMilliseconds);
    this.head.once('close', end);
  }
}

function pairs(list: readonly string[]): [string, string][] {
  const found: [string, string][] = [];
  for (let index = 0; index + 1 < list.length; index += 2) found.push([list[index] ?? '', list[index + 1] ?? '']);
  return found;
}
