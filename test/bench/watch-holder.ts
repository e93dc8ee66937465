/** Holds many watches, as a program of its own, and says when each of them heard of an event. Plan as first argument, orders as messages. */
import { connect as connectHttp2, type ClientHttp2Session } from 'node:http2';
import { connect, type TLSSocket } from 'node:tls';
import { tlsOptions } from './generator-plan.ts';
import type { HolderPlan, HolderReport } from './held-watches.ts';

// Sent by held-watches.ts.
const plan = JSON.parse(process.argv[2] ?? '') as HolderPlan;
const atOnce = 50;
/** What the API server allows. */
const streamsOfASession = 100;

const sessions: Promise<ClientHttp2Session>[] = [];
let delays: number[] = [];
const report = (message: HolderReport): void => void process.send?.(message);

process.once('disconnect', () => process.exit(0));
for (let open = 0; open < plan.count; open += atOnce)
  await Promise.all(Array.from({ length: Math.min(atOnce, plan.count - open) }, (_, index) => watch(open + index)));
report({ kind: 'holding' });

async function watch(index: number): Promise<void> {
  return plan.isHttp2 ? watchOverHttp2(await sessionOf(index)) : watchOnOwnConnection();
}

async function watchOnOwnConnection(): Promise<void> {
  return new Promise((resolve) => {
    const socket: TLSSocket = connect({ ...tlsOptions(plan.target), ALPNProtocols: ['http/1.1'] }, () =>
      socket.write(`GET ${plan.path} HTTP/1.1\r\nHost: bench\r\nAccept: application/json\r\n\r\n`),
    );
    socket.on('error', (error: Error) => fail(error.message)).on('close', () => fail('a watch was ended'));
    socket.once('data', (head: Buffer) => {
      if (head.toString('latin1', 9, 12) !== '200') fail(`a watch was answered with ${head.toString('latin1', 0, 300)}`);
      socket.on('data', hear);
      resolve();
    });
  });
}

async function sessionOf(index: number): Promise<ClientHttp2Session> {
  return (sessions[Math.floor(index / streamsOfASession)] ??= new Promise((resolve) => {
    const { host, port } = plan.target;
    const session = connectHttp2(`https://${host}:${port}`, {
      createConnection: () => connect({ ...tlsOptions(plan.target), ALPNProtocols: ['h2'] }),
    });
    session.on('error', (error: Error) => fail(error.message)).on('close', () => fail('a connection was ended'));
    session.once('connect', () => resolve(session));
  }));
}

async function watchOverHttp2(session: ClientHttp2Session): Promise<void> {
  return new Promise((resolve) => {
    const stream = session.request({ ':path': plan.path, accept: 'application/json' });
    stream.on('error', (error: Error) => fail(error.message)).on('close', () => fail('a watch was ended'));
    stream.once('response', (headers) => {
      if (headers[':status'] !== 200) fail(`a watch was answered with ${String(headers[':status'])}`);
      stream.once('data', () => resolve()).on('data', hear);
    });
  });
}

/** The event carries the moment it was sent at; the clock is the same for all programs of a machine. */
function hear(chunk: Buffer): void {
  const now = process.hrtime.bigint();
  const sentAt = /"sentAt":"(\d+)"/.exec(chunk.toString('latin1'))?.[1];
  if (sentAt === undefined) return;
  delays.push(Number(now - BigInt(sentAt)) / 1e6);
  if (delays.length < plan.count) return;
  report({ kind: 'heard', delays });
  delays = [];
}

function fail(why: string): void {
  console.error(`watch holder: ${why}`);
  process.exit(1);
}
