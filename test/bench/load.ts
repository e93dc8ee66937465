/** Starts load generators, and sums up what they say. */
import { spawn } from 'node:child_process';
import { constants, setPriority } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { connect } from 'node:tls';
import { percentile } from './statistics.ts';

export interface Target {
  readonly host: string;
  readonly port: number;
  readonly servername?: string;
  readonly ca: string;
  readonly cert?: string;
  readonly key?: string;
}

export interface LoadPlan {
  readonly target: Target;
  /** Whole requests, head and body, sent in turn. */
  readonly requests: readonly string[];
  readonly connections: number;
  readonly seconds: number;
  /** Requests a second; absent: as many as are answered. HTTP/1.1 only. */
  readonly rate?: number;
  /** HTTP/1.1 over connections that stay open, unless it says otherwise. */
  readonly client?: LoadClient;
  /** Its generator works only while nobody else wants the cores, as if it were on another machine. */
  readonly isFar?: boolean;
}

/** Handshakes: a connection for each request. */
export type LoadClient = 'http1' | 'http2' | 'full-handshakes' | 'resumed-handshakes';

const generators: Readonly<Record<LoadClient, string>> = {
  http1: 'load-generator.ts',
  http2: 'http2-generator.ts',
  'full-handshakes': 'handshake-generator.ts',
  'resumed-handshakes': 'handshake-generator.ts',
};

export interface LoadResult {
  readonly seconds: number;
  /** Milliseconds. */
  readonly latencies: readonly number[];
  readonly statuses: Readonly<Record<string, number>>;
}

export interface LoadSummary {
  readonly requests: number;
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
}

/** Runs the plan in so many processes at once; throws when an answer was not of the expected status. */
export async function load(plan: LoadPlan, { processes = 1, status = 200 } = {}): Promise<LoadSummary> {
  const results = await Promise.all(Array.from({ length: processes }, () => generate(plan)));
  const latencies = results.flatMap((result) => result.latencies);
  for (const { statuses } of results)
    for (const [found, count] of Object.entries(statuses))
      if (found !== String(status)) throw new Error(`${count} answers were ${found} instead of ${status}`);
  const seconds = Math.max(...results.map((result) => result.seconds));
  return {
    requests: latencies.length,
    perSecond: latencies.length / seconds,
    p50: percentile(latencies, 0.5),
    p99: percentile(latencies, 0.99),
  };
}

async function generate(plan: LoadPlan): Promise<LoadResult> {
  const program = join(import.meta.dirname, generators[plan.client ?? 'http1']);
  const child = spawn(process.execPath, [program], { stdio: ['pipe', 'pipe', 'inherit'] });
  if (plan.isFar === true) setPriority(child.pid ?? 0, constants.priority.PRIORITY_LOW);
  const kill = (): boolean => child.kill('SIGKILL');
  process.once('exit', kill);
  child.stdin.end(JSON.stringify(plan));
  const output = text(child.stdout);
  const code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
  process.off('exit', kill);
  if (code !== 0) throw new Error(`the load generator ended with ${String(code)}`);
  // Written by load-generator.ts.
  return JSON.parse(await output) as LoadResult;
}

/** By ALPN; a construction that does not is left out of what is measured over HTTP/2. */
export async function offersHttp2({ host, port, servername, ca, cert, key }: Target): Promise<boolean> {
  const options = { host, port, ca, servername: servername ?? '', ...(cert === undefined ? {} : { cert, key }) };
  return new Promise((resolve, reject) => {
    const socket = connect({ ...options, ALPNProtocols: ['h2', 'http/1.1'] }, () => {
      resolve(socket.alpnProtocol === 'h2');
      socket.destroy();
    });
    socket.once('error', reject);
  });
}

export const get = (path: string, headers: Readonly<Record<string, string>> = {}): string =>
  [
    `GET ${path} HTTP/1.1`,
    'Host: bench',
    'Accept: application/json',
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    '',
    '',
  ].join('\r\n');

export const post = (path: string, body: unknown, headers: Readonly<Record<string, string>> = {}): string => {
  const json = JSON.stringify(body);
  const all = { 'Content-Type': 'application/json', 'Content-Length': String(Buffer.byteLength(json)), ...headers };
  return [`POST ${path} HTTP/1.1`, 'Host: bench', ...Object.entries(all).map(([name, value]) => `${name}: ${value}`), '', json].join(
    '\r\n',
  );
};
