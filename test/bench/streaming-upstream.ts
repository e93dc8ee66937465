/**
 * Stands for the API server where streams are measured, as a program of its own: holds watches and tells them of an event, sends and takes bytes
 * after an upgrade, lists very many pods. Everything else goes to the real one, so that a connector finds a whole cluster behind it.
 */
import { createHash, randomBytes } from 'node:crypto';
import { createServer, request as httpsRequest } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable, type Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { StreamingOrder, StreamingPlan } from './streaming.ts';

// Sent by streaming.ts.
const plan = JSON.parse(process.argv[2] ?? '') as StreamingPlan;
const { cert, key, cluster } = plan;

/** By the label that they select. */
const watches = new Map<string, Set<ServerResponse>>();
const block = randomBytes(2 ** 20);

const server = createServer({ cert, key, keepAliveTimeout: 600_000 }, (request, response) => {
  const url = new URL(request.url ?? '', 'https://upstream');
  const selector = url.searchParams.get('labelSelector') ?? '';
  if (selector.startsWith('held=') && url.searchParams.has('watch')) holdWatch(response, selector);
  else if (selector === 'very=many') void listPods(response);
  else passOn(request, response);
});
server.on('upgrade', (request: IncomingMessage, socket: Duplex) => {
  const url = new URL(request.url ?? '', 'https://upstream');
  const bytes = Number(url.searchParams.get('bytes'));
  socket.on('error', () => socket.destroy());
  socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
  if (url.searchParams.get('direction') === 'down') void sendBytes(socket, bytes);
  else takeBytes(socket, bytes);
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.send?.({ port: typeof address === 'object' ? address?.port : undefined });
});

process.on('message', (order: StreamingOrder) => {
  const event = JSON.stringify({ type: 'BOOKMARK', object: { kind: 'Pod', sentAt: String(process.hrtime.bigint()) } });
  for (const watch of watches.get(order.tell) ?? []) watch.write(`${event}\n`);
});
process.once('disconnect', () => process.exit(0));

function holdWatch(response: ServerResponse, selector: string): void {
  const others = watches.get(selector) ?? new Set();
  watches.set(selector, others.add(response));
  response.once('close', () => others.delete(response));
  // nginx would keep small pieces back.
  response.writeHead(200, { 'content-type': 'application/json', 'x-accel-buffering': 'no' });
  // As the API server tells of what is there already; over HTTP/2 nginx keeps the head back until something follows.
  response.write('{"type":"ADDED","object":{"kind":"Pod"}}\n');
}

async function listPods(response: ServerResponse): Promise<void> {
  response.writeHead(200, { 'content-type': 'application/json' });
  await pipeline(Readable.from(podList()), response).catch(() => response.destroy());
}

function* podList(): Generator<string> {
  const { pods, podBytes } = plan.list;
  const padding = 'x'.repeat(podBytes);
  yield '{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"1"},"items":[';
  for (let start = 0; start < pods; start += 50) {
    const some = Array.from({ length: Math.min(50, pods - start) }, (_, index) =>
      JSON.stringify({ metadata: { name: `pod-${start + index}`, annotations: { padding } } }),
    );
    yield `${start === 0 ? '' : ','}${some.join(',')}`;
  }
  yield ']}';
}

async function sendBytes(socket: Duplex, bytes: number): Promise<void> {
  await pipeline(Readable.from(blocksWithDigest(bytes)), socket).catch(() => socket.destroy());
}

function* blocksWithDigest(bytes: number): Generator<Buffer> {
  const hash = createHash('sha256');
  for (let sent = 0; sent < bytes; sent += block.length) {
    hash.update(block);
    yield block;
  }
  yield hash.digest();
}

function takeBytes(socket: Duplex, bytes: number): void {
  const hash = createHash('sha256');
  let taken = 0;
  socket.on('data', (chunk: Buffer) => {
    hash.update(chunk);
    taken += chunk.length;
    if (taken >= bytes) socket.end(hash.digest());
  });
}

function passOn(request: IncomingMessage, response: ServerResponse): void {
  const { method, url, headers } = request;
  const { hostname, port } = new URL(cluster.url);
  const outgoing = httpsRequest({ host: hostname, port, ca: cluster.ca, method, path: url, headers }, (incoming) => {
    response.writeHead(incoming.statusCode ?? 502, incoming.headers);
    incoming.on('error', () => response.destroy()).pipe(response);
    response.flushHeaders();
  });
  outgoing.on('error', () => response.destroy());
  response.once('close', () => outgoing.destroy());
  request.pipe(outgoing);
}
