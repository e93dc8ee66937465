/**
 * Who may open a connection, judged twice: by source address before any cryptography is spent on it, and by identity once the certificate is
 * known. A handshake that ends in a valid certificate is given back to its address: many people may share one, and only strangers use it up.
 */
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { Logger } from '../../shared/node/logger.ts';
import { createForgetfulMap, type ForgetfulMap } from './forgetful-map.ts';
import type { IdentityLimits, Limits } from './identity-limits.ts';
import type { PeerResult } from './peer-certificate.ts';
import { fullAfterOne, fullWithOneBack, waitForToken } from './rate-rules.ts';
import type { PeerAddresses } from './peer-addresses.ts';
import { sourceKey } from './source-address.ts';
import type { Refusal } from './status.ts';

export interface ConnectionLimits {
  /** A connection as it comes; false: it was reset, upon which client-go tries a GET again by itself. */
  accept(socket: Duplex): boolean;
  /** Its handshake is over. */
  identify(socket: TLSSocket): void;
  /** Why nothing may be asked on this connection. */
  refusalOf(socket: Socket): Refusal | undefined;
  /** False: it ends with the answer to its first request. */
  mayStay(socket: Socket): boolean;
  /** Open now. */
  count(): number;
  closeAll(): void;
}

/** Who is told, for the metrics. */
export interface ConnectionCounts {
  handshake(outcome: 'identified' | 'stranger'): void;
  turnedAway(): void;
}

export interface ConnectionLimitsOptions {
  readonly limits: Limits;
  readonly identities: IdentityLimits;
  readonly peerOf: (socket: Socket) => PeerResult;
  readonly addresses: Pick<PeerAddresses, 'of'>;
  /** Milliseconds that only grow. */
  readonly now: () => number;
  readonly counts: ConnectionCounts;
  readonly logger: Logger;
}

const warnEveryMilliseconds = 10_000;

export function createConnectionLimits(options: ConnectionLimitsOptions): ConnectionLimits {
  return new LiveConnectionLimits(options);
}

class LiveConnectionLimits implements ConnectionLimits {
  readonly #options: ConnectionLimitsOptions;
  readonly #addresses: ForgetfulMap<{ fullAt: number }>;
  /** Every connection, by the name of its other end. */
  readonly #open = new Map<string, Duplex>();
  /** Those that have shown no valid certificate yet, the oldest first. */
  readonly #strangers = new Map<string, Duplex>();
  readonly #refusals = new WeakMap<Socket, Refusal | 'stranger'>();
  readonly #warn: (address: string, why: string) => void;

  constructor(options: ConnectionLimitsOptions) {
    this.#options = options;
    this.#addresses = createForgetfulMap({ create: () => ({ fullAt: 0 }), isIdle: ({ fullAt }) => fullAt <= options.now() });
    this.#warn = createWarning(options);
  }

  accept(socket: Duplex): boolean {
    const { handshakeRate } = this.#options.limits;
    const bucket = this.#bucketOf(socket);
    const now = this.#options.now();
    if (waitForToken(bucket.fullAt, now, handshakeRate) > 0)
      return this.#turnAway(socket, 'too many handshakes from one address (limits.handshakesPerSecond)');
    if (!this.#makeRoom()) return this.#turnAway(socket, 'too many connections (limits.connections)');
    bucket.fullAt = fullAfterOne(bucket.fullAt, now, handshakeRate);
    const { name } = this.#options.addresses.of(socket);
    this.#open.set(name, socket);
    this.#strangers.set(name, socket);
    socket.once('close', () => {
      // A newer connection may bear the same name by now.
      if (this.#open.get(name) === socket) this.#open.delete(name);
      if (this.#strangers.get(name) === socket) this.#strangers.delete(name);
    });
    return true;
  }

  identify(socket: TLSSocket): void {
    const found = this.#options.peerOf(socket);
    this.#options.counts.handshake(found.kind === 'peer' ? 'identified' : 'stranger');
    if (found.kind === 'refused') {
      this.#refusals.set(socket, 'stranger');
      return;
    }
    const { slot, refusal } = this.#options.identities.connect(found.peer.identityId);
    socket.once('close', () => slot.release());
    this.#strangers.delete(this.#options.addresses.of(socket).name);
    if (refusal !== undefined) {
      this.#refusals.set(socket, refusal);
      return;
    }
    const bucket = this.#bucketOf(socket);
    bucket.fullAt = fullWithOneBack(bucket.fullAt, this.#options.limits.handshakeRate);
  }

  refusalOf(socket: Socket): Refusal | undefined {
    const refusal = this.#refusals.get(socket);
    return refusal === 'stranger' ? undefined : refusal;
  }

  mayStay(socket: Socket): boolean {
    return !this.#refusals.has(socket);
  }

  count(): number {
    return this.#open.size;
  }

  closeAll(): void {
    for (const socket of this.#open.values()) socket.destroy();
  }

  /** Full: the oldest stranger goes, so that strangers alone never keep people out. */
  #makeRoom(): boolean {
    if (this.#open.size < this.#options.limits.connections) return true;
    const [oldest] = this.#strangers;
    if (oldest === undefined) return false;
    const [name, socket] = oldest;
    this.#open.delete(name);
    this.#strangers.delete(name);
    socket.destroy();
    return true;
  }

  #turnAway(socket: Duplex, why: string): boolean {
    this.#warn(this.#options.addresses.of(socket).address, why);
    this.#options.counts.turnedAway();
    // A stream of the relay has no reset of its own.
    if (socket instanceof Socket) socket.resetAndDestroy();
    else socket.destroy();
    return false;
  }

  #bucketOf(socket: Duplex): { fullAt: number } {
    return this.#addresses.of(sourceKey(this.#options.addresses.of(socket).address));
  }
}

/** Once in a while, with the number since: whoever is turned away here is nobody yet, and has no line in the access log. */
function createWarning({ logger, now }: ConnectionLimitsOptions): (address: string, why: string) => void {
  let count = 0;
  let warnedAt = Number.NEGATIVE_INFINITY;
  return (address, why) => {
    count += 1;
    if (now() - warnedAt < warnEveryMilliseconds) return;
    warnedAt = now();
    logger.warn({ address, count }, `connections were turned away: ${why}`);
    count = 0;
  };
}
