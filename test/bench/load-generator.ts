/**
 * A load generator as a program of its own: raw HTTP/1.1 over keep-alive TLS with a client certificate (wrk has none). Sends bytes that were
 * made before and reads no more of an answer than its status and its end, so that it is not what is measured. Plan on stdin, result on stdout.
 */
import { connect, type TLSSocket } from 'node:tls';
import { text } from 'node:stream/consumers';
import type { LoadPlan, LoadResult } from './load.ts';

// Written by load.ts.
const plan = JSON.parse(await text(process.stdin)) as LoadPlan;
const requests = plan.requests.map((request) => Buffer.from(request));
const latencies: number[] = [];
const statuses: Record<string, number> = {};
let next = 0;
let isOver = false;

class Connection {
  readonly #socket: TLSSocket;
  readonly #whenIdle: (connection: Connection) => void;
  /** Bytes of the answer still to come; undefined: its head is not complete. */
  #remaining: number | undefined;
  #isChunked = false;
  #head: Buffer = Buffer.alloc(0);
  #since = 0;
  #status = '';

  private constructor(socket: TLSSocket, whenIdle: (connection: Connection) => void) {
    this.#socket = socket;
    this.#whenIdle = whenIdle;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('error', (error: Error) => fail(error.message));
    socket.on('close', () => fail('the connection was closed'));
  }

  static async open(whenIdle: (connection: Connection) => void): Promise<Connection> {
    const { host, port, servername, ca, cert, key } = plan.target;
    const socket = connect({
      host,
      port,
      ca,
      servername: servername ?? '',
      ...(cert === undefined ? {} : { cert, key }),
      ALPNProtocols: ['http/1.1'],
    });
    await new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
    return new Connection(socket, whenIdle);
  }

  /** @param since the moment from which its latency counts. */
  send(since: number): void {
    this.#since = since;
    this.#socket.write(requests[next++ % requests.length] ?? '');
  }

  close(): void {
    this.#socket.destroy();
  }

  #receive(chunk: Buffer): void {
    if (this.#remaining === undefined) {
      this.#readHead(chunk);
      return;
    }
    this.#readBody(chunk);
  }

  #readHead(chunk: Buffer): void {
    const data = this.#head.length === 0 ? chunk : Buffer.concat([this.#head, chunk]);
    const end = data.indexOf('\r\n\r\n');
    if (end < 0) {
      this.#head = data;
      return;
    }
    this.#head = Buffer.alloc(0);
    const head = data.toString('latin1', 0, end);
    this.#status = head.slice(9, 12);
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
    this.#isChunked = length === undefined;
    this.#remaining = length === undefined ? Number.POSITIVE_INFINITY : Number(length);
    this.#readBody(data.subarray(end + 4));
  }

  #readBody(chunk: Buffer): void {
    // Each answer is read to its end before the next request goes out, so the last chunk is the end of the data.
    const isEnd = this.#isChunked ? chunk.subarray(-5).equals(lastChunk) : (this.#remaining ?? 0) <= chunk.length;
    if (!isEnd) {
      this.#remaining = (this.#remaining ?? 0) - chunk.length;
      return;
    }
    this.#remaining = undefined;
    latencies.push(performance.now() - this.#since);
    statuses[this.#status] = (statuses[this.#status] ?? 0) + 1;
    this.#whenIdle(this);
  }
}

const lastChunk = Buffer.from('0\r\n\r\n');

function fail(reason: string): void {
  if (isOver) return;
  console.error(`load generator: ${reason}`);
  process.exit(1);
}

/** Each connection sends its next request as soon as it has its answer. */
async function closedLoop(): Promise<Connection[]> {
  return openAll((connection) => {
    if (!isOver) connection.send(performance.now());
  });
}

/** Requests fall due at a fixed rate, whatever became of those before: a slow answer makes later ones wait, and that counts. */
async function openLoop(rate: number): Promise<Connection[]> {
  const idle: Connection[] = [];
  const waiting: number[] = [];
  const whenIdle = (connection: Connection): void => {
    const since = waiting.shift();
    if (since === undefined) idle.push(connection);
    else connection.send(since);
  };
  const connections = await openAll(whenIdle);
  idle.push(...connections);
  const startedAt = performance.now();
  let sent = 0;
  setInterval(() => {
    const now = performance.now();
    for (; sent < ((now - startedAt) / 1000) * rate && !isOver; sent++) {
      const connection = idle.shift();
      if (connection === undefined) waiting.push(now);
      else connection.send(now);
    }
  }, 1);
  return connections;
}

const openAll = async (whenIdle: (connection: Connection) => void): Promise<Connection[]> =>
  Promise.all(Array.from({ length: plan.connections }, () => Connection.open(whenIdle)));

const wait = (seconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

const connections = plan.rate === undefined ? await closedLoop() : await openLoop(plan.rate);
if (plan.rate === undefined) for (const connection of connections) connection.send(performance.now());
const startedAt = performance.now();
await wait(plan.seconds);
isOver = true;
const seconds = (performance.now() - startedAt) / 1000;
const result: LoadResult = { seconds, latencies: latencies.map((value) => Math.round(value * 1000) / 1000), statuses };
for (const connection of connections) connection.close();
process.stdout.write(JSON.stringify(result), () => process.exit(0));
