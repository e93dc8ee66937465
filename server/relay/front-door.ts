/**
 * The first bytes of every connection to the server's port, before TLS: where a load balancer puts a header, whose connection it is; where a destination is named,
 * to its tunnels; all else to the server's own TLS. Bounded in bytes, pieces, time and number, for nobody has shown who they are yet.
 */
import type { Socket } from 'node:net';
import { mostHelloBytes, readClientHello } from './client-hello-rules.ts';
import { readProxyHeader, type ConnectionSource } from './proxy-protocol-rules.ts';
import type { Relay } from './relay.ts';

export interface FrontDoor {
  /** `serve`: the server's own TLS, which finds all bytes still there. */
  take(socket: Socket, serve: () => void): void;
  /** Whose a connection is, by what its socket says: the balancer's word where one is trusted. */
  sourceOf(peer: { readonly remoteAddress?: string | undefined; readonly remotePort?: number | undefined }): ConnectionSource;
  /** Connections that have not said yet where they want to. */
  waiting(): number;
}

/** `id`: undefined when the name has the form of a destination's and is of none. */
export type Route = { readonly to: 'server' } | { readonly to: 'destination'; readonly id: string | undefined };

export interface FrontDoorOptions {
  readonly relay: Relay;
  readonly routeOf: (serverName: string | undefined) => Route;
  /** From these a PROXY header must come, from all others it is none. */
  readonly speaksForOthers: (address: string) => boolean;
}

const patienceMilliseconds = 10_000;
/** Beyond, the oldest goes: whoever says nothing cannot keep out those who do. */
const mostWaiting = 1000;
/** A hello comes in one or two pieces; TLS itself has more patience with one that drips. */
const mostPieces = 128;

export function createFrontDoor({ relay, routeOf, speaksForOthers }: FrontDoorOptions): FrontDoor {
  const waiting = new Set<Socket>();
  const sources = new Map<string, ConnectionSource>();

  const decide = (socket: Socket, bytes: Buffer, serve: () => void): 'incomplete' | 'decided' => {
    const own = ownSource(socket);
    let rest = bytes;
    let source = own;
    if (speaksForOthers(own.address)) {
      const header = readProxyHeader(bytes);
      if (header.kind === 'incomplete') return 'incomplete';
      if (header.kind === 'malformed') {
        socket.destroy();
        return 'decided';
      }
      rest = bytes.subarray(header.length);
      source = header.source ?? own;
      if (rest.length === 0) return 'incomplete';
    }
    const hello = readClientHello(rest);
    if (hello.kind === 'incomplete') return 'incomplete';
    const route = routeOf(hello.kind === 'hello' ? hello.serverName : undefined);
    if (route.to === 'destination') {
      relay.take({ socket, head: rest, source, destinationId: route.id });
      return 'decided';
    }
    if (source !== own) {
      const key = keyOf(socket);
      sources.set(key, source);
      socket.once('close', () => sources.delete(key));
    }
    socket.unshift(rest);
    serve();
    return 'decided';
  };

  return {
    take: (socket, serve) => {
      const read = readFirstBytes(socket, (bytes, isLast) => {
        if (decide(socket, bytes, serve) === 'decided') return true;
        // Whatever it is, it is no hello that we could route.
        if (isLast) socket.destroy();
        return isLast;
      });
      if (waiting.size >= mostWaiting) {
        const [oldest] = waiting;
        // At once: its own end is told later, and many may come before that.
        if (oldest !== undefined) waiting.delete(oldest);
        oldest?.destroy();
      }
      waiting.add(socket);
      read.then(
        () => waiting.delete(socket),
        () => waiting.delete(socket),
      );
    },
    sourceOf: (peer) => sources.get(keyOf(peer)) ?? ownSource(peer),
    waiting: () => waiting.size,
  };
}

type Peer = Parameters<FrontDoor['sourceOf']>[0];
const keyOf = ({ remoteAddress, remotePort }: Peer): string => `${remoteAddress ?? ''} ${remotePort ?? 0}`;
const ownSource = ({ remoteAddress, remotePort }: Peer): ConnectionSource => ({ address: remoteAddress ?? '', port: remotePort ?? 0 });

/** Hands on all that came so far, each time more is there, until `enough` says true; destroys what takes too long. Resolves when it is over. */
function readFirstBytes(socket: Socket, enough: (bytes: Buffer, isLast: boolean) => boolean): Promise<void> {
  return new Promise((resolve) => {
    const pieces: Buffer[] = [];
    const finish = (): void => {
      clearTimeout(timer);
      socket.off('readable', look);
      socket.off('close', finish);
      socket.off('error', give);
      resolve();
    };
    const give = (): void => void socket.destroy();
    const look = (): void => {
      const piece = socket.read() as Buffer | null;
      if (piece === null) {
        if (socket.readableEnded || socket.destroyed) socket.destroy();
        return;
      }
      pieces.push(piece);
      const bytes = pieces.length === 1 ? piece : Buffer.concat(pieces);
      const isLast = pieces.length >= mostPieces || bytes.length > 2 * mostHelloBytes;
      socket.off('readable', look);
      // Before it is handed on: what takes over has its own.
      socket.off('error', give);
      if (enough(bytes, isLast)) finish();
      else {
        socket.on('readable', look);
        socket.on('error', give);
      }
    };
    const timer = setTimeout(() => void socket.destroy(), patienceMilliseconds);
    socket.on('readable', look);
    socket.once('close', finish);
    socket.on('error', give);
  });
}
