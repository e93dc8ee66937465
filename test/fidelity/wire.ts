/** HTTP/1.1 as it is on the wire: a request sent straight to the API server and through infra, and all that came back. */
import { readFileSync } from 'node:fs';
import { request, type RequestOptions } from 'node:https';
import { join } from 'node:path';
import type { Prepared } from './both-ways.ts';
import type { WayNames } from './differences.ts';

export interface WireRequest {
  /** Method and target, `GET /version`; `$NS` is the namespace of the way, `$ONE` one that both look at. */
  readonly line: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Several parts are sent as chunks without a length; `$NS` is replaced in them too. */
  readonly body?: string | readonly string[];
}

export interface WireAnswer {
  readonly status: number;
  /** All but those of `notCompared`. */
  readonly headers: Readonly<Record<string, readonly string[] | undefined>>;
  /** Byte by byte, as latin1. */
  readonly body: string;
  /** The server asked for the body (`100 Continue`) before it answered. */
  readonly hasContinued: boolean;
}

export interface Wire {
  readonly names: WayNames;
  send(request: WireRequest): Promise<WireAnswer>;
}

export type Wires = readonly [straight: Wire, throughInfra: Wire];

/** Of one answer or one connection, or of whom the cluster took the request for. */
const notCompared = new Set([
  'date',
  'audit-id',
  'connection',
  'keep-alive',
  // Priority and fairness: the cluster's own admin waits in no queue.
  'x-kubernetes-pf-flowschema-uid',
  'x-kubernetes-pf-prioritylevel-uid',
]);

const longestMilliseconds = 20_000;

export async function wiresOf(prepared: Prepared): Promise<Wires> {
  const { cluster, guarded, person, straight, throughInfra } = prepared;
  const { connector, server, namespace: one } = guarded;
  const { hostname, port } = new URL(cluster.url);
  const pki = (name: string): string => readFileSync(join(cluster.directory, 'pki', name), 'utf8');
  const lease = await person.lease();
  const ofCluster = { host: hostname, port, ca: pki('ca.crt'), cert: pki('admin.crt'), key: pki('admin.key') };
  const ofConnector = { host: '127.0.0.1', port: connector.port, servername: connector.serverName, ca: server.info.rootCertificate };
  return [newWire(ofCluster, straight.names, one), newWire({ ...ofConnector, cert: lease.chain, key: lease.key }, throughInfra.names, one)];
}

function newWire(endpoint: RequestOptions, names: WayNames, one: string): Wire {
  const named = (text: string): string => text.replaceAll('$NS', names.namespace).replaceAll('$ONE', one);
  return {
    names,
    send: async ({ line, headers = {}, body = [] }) => {
      const [method, path] = named(line).split(' ', 2);
      const parts = (typeof body === 'string' ? [body] : body).map((part) => Buffer.from(named(part)));
      const length = typeof body === 'string' ? { 'content-length': Buffer.concat(parts).length } : {};
      // A connection of its own, which no answer before it can have disturbed.
      return exchange({ ...endpoint, agent: false, method, path, headers: { ...length, ...headers } }, parts);
    },
  };
}

async function exchange(options: RequestOptions, parts: readonly Buffer[]): Promise<WireAnswer> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ ...options, signal: AbortSignal.timeout(longestMilliseconds) });
    let hasContinued = false;
    const sendBody = (): void => {
      for (const part of parts) outgoing.write(part);
      outgoing.end();
    };
    outgoing.once('continue', () => {
      hasContinued = true;
      sendBody();
    });
    outgoing.once('response', (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', reject);
      incoming.on('end', () => {
        const headers = Object.fromEntries(Object.entries(incoming.headersDistinct).filter(([name]) => !notCompared.has(name)));
        resolve({ status: incoming.statusCode ?? 0, headers, body: Buffer.concat(chunks).toString('latin1'), hasContinued });
      });
    });
    outgoing.on('error', reject);
    if (outgoing.hasHeader('expect')) outgoing.flushHeaders();
    else sendBody();
  });
}
