/**
 * One tunnel to the server, at the connector's end: dialled as any request of ours is, with an assertion, it then serves HTTP/2, whose every stream is one person's
 * connection. What comes out is judged as if it had come in by a port of our own: by the certificate that it shows.
 */
import { constants, performServerHandshake, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { Agent } from 'node:https';
import type { Duplex } from 'node:stream';
import {
  personAddressHeader,
  tunnelPath,
  tunnelPingMilliseconds,
  tunnelProtocol,
  tunnelSilenceMilliseconds,
  tunnelStreams,
  tunnelStreamWindow,
} from '../../shared/api/connector-tunnel.ts';
import { problemSchema, type Problem } from '../../shared/api/problem.ts';
import { openWebSocket, WebSocketRefused, type WebSocketStream } from '../../shared/node/web-socket.ts';
import { signAssertion, type AssertionSigner } from './assertion.ts';
import type { ServerClock } from './server-clock.ts';

export interface TunnelOptions {
  readonly serverUrl: string;
  readonly agent: Agent;
  readonly signer: Omit<AssertionSigner, 'clock'>;
  readonly clock: ServerClock;
  readonly version: string;
  readonly replica: string;
  readonly destinationId: string;
  /** A person's connection: its bytes, and where it came from as the server saw it. */
  readonly take: (stream: Duplex, from: string) => void;
}

export interface Tunnel {
  /** Resolves with the reason when it takes no new connections any more: the server is about to end it, or it broke. */
  readonly over: Promise<string>;
  streams(): number;
  /** Of the last sign of life; undefined: none yet. */
  roundTripMilliseconds(): number | undefined;
  /** Lets what is open end by itself. */
  drain(): void;
  end(): void;
}

const sessionWindow = 16 * 1024 * 1024;
const sessionMegabytes = 512;
const lookMilliseconds = 500;

/** Rejects with a sentence for the log. */
export async function openTunnel(options: TunnelOptions, signal: AbortSignal): Promise<Tunnel> {
  try {
    return serve(options, await dial(options, signal));
  } catch (error) {
    if (!(error instanceof WebSocketRefused)) throw error;
    const offset = options.clock.offset();
    options.clock.learnFromDateHeader(error.date ?? null);
    // The refusal itself told how late it is there: sign again with that.
    if (error.status === 401 && options.clock.offset() !== offset) return serve(options, await dial(options, signal));
    throw new Error(explain(error), { cause: error });
  }
}

async function dial({ serverUrl, agent, signer, clock, version, replica }: TunnelOptions, signal: AbortSignal): Promise<WebSocketStream> {
  const path = `${tunnelPath}?replica=${encodeURIComponent(replica)}`;
  const assertion = await signAssertion({ ...signer, clock }, { method: 'GET', path, body: undefined });
  const url = new URL(path, serverUrl);
  url.protocol = 'wss:';
  return openWebSocket({
    url: url.href,
    protocol: tunnelProtocol,
    headers: { ...assertion, 'user-agent': `infra-connector/${version}` },
    ...{ agent, signal },
  });
}

/** An answer of ours is a problem with a sentence; any other is somebody's in between. */
function explain({ status, body }: WebSocketRefused): string {
  const problem = readProblem(body);
  return problem === undefined
    ? `the answer was ${status} instead of a WebSocket: is there a proxy or balancer that lets none through?`
    : `the server refused a tunnel (${status}): ${problem.detail}`;
}

function readProblem(body: string): Problem | undefined {
  try {
    return problemSchema.safeParse(JSON.parse(body)).data;
  } catch {
    return undefined;
  }
}

function serve({ take, destinationId }: TunnelOptions, line: WebSocketStream): Tunnel {
  let roundTrip: number | undefined;
  const open = new Set<ServerHttp2Stream>();
  const session = performServerHandshake(line.stream, {
    maxSessionMemory: sessionMegabytes,
    settings: { enablePush: false, initialWindowSize: tunnelStreamWindow, maxConcurrentStreams: tunnelStreams, maxHeaderListSize: 4096 },
  });
  session.setLocalWindowSize(sessionWindow);
  const over = Promise.withResolvers<string>();
  let reason: string | undefined;
  const look = setInterval(() => {
    if (line.silence() <= tunnelSilenceMilliseconds) return;
    reason ??= `nothing was heard for ${tunnelSilenceMilliseconds} ms`;
    session.destroy();
  }, lookMilliseconds);
  const ask = (): void => line.ping((milliseconds) => (roundTrip = milliseconds));
  const asking = setInterval(ask, tunnelPingMilliseconds);
  ask();
  session.on('error', (error: Error) => (reason ??= error.message));
  session.once('goaway', () => over.resolve('the server is ending it'));
  session.once('close', () => {
    clearInterval(look);
    clearInterval(asking);
    line.stream.destroy();
    over.resolve(reason ?? 'the connection was closed');
  });
  line.stream.once('close', () => session.destroy());
  session.on('stream', (stream, headers) => {
    open.add(stream);
    stream.once('close', () => open.delete(stream));
    // Whoever uses it has its own; a stream that breaks is no error of the session's.
    stream.on('error', () => undefined);
    if (!isForUs(headers, destinationId)) {
      stream.close(constants.NGHTTP2_REFUSED_STREAM);
      return;
    }
    stream.respond({ ':status': 200 });
    take(stream, String(headers[personAddressHeader] ?? ''));
  });
  return {
    over: over.promise,
    streams: () => open.size,
    roundTripMilliseconds: () => roundTrip,
    drain: () => session.close(),
    end: () => session.destroy(),
  };
}

const isForUs = (headers: IncomingHttpHeaders, destinationId: string): boolean =>
  headers[':method'] === 'CONNECT' && headers[':authority'] === destinationId;
