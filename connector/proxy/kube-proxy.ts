/** Ordinary requests to the kube-apiserver, watches and log follow included: streamed both ways, nothing buffered, nothing followed. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { PassThrough } from 'node:stream';
import type { Dispatcher } from 'undici';
import { openRequestOf, type Admitted } from './admission.ts';
import type { Gate } from './gate.ts';
import type { OpenRequest } from './open-requests.ts';
import { answerHeaders, responseRefusal } from './response-screen.ts';
import { refusalAnswer, type Refusal } from './status.ts';
import { unreachable } from './unreachable.ts';
import type { Upstream, UpstreamHeaders } from './upstream.ts';
import type { Connection } from './upstream-pool.ts';

/** How long the rest of a body is read after the answer to it. */
const lingerMilliseconds = 2000;

export interface KubeProxy {
  forward(request: IncomingMessage, response: ServerResponse, admitted: Admitted): void;
}

export function createKubeProxy(upstream: Upstream, gate: Gate): KubeProxy {
  return {
    forward: (request, response, admitted) => {
      new Passage({ request, response, admitted, upstream, gate }).begin();
    },
  };
}

interface Parties {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly admitted: Admitted;
  readonly upstream: Upstream;
  readonly gate: Gate;
}

/** One request on its way, and what undici tells of it. */
class Passage implements Dispatcher.DispatchHandler {
  readonly #parties: Parties;
  readonly #open: OpenRequest;
  readonly #hasBody: boolean;
  #connection: Connection;
  #controller: Dispatcher.DispatchController | undefined;
  /** By us or by the client's going: nothing more is wanted from upstream. */
  #isOver = false;
  #retried = false;

  constructor(parties: Parties) {
    this.#parties = parties;
    this.#open = openRequestOf(parties.admitted, (reason) => this.#end(reason));
    const { headers } = parties.admitted;
    this.#hasBody = headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
    this.#connection = parties.upstream.pool.take();
  }

  begin(): void {
    const { response, admitted, gate } = this.#parties;
    gate.open(this.#open);
    response.once('close', () => {
      gate.close(this.#open);
      admitted.record.ended(response.headersSent ? response.statusCode : 0, response.writableFinished ? '' : 'the connection broke');
      if (!response.writableFinished) this.#abort();
    });
    this.#send();
  }

  #send(): void {
    const { request, admitted, upstream } = this.#parties;
    const headers = upstream.headersFor(admitted.headers, admitted.impersonation, admitted.record.id);
    // Undici frames what has no length in chunks itself.
    delete headers['transfer-encoding'];
    this.#connection.dispatch(
      {
        method: request.method as Dispatcher.HttpMethod,
        path: request.url ?? '',
        headers: flat(headers),
        // Undici destroys a body it has not read to its end, and with it the connection that an early answer goes out on.
        body: this.#hasBody ? request.pipe(new PassThrough()) : null,
        // Else undici would check the certificate for the Host header.
        ...(upstream.serverName === '' ? {} : { servername: upstream.serverName }),
      },
      this,
    );
  }

  #end(reason: string): void {
    const { response, admitted } = this.#parties;
    admitted.record.ended(response.headersSent ? response.statusCode : 0, reason);
    this.#abort();
    answerRefusal(response, { reason: 'Unauthorized', message: reason });
  }

  #abort(): void {
    this.#isOver = true;
    this.#controller?.abort(gone);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#isOver) controller.abort(gone);
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, _headers: unknown, statusMessage?: string): void {
    const { response, admitted } = this.#parties;
    // What comes before the answer (103 and the like) concerns this hop alone.
    if (status < 200 || this.#isOver) return;
    const { info, record } = admitted;
    const headers = answerHeaders(rawList(controller.rawHeaders));
    const refusal = responseRefusal(status, headers.location, info.subresource);
    if (refusal !== undefined) {
      this.#abort();
      answerRefusal(response, refusal);
      return;
    }
    // Recorded before a byte of the answer goes out: a kill of this program right after it loses nothing.
    if (isStream(info)) record.streamOpened(status);
    else record.ended(status);
    response.writeHead(status, statusMessage, headers.kept);
    // A watch without events yet must still show its headers.
    if (isStream(info)) setImmediate(() => response.flushHeaders());
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    const { response } = this.#parties;
    if (this.#isOver || response.write(chunk)) return;
    controller.pause();
    response.once('drain', () => controller.resume());
  }

  onResponseEnd(controller: Dispatcher.DispatchController): void {
    const { request, response } = this.#parties;
    this.#connection.giveBack();
    if (this.#isOver) return;
    const trailers = answerHeaders(rawList(controller.rawTrailers)).kept;
    if (trailers.length > 0) response.addTrailers(pairs(trailers));
    if (request.complete) response.end();
    else this.#endWhileBodyComes();
  }

  /** What still comes of the body is thrown away; closed with unread bytes, a connection would lose the end of the answer. */
  #endWhileBodyComes(): void {
    const { request, response } = this.#parties;
    request.unpipe();
    request.resume();
    if (response.shouldKeepAlive) {
      response.end();
      return;
    }
    const end = (): void => {
      clearTimeout(timer);
      response.end();
    };
    const timer = setTimeout(end, lingerMilliseconds);
    request.once('close', end);
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    const { response, upstream } = this.#parties;
    const mayTryAgain = this.#mayTryAgain(error);
    this.#connection.giveBack();
    if (mayTryAgain) {
      this.#retried = true;
      this.#connection = upstream.pool.take();
      this.#send();
      return;
    }
    // Once the answer has begun the client must see a torn one, not a short one.
    if (!this.#isOver) answerRefusal(response, unreachable(error));
  }

  /** A kept connection that the apiserver closed just then: only what has no effect and no body is sent again, once. */
  #mayTryAgain(error: Error): boolean {
    const { request, response } = this.#parties;
    if (this.#retried || this.#isOver || response.headersSent) return false;
    const isReset = 'code' in error && ['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'].includes(String(error.code));
    return isReset && this.#connection.isReused && !this.#hasBody && (request.method === 'GET' || request.method === 'HEAD');
  }
}

/** HTTP/1.1 gives them as they came; the map is HTTP/2's. */
const rawList = (raw: Dispatcher.DispatchController['rawHeaders']): readonly (string | Buffer)[] => (Array.isArray(raw) ? raw : []);

/** Names and values in turn, as undici likes them best. */
function flat(headers: UpstreamHeaders): string[] {
  const list: string[] = [];
  for (const name in headers) {
    const value = headers[name] ?? '';
    if (typeof value === 'string') list.push(name, value);
    else for (const each of value) list.push(name, each);
  }
  return list;
}

function pairs(list: readonly string[]): [string, string][] {
  const found: [string, string][] = [];
  for (let index = 0; index + 1 < list.length; index += 2) found.push([list[index] ?? '', list[index + 1] ?? '']);
  return found;
}

const isStream = (info: Admitted['info']): boolean => info.verb === 'watch' || info.subresource === 'log';

export function answerRefusal(response: ServerResponse, refusal: Refusal): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const { url = '', headers: asked } = response.req;
  const { status, contentType, body } = refusalAnswer(refusal, { target: url, accept: asked.accept ?? '' });
  const headers = { 'content-type': contentType, 'content-length': Buffer.byteLength(body) };
  // Whoever sent something ill-formed may have meant the bytes after it as something else.
  response.writeHead(status, refusal.reason === 'BadRequest' ? { ...headers, connection: 'close' } : headers);
  response.end(body);
}

const gone = new Error('nothing more is wanted of this request');
