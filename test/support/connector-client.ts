/** HTTPS to a connector with or without a client certificate: well-formed requests, and bytes as they are. */
import { request, type RequestOptions } from 'node:https';
import type { IncomingHttpHeaders } from 'node:http';
import type { SocketConstructorOpts, TcpSocketConnectOpts } from 'node:net';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { readAnswers, type RawAnswer } from './raw-answers.ts';
import { waitFor } from './wait-for.ts';

export interface ClientCertificate {
  /** Leaf first, PEM. */
  readonly chain: string;
  /** PEM. */
  readonly key: string;
}

export interface Endpoint {
  readonly port: number;
  /** The name in its certificate. */
  readonly serverName: string;
  /** The roots it is checked with, PEM. */
  readonly ca: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface OpenStream {
  readonly status: number;
  text(): string;
  hasEnded(): boolean;
  abort(): void;
}

/** Kubernetes' way to say no. */
export interface Status {
  readonly kind?: string;
  readonly reason?: string;
  readonly code?: number;
  readonly message?: string;
}

type ConnectWish = ConnectionOptions & Pick<TcpSocketConnectOpts, 'localAddress'> & Pick<SocketConstructorOpts, 'allowHalfOpen'>;

export type ConnectorClient = ReturnType<typeof connectorClient>;

export function connectorClient({ port, serverName, ca }: Endpoint, certificate?: ClientCertificate) {
  const tls: ConnectionOptions = {
    host: '127.0.0.1',
    port,
    servername: serverName,
    ca,
    ...(certificate === undefined ? {} : { cert: certificate.chain, key: certificate.key }),
  };
  const open = async (more: ConnectWish = {}): Promise<TLSSocket> =>
    new Promise((resolve, reject) => {
      const socket = connect({ ...tls, ...more }, () => resolve(socket));
      socket.once('error', reject);
    });
  return {
    tls,
    /** On a connection of its own. */
    request: async (path: string, options: RequestOptions & { readonly body?: string } = {}): Promise<Answer> => {
      const { body, headers, ...rest } = options;
      return new Promise((resolve, reject) => {
        const outgoing = request(
          { ...tls, agent: false, path, signal: AbortSignal.timeout(20_000), ...rest, headers: { host: 'local', ...(headers as object) } },
          (incoming) => {
            let text = '';
            incoming.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
            incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text })).on('error', reject);
          },
        );
        outgoing.on('error', reject).end(body);
      });
    },
    /** A GET whose answer goes on. */
    stream: async (path: string, headers: Readonly<Record<string, string>> = {}): Promise<OpenStream> =>
      new Promise((resolve, reject) => {
        const outgoing = request({ ...tls, agent: false, path, headers: { host: 'local', ...headers } }, (incoming) => {
          let text = '';
          let isOver = false;
          incoming.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
          incoming.on('error', () => undefined).on('close', () => (isOver = true));
          resolve({ status: incoming.statusCode ?? 0, text: () => text, hasEnded: () => isOver, abort: () => outgoing.destroy() });
        });
        outgoing.on('error', reject).end();
      }),
    connect: open,
    /** Writes the bytes on a connection of its own and gives the answers: that many of them, or fewer when the connection ends before. */
    send: async (bytes: string, wanted = 1): Promise<readonly RawAnswer[]> => {
      const socket = await open();
      const conversation = converse(socket);
      socket.write(bytes, 'latin1');
      try {
        return await conversation.answers(wanted);
      } finally {
        socket.destroy();
      }
    },
  };
}

export interface Conversation {
  received(): string;
  hasEnded(): boolean;
  answers(wanted: number): Promise<readonly RawAnswer[]>;
}

/** What comes back on a socket, read as HTTP/1.1 answers. */
export function converse(socket: TLSSocket): Conversation {
  let received = '';
  let isOver = false;
  socket.on('data', (chunk: Buffer) => (received += chunk.toString('latin1')));
  for (const event of ['end', 'close', 'error'] as const) socket.on(event, () => (isOver = true));
  return {
    received: () => received,
    hasEnded: () => isOver,
    answers: async (wanted) =>
      waitFor(
        () => {
          const answers = readAnswers(received);
          return isOver || answers.length >= wanted ? answers : undefined;
        },
        { within: 20, what: `${wanted} answers or the end of the connection` },
      ),
  };
}

/** The Status object in a body; empty when it holds none. */
export function statusOf(body: string): Status {
  const text = /\{.*\}/s.exec(body)?.[0];
  return text === undefined ? {} : (JSON.parse(text) as Status);
}
