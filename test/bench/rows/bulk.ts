/** Bytes through an upgraded connection, down and up, byte for byte: what exec, cp and port-forward are to a proxy. */
import { createHash, randomBytes, type Hash } from 'node:crypto';
import { request } from 'node:https';
import { Readable, type Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Effort, Figure } from '../figure.ts';
import type { Target } from '../load.ts';
import { cpuSeconds } from '../process-usage.ts';
import type { Setting } from '../setting.ts';
import { median } from '../statistics.ts';
import { bytesPath, startStreamingUpstream } from '../streaming.ts';
import { throughNginx, waysTo, type Way } from '../ways.ts';

type Direction = 'down' | 'up';
type Name = 'direct' | 'nginx' | 'nginx16k' | 'infra';
type Passage = Omit<Way, 'name'> & { readonly name: Name };

interface Series {
  readonly megabytesPerSecond: number[];
  readonly cpuPerGigabyte: number[];
}

const row = 'bulk';
const digestBytes = 32;

export function bulkRows(setting: Setting) {
  return {
    [row]: async ({ isQuick, runs }: Effort): Promise<Figure[]> => {
      const upstream = await startStreamingUpstream(await setting.cluster());
      const ways = await waysTo(setting, upstream, row);
      const stands = { url: `https://127.0.0.1:${upstream.port}`, caFile: upstream.caFile };
      const wide = await throughNginx(setting, { upstream: stands, target: ways.infra.target, workers: 1, bufferSize: '16k' });
      const passages: readonly Passage[] = [ways.direct, ways.nginx, { ...wide, name: 'nginx16k' }, ways.infra];
      const bytes = (isQuick ? 128 : 1024) * 2 ** 20;
      const figures: Figure[] = [];
      for (const direction of ['down', 'up'] as const)
        figures.push(...figuresOf(direction, await measure(passages, direction, { bytes, runs })));
      wide.stop();
      await ways.stop();
      upstream.stop();
      return figures;
    },
  };
}

async function measure(
  passages: readonly Passage[],
  direction: Direction,
  { bytes, runs }: { readonly bytes: number; readonly runs: number },
): Promise<Record<Name, Series>> {
  const series = (): Series => ({ megabytesPerSecond: [], cpuPerGigabyte: [] });
  const all: Record<Name, Series> = { direct: series(), nginx: series(), nginx16k: series(), infra: series() };
  for (const { target } of passages) await transfer(target, direction, 16 * 2 ** 20);
  for (let run = 0; run < runs; run++)
    for (const { name, target, pids } of passages) {
      const cpuBefore = cpuSeconds(pids());
      const seconds = await transfer(target, direction, bytes);
      all[name].megabytesPerSecond.push(bytes / 2 ** 20 / seconds);
      all[name].cpuPerGigabyte.push((cpuSeconds(pids()) - cpuBefore) / (bytes / 2 ** 30));
    }
  return all;
}

function figuresOf(direction: Direction, { direct, nginx, nginx16k, infra }: Record<Name, Series>): Figure[] {
  const what = `upgraded stream ${direction}`;
  const speed = ({ megabytesPerSecond }: Series): number => median(megabytesPerSecond);
  const cost = ({ cpuPerGigabyte }: Series): number => median(cpuPerGigabyte);
  const note = 'checksums equal';
  return [
    { row, what, value: speed(infra), unit: 'MB/s', beside: { direct: speed(direct), nginx: speed(nginx) }, note },
    { row, what: `${what}: CPU per GB`, value: cost(infra), unit: 's', beside: { nginx: cost(nginx) } },
    { row, what: `${what}: CPU beside nginx`, value: cost(infra) / cost(nginx), unit: '×', budget: { atMost: 1 } },
    {
      row,
      what: `${what}: CPU beside nginx with 16k buffers`,
      value: cost(infra) / cost(nginx16k),
      unit: '×',
      goal: { atMost: 1.1 },
      note: `nginx then ${cost(nginx16k).toFixed(2)} s per GB`,
    },
  ];
}

/** Seconds; throws when what arrived is not what was sent. */
export async function transfer(target: Target, direction: Direction, bytes: number): Promise<number> {
  const socket = await upgrade(target, bytesPath(direction, bytes));
  const startedAt = performance.now();
  const { mine, theirs } = direction === 'down' ? await receive(socket, bytes) : await send(socket, bytes);
  if (!mine.equals(theirs)) throw new Error(`${bytes} bytes ${direction} did not arrive as they were sent`);
  return (performance.now() - startedAt) / 1000;
}

async function upgrade({ host, port, servername, ca, cert, key }: Target, path: string): Promise<Duplex> {
  const headers = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': randomBytes(16).toString('base64'),
  };
  return new Promise((resolve, reject) => {
    request({ host, port, path, ca, cert, key, servername: servername ?? '', headers, agent: false })
      .once('upgrade', (_response, socket: Duplex, head: Buffer) => {
        socket.unshift(head);
        resolve(socket);
      })
      .once('response', (response) => reject(new Error(`the upgrade was answered with ${String(response.statusCode)}`)))
      .once('error', reject)
      .end();
  });
}

interface Digests {
  readonly mine: Buffer;
  readonly theirs: Buffer;
}

async function receive(socket: Duplex, bytes: number): Promise<Digests> {
  const hash = createHash('sha256');
  const digest: Buffer[] = [];
  let received = 0;
  for await (const piece of socket) {
    // A stream without encoding gives buffers.
    const chunk = piece as Buffer;
    const data = chunk.subarray(0, Math.max(0, bytes - received));
    hash.update(data);
    received += chunk.length;
    if (data.length < chunk.length) digest.push(chunk.subarray(data.length));
    if (received >= bytes + digestBytes) break;
  }
  return { mine: hash.digest(), theirs: Buffer.concat(digest) };
}

async function send(socket: Duplex, bytes: number): Promise<Digests> {
  const hash = createHash('sha256');
  const digest: Buffer[] = [];
  const answered = new Promise((resolve) => socket.on('data', (chunk: Buffer) => digest.push(chunk)).once('close', resolve));
  await pipeline(Readable.from(blocks(bytes, hash)), socket, { end: false });
  await answered;
  return { mine: hash.digest(), theirs: Buffer.concat(digest) };
}

function* blocks(bytes: number, hash: Hash): Generator<Buffer> {
  const block = randomBytes(2 ** 20);
  for (let sent = 0; sent < bytes; sent += block.length) {
    hash.update(block);
    yield block;
  }
}
