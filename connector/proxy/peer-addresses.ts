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
  /** Whose a connection is that came through the relay: `IP:PORT` or `[IPv6]:PORT`; what is neither is nobody's address, and still a connection. */
  relayed(text: string): PeerAddress;
  /** Said of a connection that came through the relay. */
  note(socket: Duplex, peer: PeerAddress): void;
}

export function createPeerAddresses(): PeerAddresses {
  const noted = new WeakMap<Duplex, PeerAddress>();
  let relayedSoFar = 0;
  return {
    of: (socket) => noted.get(socket) ?? direct(socket),
    relayed: (text) => {
      relayedSoFar += 1;
      return { address: addressIn(text), name: `relayed ${relayedSoFar}` };
    },
    note: (socket, peer) => void noted.set(socket, peer),
  };
}

function direct(socket: Duplex): PeerAddress {
  const { remoteAddress: address = '', remotePort: port = 0 } = socket instanceof Socket ? socket : {};
  return { address, name: `${address} ${port}` };
}

function addressIn(text: string): string {
  const [, bracketed, plain] = /^(?:\[([^\]]{2,45})\]|([0-9.]{7,15})):\d{1,5}$/.exec(text) ?? [];
  const address = bracketed ?? plain ?? '';
  return isIP(address) === 0 ? '' : address;
}
