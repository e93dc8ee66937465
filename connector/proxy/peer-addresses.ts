/**
 * Where a connection comes from. A socket of ours says it by itself; what came through the relay is a stream inside a tunnel, of which the server says whose it is.
 * That word is for limits and records alone: it lends no right.
 */
import { isIP, Socket } from 'node:net';
import type { Duplex } from 'node:stream';

export interface PeerAddress {
  /** Empty when it is not known. */
  readonly address: string;
  /** Tells open connections apart. */
  readonly name: string;
}

export interface PeerAddresses {
  of(socket: Duplex): PeerAddress;
  /** Said of a connection that came through the relay. */
  note(socket: Duplex, peer: PeerAddress): void;
}

export function createPeerAddresses(): PeerAddresses {
  const relayed = new WeakMap<Duplex, PeerAddress>();
  return {
    of: (socket) => relayed.get(socket) ?? direct(socket),
    note: (socket, peer) => void relayed.set(socket, peer),
  };
}

function direct(socket: Duplex): PeerAddress {
  const { remoteAddress: address = '', remotePort: port = 0 } = socket instanceof Socket ? socket : {};
  return { address, name: `${address} ${port}` };
}

let relayedSoFar = 0;

/** Of `IP:PORT` or `[IPv6]:PORT`; what is neither is nobody's address, and still a connection. */
export function relayedPeer(text: string): PeerAddress {
  const [, bracketed, plain] = /^(?:\[([^\]]{2,45})\]|([0-9.]{7,15})):\d{1,5}$/.exec(text) ?? [];
  const address = bracketed ?? plain ?? '';
  relayedSoFar += 1;
  return { address: isIP(address) === 0 ? '' : address, name: `relayed ${relayedSoFar}` };
}
