/**
 * One tunnel, at the server's end: the client of an HTTP/2 session whose server is the connector. Knows nothing of who comes through it; each stream is one
 * connection's bytes, bounded by its own window, so that one that stalls costs that much and holds up nobody.
 */
import { connect, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2';
import {
  personAddressHeader,
  tunnelSilenceMilliseconds,
  tunnelStreams,
  tunnelStreamWindow,
  type TunnelSummary,
} from '../../shared/api/connector-tunnel.ts';
import type { WebSocketStream } from '../../shared/node/web-socket.ts';
import type { ConnectionSource } from './proxy-protocol-rules.ts';

/** Whose tunnel, and from where. */
export interface TunnelOwner {
  readonly connectorId: string;
  readonly destinationId: string;
  readonly replica: string;
  readonly source: string;
}

export interface Tunnel {
  readonly owner: TunnelOwner;
  /** Takes streams: it is up, not about to go, and has room. */
  canTake(): boolean;
  streams(): number;
  /** Bytes on their way to the connector that the line has not taken yet: how busy it is. */
  waiting(): number;
  open(person: ConnectionSource): ClientHttp2Stream;
  summary(): TunnelSummary;
  /** Milliseconds since anything came. */
  silence(): number;
  measure(): void;
  /** No new streams; those that are open go on. The connector hears of it and dials anew. */
  drain(): void;
  end(reason: string): void;
}

export interface TunnelOptions {
  readonly owner: TunnelOwner;
  readonly line: WebSocketStream;
  /** RFC 3339. */
  readonly since: string;
  readonly ended: (reason: string, streamsBroken: number) => void;
}

/** Of the whole session: bytes are counted as taken when they come, so this bounds one burst, not the streams together. */
const sessionWindow = 16 * 1024 * 1024;
/** Of Node's account of a session; 2,500 streams with what each has under way. */
const sessionMegabytes = 512;

export function createTunnel({ owner, line, since, ended }: TunnelOptions): Tunnel {
  let roundTrip: number | null = null;
  let isDraining = false;
  let reason: string | undefined;
  const open = new Set<ClientHttp2Stream>();
  const session: ClientHttp2Session = connect('http://connector', {
    createConnection: () => line.stream,
    maxSessionMemory: sessionMegabytes,
    settings: { enablePush: false, initialWindowSize: tunnelStreamWindow },
  });
  session.once('connect', () => session.setLocalWindowSize(sessionWindow));
  session.once('goaway', (code) => {
    isDraining = true;
    reason ??= code === 0 ? 'the connector is ending' : `the connector gave up (HTTP/2 error ${code})`;
  });
  session.on('error', (error: Error) => (reason ??= error.message));
  session.once('close', () => {
    const broken = open.size;
    line.stream.destroy();
    ended(reason ?? 'the connection was closed', broken);
  });
  line.stream.once('close', () => session.destroy());
  const measure = (): void => line.ping((milliseconds) => (roundTrip = Math.round(milliseconds * 10) / 10));
  measure();

  return {
    owner,
    canTake: () => !isDraining && !session.closed && !session.destroyed && open.size < tunnelStreams,
    streams: () => open.size,
    waiting: () => line.stream.writableLength,
    open: ({ address, port }) => {
      const stream = session.request({
        ':method': 'CONNECT',
        ':authority': owner.destinationId,
        [personAddressHeader]: address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`,
      });
      open.add(stream);
      stream.once('close', () => open.delete(stream));
      return stream;
    },
    summary: () => ({
      replica: owner.replica,
      since,
      source: owner.source,
      streams: open.size,
      roundTripMilliseconds: roundTrip,
    }),
    silence: () => line.silence(),
    measure,
    drain: () => {
      isDraining = true;
      reason ??= 'the server is ending';
      session.close();
    },
    end: (why) => {
      isDraining = true;
      reason ??= why;
      session.destroy();
    },
  };
}

export const isSilent = (tunnel: Tunnel): boolean => tunnel.silence() > tunnelSilenceMilliseconds;
