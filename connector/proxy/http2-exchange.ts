/** An exchange over a stream of HTTP/2 (RFC 9113), on the stream interface of node:http2; its compatibility layer leaves streams open after a reset. */
import { constants, type IncomingHttpHeaders, type OutgoingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import type { Answer, Exchange, RequestHead } from './exchange.ts';
import { refusalAnswer, type Refusal } from './status.ts';

export class Http2Exchange implements Exchange {
  readonly head: RequestHead;
  readonly body: ServerHttp2Stream | undefined;
  readonly #stream: ServerHttp2Stream;
  readonly #accept: string;
  #trailers: readonly string[] = [];

  /** @param rawHeaders names and values in turn, pseudo headers first. */
  constructor(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, rawHeaders: readonly string[], socket: Socket) {
    this.#stream = stream;
    this.#accept = headers.accept ?? '';
    this.head = { method: headers[':method'], url: headers[':path'], rawHeaders: plainHeaders(rawHeaders), socket };
    this.body = stream.endAfterHeaders ? undefined : stream;
    // Told by its end, which always follows.
    stream.on('error', () => undefined);
    if (headers.expect?.toLowerCase() === '100-continue') stream.additionalHeaders({ ':status': 100 });
  }

  get hasAnswered(): boolean {
    return this.#stream.headersSent;
  }

  get isClosed(): boolean {
    return this.#stream.destroyed || this.#stream.closed;
  }

  answerWhole(answer: Answer, body: Buffer): void {
    if (!this.#respond(answer, false)) return;
    this.#stream.end(body.length > 0 ? body : undefined);
    this.#letBodyGo();
  }

  begin(answer: Answer): void {
    this.#respond(answer, true);
  }

  write(chunk: Buffer): boolean {
    return this.#stream.write(chunk);
  }

  onceDrained(listener: () => void): void {
    this.#stream.once('drain', listener);
  }

  end(trailers: readonly string[]): void {
    this.#trailers = trailers;
    this.#stream.end();
    this.#letBodyGo();
  }

  refuse(refusal: Refusal): void {
    if (this.isClosed) return;
    if (this.#stream.headersSent) {
      this.#stream.close(constants.NGHTTP2_CANCEL);
      return;
    }
    const { status, contentType, body } = refusalAnswer(refusal, { target: this.head.url ?? '', accept: this.#accept });
    const wait = refusal.retryAfterSeconds === undefined ? [] : ['retry-after', String(refusal.retryAfterSeconds)];
    const bytes = Buffer.from(body);
    this.answerWhole(
      { status, message: '', headers: ['content-type', contentType, 'content-length', String(bytes.length), ...wait] },
      bytes,
    );
  }

  onceClosed(listener: (isWhole: boolean) => void): void {
    const stream = this.#stream;
    stream.once('close', () => listener(stream.writableFinished && stream.rstCode === constants.NGHTTP2_NO_ERROR));
  }

  /** False: the stream is gone, or the answer is none that HTTP/2 can carry. */
  #respond({ status, headers }: Answer, mayHaveTrailers: boolean): boolean {
    if (this.isClosed) return false;
    try {
      this.#stream.respond(collect(status, headers), { waitForTrailers: mayHaveTrailers });
    } catch {
      this.#stream.close(constants.NGHTTP2_INTERNAL_ERROR);
      return false;
    }
    if (mayHaveTrailers) this.#stream.once('wantTrailers', () => this.#sendTrailers());
    return true;
  }

  #sendTrailers(): void {
    // Without any, the stream ends with an empty frame.
    if (!this.isClosed) this.#stream.sendTrailers(collect(undefined, this.#trailers));
  }

  /** Answered before all of it came: the client is told to send no more of it (RFC 9113 §8.1). */
  #letBodyGo(): void {
    const stream = this.#stream;
    if (this.body === undefined || stream.readableEnded) return;
    stream.resume();
    stream.once('finish', () => stream.close(constants.NGHTTP2_NO_ERROR));
  }
}

/** Without the pseudo headers, with the authority as the Host that it is (RFC 9113 §8.3.1). */
function plainHeaders(raw: readonly string[]): string[] {
  const plain: string[] = [];
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index] ?? '';
    const value = raw[index + 1] ?? '';
    if (!name.startsWith(':')) plain.push(name, value);
    else if (name === ':authority') plain.push('host', value);
  }
  return plain;
}

function collect(status: number | undefined, list: readonly string[]): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = status === undefined ? {} : { ':status': status };
  for (let index = 0; index + 1 < list.length; index += 2) {
    const name = (list[index] ?? '').toLowerCase();
    const value = list[index + 1] ?? '';
    const before = headers[name];
    headers[name] = before === undefined ? value : [...(Array.isArray(before) ? before : [String(before)]), value];
  }
  return headers;
}
