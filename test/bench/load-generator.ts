/**
 * A load generator as a program of its own: raw HTTP/1.1 over keep-alive TLS with a client certificate (wrk has none). Sends bytes that were
 * made before and reads no more of an answer than its status and its end, so that it is not what is measured. Plan on stdin, result on stdout.
 */
import { connect, type TLSSocket } from 'node:tls';
import { createRecord, readPlan, tlsOptions } from './generator-plan.ts';

const plan = await readPlan();
const record = createRecord();
const requests = plan.requests.map((request) => Buffer.from(request));
let next = 0;

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
    socket.on('error', (error: Error) => record.fail(error.message));
    socket.on('close', () => record.fail('the connection was closed'));
  }

  static async open(whenIdle: (connection: Connection) => void): Promise<Connection> {
    const socket = connect({ ...tlsOptions(plan.target), ALPNProtocols: ['http/1.1'] });
    await new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
    return new Connection(socket, whenIdle);
  }

  /** @param since the moment from which its latency counts. */
  send(since: number): void {
    this.#since = since;
    this.#socket.write(requests[next++ % requests.length] ?? '');
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
    record.answered(this.#since, this.#status);
    this.#whenIdle(this);
  }
}

const lastChunk = Buffer.from('0\r\n\r\n');

/** Each connection sends its next request as soon as it has its answer. */
async function closedLoop(): Promise<void> {
  const connections = await openAll((connection) => {
    if (!record.isOver()) connection.send(performance.now());
  });
  for (const connection of connections) connection.send(performance.now());
}

/** Requests fall due at a fixed rate, whatever became of those before: a slow answer makes later ones wait, and that counts. */
async function openLoop(rate: number): Promise<void> {
  const idle: Connection[] = [];
  const waiting: number[] = [];
  const whenIdle = (connection: Connection): void => {
    const since = waiting.shift();
    if (since === undefined) idle.push(connection);
    else connection.send(since);
  };
  idle.push(...(await openAll(whenIdle)));
  const startedAt = performance.now();
  let sent = 0;
  setInterval(() => {
    const now = performance.now();
    for (; sent < ((now - startedAt) / 1000) * rate && !record.isOver(); sent++) {
      const connection = idle.shift();
      if (connection === undefined) waiting.push(now);
      else connection.send(now);
    }
  }, 1);
}

const openAll = async (whenIdle: (connection: Connection) => void): Promise<Connection[]> =>
  Promise.all(Array.from({ length: plan.connections }, () => Connection.open(whenIdle)));

await (plan.rate === undefined ? closedLoop() : openLoop(plan.rate));
await record.reportAfter(plan.seconds);
