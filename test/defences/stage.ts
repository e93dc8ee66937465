/** A connector between a server double and a cluster that tells what reached it: where attacks are tried. */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { DesiredIdentity } from '../../shared/api/connectors.ts';
import { grantOf, type Credential, type GrantWish, type MfaGrantWish } from '../connector/fake-server.ts';
import { until } from '../connector/running-connector.ts';
import { startStrangeCluster, type StrangeCluster } from '../connector/strange-cluster.ts';
import type { Attack, Verdict } from './defence.ts';

export type Shown = Pick<Credential, 'chain' | 'keyPem'>;

export interface PersonWish {
  readonly grants?: readonly GrantWish[];
  /** Those of `impersonate:…`. */
  readonly acting?: readonly GrantWish[];
  /** Those that ask for a second factor, and when it was proven. */
  readonly asking?: readonly MfaGrantWish[];
  readonly mfaAt?: number;
  readonly name?: string;
  readonly status?: DesiredIdentity['status'];
}

export interface Stage extends StrangeCluster {
  /** Somebody new with a certificate; `view` everywhere unless other grants are wished for. */
  person(wish?: PersonWish): Promise<Credential>;
  /** Bytes on a connection of their own; what came back up to the end of the first head, or of the connection. */
  send(shown: Shown | undefined, bytes: string): Promise<string>;
  /** Sends a request in whose target MARKER stands for a text of its own; what the cluster saw of it. */
  attempt(shown: Shown | undefined, bytes: string): Promise<IncomingMessage | undefined>;
  reached(marker: string): IncomingMessage | undefined;
  /** What reached the cluster and was none of HTTP's there. */
  readonly illFormed: readonly string[];
  /** How the cluster takes upgrades; it refuses them until told. */
  onUpgrade(how: (request: IncomingMessage, socket: Duplex) => void): void;
  /** The connector has the server's newest revision in force. */
  enforced(): Promise<void>;
  /** Broken once this is seen. */
  succeeds(hasSucceeded: () => boolean): Promise<Verdict>;
  /** Broken when what should end does not. */
  stays(hasEnded: () => boolean): Promise<Verdict>;
}

export interface StageWish {
  readonly settings?: Attack['settings'];
  /** Another main.js than the one that was built. */
  readonly program?: string;
  /** Decides for how long is waited, nothing else: long for what should come, which a busy machine may delay, short for what should not. */
  readonly expected: Verdict;
}

export const newMarker = (): string => `marker-${randomBytes(8).toString('hex')}`;

/** Where the connector says it lives, and the account it is; elsewhere, so that each is guarded for its own sake. */
export const guarded = { namespace: 'infra', account: 'system:serviceaccount:elsewhere:connector' } as const;

const answerMilliseconds = 8000;
const patience = { long: 8000, short: 400, forAnEnd: 2000 } as const;
const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

export async function startStage({ settings = {}, program, expected }: StageWish): Promise<Stage> {
  const token = [encode({ alg: 'none' }), encode({ sub: guarded.account }), 'x'].join('.');
  const wish = { user: { token }, ...(program === undefined ? {} : { program }) };
  const cluster = await startStrangeCluster({ INFRA_CONNECTOR_NAMESPACE: guarded.namespace, ...settings }, wish);
  const { server, connector, seen, upstream } = cluster;
  let takeUpgrade = (_request: IncomingMessage, socket: Duplex): void =>
    void socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno');
  upstream.on('upgrade', (request: IncomingMessage, socket: Duplex) => {
    seen.push(request);
    socket.on('error', () => undefined);
    takeUpgrade(request, socket);
  });
  const illFormed: string[] = [];
  upstream.on('clientError', (error: Error & { readonly rawPacket?: Buffer }, socket: Duplex) => {
    if (error.rawPacket !== undefined) illFormed.push(error.rawPacket.toString('latin1'));
    socket.destroy();
  });
  const reached = (marker: string): IncomingMessage | undefined => seen.find(({ url }) => url?.includes(marker) === true);
  const send = async (shown: Shown | undefined, bytes: string): Promise<string> => {
    const socket = await connector.connect(shown);
    return new Promise((resolve) => {
      let received = '';
      const done = (): void => {
        clearTimeout(timer);
        socket.destroy();
        resolve(received);
      };
      const timer = setTimeout(done, answerMilliseconds);
      socket.on('data', (chunk: Buffer) => {
        received += chunk.toString('latin1');
        if (received.includes('\r\n\r\n')) done();
      });
      socket.on('error', done).on('close', done);
      socket.write(bytes, 'latin1');
    });
  };
  return {
    ...cluster,
    reached,
    illFormed,
    send,
    attempt: async (shown, bytes) => {
      const marker = newMarker();
      const arrived = until(() => reached(marker) !== undefined, 'the request at the cluster', answerMilliseconds);
      // A broken handshake is a refusal.
      await Promise.race([send(shown, bytes.replaceAll('MARKER', marker)), arrived]).catch(() => undefined);
      return reached(marker);
    },
    person: async ({
      grants = [{ role: 'view' }],
      acting = [],
      asking = [],
      mfaAt,
      name = `${newMarker()}@example.com`,
      status = 'active',
    } = {}) => {
      const added = server.addUser(name, grants);
      server.identities.set(added.id, { ...added, status, impersonateGrants: acting.map(grantOf) });
      server.setMfaGrants(added.id, asking);
      return server.issue(added.id, mfaAt === undefined ? {} : { mfaAt });
    },
    onUpgrade: (how) => {
      takeUpgrade = how;
    },
    enforced: async () =>
      until(() => server.acknowledgements.some(({ kind, revision }) => kind === 'enforced' && revision === server.revision), 'in force'),
    succeeds: async (hasSucceeded) =>
      (await isSeen(hasSucceeded, expected === 'broken' ? patience.long : patience.short)) ? 'broken' : 'held',
    stays: async (hasEnded) => ((await isSeen(hasEnded, expected === 'held' ? patience.long : patience.forAnEnd)) ? 'held' : 'broken'),
  };
}

const isSeen = async (claim: () => boolean, milliseconds: number): Promise<boolean> =>
  until(claim, 'it', milliseconds).then(
    () => true,
    () => false,
  );

/** A request line and headers, Host among them, and the empty line. */
export const requestOf = (line: string, ...headers: readonly string[]): string =>
  `${line} HTTP/1.1\r\nHost: local\r\n${headers.map((header) => `${header}\r\n`).join('')}\r\n`;
