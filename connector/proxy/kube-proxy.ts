/** Ordinary requests to the kube-apiserver, watches and log follow included: streamed both ways, nothing buffered, nothing followed. */
import httpProxy from 'http-proxy';
import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import { openRequestOf, type Admitted } from './admission.ts';
import type { Gate } from './gate.ts';
import type { OpenRequest } from './open-requests.ts';
import { responseRefusal } from './response-screen.ts';
import { refuse, refusalAnswer, type Refusal } from './status.ts';
import type { Upstream } from './upstream.ts';

export interface KubeProxy {
  forward(request: IncomingMessage, response: ServerResponse, admitted: Admitted): void;
}

/** One request on its way. */
interface Passage {
  readonly admitted: Admitted;
  readonly open: OpenRequest;
  outgoing: ClientRequest | undefined;
  endedBecause: string | undefined;
  retried: boolean;
}

export function createKubeProxy(upstream: Upstream, gate: Gate): KubeProxy {
  const passages = new WeakMap<IncomingMessage, Passage>();
  const proxy = httpProxy.createProxyServer({
    target: { protocol: 'https:', host: upstream.host, port: String(upstream.port) },
    agent: upstream.agent,
    // The path as it came: http-proxy would otherwise re-encode it.
    toProxy: true,
  });
  keepOnlyTheStreamPass(proxy);

  proxy.on('proxyReq', (outgoing, request) => {
    const passage = passages.get(request);
    if (passage === undefined) return;
    passage.outgoing = outgoing;
    if (passage.endedBecause !== undefined) outgoing.destroy();
  });
  proxy.on('proxyRes', (incoming, request, response) => {
    const passage = passages.get(request);
    if (passage !== undefined) receive(passage, incoming, response);
  });

  const send = (request: IncomingMessage, response: ServerResponse, passage: Passage): void => {
    proxy.web(request, response, {}, (error) => {
      if (mayTryAgain(passage, request, response, error)) {
        passage.retried = true;
        send(request, response, passage);
        return;
      }
      if (passage.endedBecause === undefined) answerRefusal(response, unreachable);
    });
  };

  return {
    forward: (request, response, admitted) => {
      const open = openRequestOf(admitted, (reason) => {
        passage.endedBecause = reason;
        admitted.record.ended(response.headersSent ? response.statusCode : 0, reason);
        passage.outgoing?.destroy();
        answerRefusal(response, { reason: 'Unauthorized', message: reason });
      });
      const passage: Passage = { admitted, open, outgoing: undefined, endedBecause: undefined, retried: false };
      passages.set(request, passage);
      gate.open(open);
      response.once('close', () => {
        gate.close(open);
        // The client has gone or has everything: either way nothing more is wanted from upstream.
        if (!response.writableFinished) passage.outgoing?.destroy();
        admitted.record.ended(response.headersSent ? response.statusCode : 0, response.writableFinished ? '' : 'the connection broke');
      });
      request.headers = upstream.headersFor(admitted.headers, admitted.impersonation, admitted.record.id);
      send(request, response, passage);
    },
  };
}

function receive(passage: Passage, incoming: IncomingMessage, response: ServerResponse): void {
  const { info, record } = passage.admitted;
  const refusal = responseRefusal(incoming.statusCode ?? 502, incoming.headers, info.subresource);
  if (refusal !== undefined) {
    incoming.destroy();
    answerRefusal(response, refusal);
    return;
  }
  for (const name of ['connection', 'keep-alive', 'proxy-connection', 'upgrade', 'trailer']) Reflect.deleteProperty(incoming.headers, name);
  // http-proxy would promise to keep a connection open that the client asked to close (RFC 9112 §9.6).
  if (!response.shouldKeepAlive) incoming.headers.connection = 'close';
  incoming.once('close', () => {
    // Upstream broke off: the client must see a torn answer, not a short one.
    if (!incoming.complete) response.destroy();
  });
  // http-proxy pipes without listening; a torn answer is dealt with above.
  incoming.on('error', () => undefined);
  // Recorded before a byte of the answer goes out: a kill of this program right after it loses nothing.
  if (!isStream(info)) record.ended(incoming.statusCode ?? 0);
  else {
    record.streamOpened(incoming.statusCode ?? 0);
    // A watch without events yet must still show its headers.
    setImmediate(() => {
      if (response.headersSent || response.destroyed) return;
      response.flushHeaders();
    });
  }
}

const isStream = (info: Admitted['info']): boolean => info.verb === 'watch' || info.subresource === 'log';

/** A pooled connection that the apiserver closed just then: only what has no effect and no body is sent again, once. */
function mayTryAgain(passage: Passage, request: IncomingMessage, response: ServerResponse, error: Error): boolean {
  if (passage.retried || passage.endedBecause !== undefined || response.headersSent || response.destroyed) return false;
  const hasBody = request.headers['content-length'] !== undefined || request.headers['transfer-encoding'] !== undefined;
  const isReset = 'code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
  return isReset && passage.outgoing?.reusedSocket === true && !hasBody && (request.method === 'GET' || request.method === 'HEAD');
}

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

/**
 * http-proxy's other passes rewrite the request: one sets `Content-Length: 0` on a DELETE with a chunked body and then pipes the body after
 * it, which the apiserver would read as a second request with our credentials.
 */
function keepOnlyTheStreamPass(proxy: ReturnType<typeof httpProxy.createProxyServer>): void {
  // Present since 1.0, not in the types.
  const passes = proxy as unknown as { webPasses: ((...args: never[]) => unknown)[] };
  passes.webPasses = passes.webPasses.filter((pass) => pass.name === 'stream');
  if (passes.webPasses.length !== 1) throw new Error('this http-proxy has no pass named stream; its internals have changed');
}

const unreachable = refuse('BadGateway', 'the connector cannot reach the kube-apiserver; ask an admin to look at the cluster');
