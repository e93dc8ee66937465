/**
 * How much one identity may take of a connector that others need too: requests and connections a second, requests and streams at a time.
 * Counts by certificate, before anything is known of grants. A constant cost each; idle identities are forgotten.
 */
import { createForgetfulMap } from './forgetful-map.ts';
import { fullAfterOne, retryAfterSeconds, waitForToken, type Rate } from './rate-rules.ts';
import { refuseForNow, type Refusal } from './status.ts';

export interface Limits {
  /** Of one identity at a time: watches, log follow and upgrades. */
  readonly streams: number;
  /** Of one identity at a time: all other requests. */
  readonly openRequests: number;
  readonly requestRate: Rate;
  /** Of one source address until a certificate is known, of one identity from then on. */
  readonly handshakeRate: Rate;
  /** Of everybody together. */
  readonly connections: number;
}

/** A place among the open requests; given back once, later calls are ignored. */
export interface Slot {
  release(): void;
}

export interface IdentityLimits {
  /** Takes a token for one request more; the refusal when there is none. */
  spend(identityId: string): Refusal | undefined;
  occupy(identityId: string, kind: 'stream' | 'request'): Slot | Refusal;
  /** Counts a connection that showed the identity's certificate; `refusal`: one too many, or too soon. */
  connect(identityId: string): { readonly slot: Slot; readonly refusal: Refusal | undefined };
  /** Identities of which something is remembered. */
  size(): number;
  /** Of all identities together, now. */
  totals(): { readonly streams: number; readonly openRequests: number };
}

interface Use {
  requestsFullAt: number;
  handshakesFullAt: number;
  streams: number;
  openRequests: number;
  connections: number;
}

/** @param now milliseconds that only grow. */
export function createIdentityLimits(limits: Limits, now: () => number): IdentityLimits {
  const uses = createForgetfulMap<Use>({
    create: () => ({ requestsFullAt: 0, handshakesFullAt: 0, streams: 0, openRequests: 0, connections: 0 }),
    isIdle: (use) => use.streams + use.openRequests + use.connections === 0 && Math.max(use.requestsFullAt, use.handshakesFullAt) <= now(),
  });
  const totals = { streams: 0, openRequests: 0, connections: 0 };
  return {
    spend: (identityId) => {
      const use = uses.of(identityId);
      const at = now();
      const wait = waitForToken(use.requestsFullAt, at, limits.requestRate);
      if (wait > 0) return tooFast(limits.requestRate, wait);
      use.requestsFullAt = fullAfterOne(use.requestsFullAt, at, limits.requestRate);
      return undefined;
    },
    occupy: (identityId, kind) => {
      const use = uses.of(identityId);
      const counter = kind === 'stream' ? 'streams' : 'openRequests';
      if (use[counter] >= limits[counter]) return kind === 'stream' ? tooManyStreams(limits.streams) : tooManyRequests(limits.openRequests);
      return occupied([use, totals], counter);
    },
    connect: (identityId) => {
      const use = uses.of(identityId);
      const slot = occupied([use, totals], 'connections');
      // With one request each at a time (HTTP/1.1) more of them could only lie idle.
      const most = limits.streams + limits.openRequests;
      if (use.connections > most) return { slot, refusal: tooManyConnections(most) };
      const at = now();
      const wait = waitForToken(use.handshakesFullAt, at, limits.handshakeRate);
      if (wait > 0) return { slot, refusal: tooManyHandshakes(limits.handshakeRate, wait) };
      use.handshakesFullAt = fullAfterOne(use.handshakesFullAt, at, limits.handshakeRate);
      return { slot, refusal: undefined };
    },
    size: () => uses.size(),
    totals: () => totals,
  };
}

type Counts = Pick<Use, 'streams' | 'openRequests' | 'connections'>;

function occupied(counts: readonly Counts[], counter: keyof Counts): Slot {
  let isHeld = true;
  for (const each of counts) each[counter] += 1;
  return {
    release: () => {
      if (!isHeld) return;
      isHeld = false;
      for (const each of counts) each[counter] -= 1;
    },
  };
}

const raise = (setting: string): string => `or ask an admin to raise ${setting} at the connector`;

const tooFast = (rate: Rate, wait: number): Refusal =>
  refuseForNow(
    `more than ${rate.perSecond} requests a second came from you, after ${rate.burst} at once; wait a moment and try again, ${raise('limits.requestsPerSecond')}`,
    retryAfterSeconds(wait),
  );

const tooManyStreams = (most: number): Refusal =>
  refuseForNow(
    `${most} watches, logs and sessions (exec, attach, port-forward) of yours are open already; end some, ${raise('limits.streams')}`,
    1,
  );

const tooManyRequests = (most: number): Refusal =>
  refuseForNow(`${most} requests of yours are under way already; wait for some to end, ${raise('limits.openRequests')}`, 1);

const tooManyConnections = (most: number): Refusal =>
  refuseForNow(`${most} connections of yours are open already; close some, ${raise('limits.streams')}`, 1);

const tooManyHandshakes = (rate: Rate, wait: number): Refusal =>
  refuseForNow(
    `more than ${rate.perSecond} connections a second came from you; keep them open between requests, ${raise('limits.handshakesPerSecond')}`,
    retryAfterSeconds(wait),
  );
