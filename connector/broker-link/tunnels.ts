/** Keeps so many tunnels to the server for as long as the program runs. Each comes back by itself: they do not break together, and not all at once anew. */
import type { Logger } from '../../shared/node/logger.ts';
import { pause } from '../pause.ts';
import { createBackoff } from './backoff.ts';
import { openTunnel, type Tunnel, type TunnelOptions } from './tunnel.ts';

export interface Tunnels {
  readings(): TunnelReadings;
  /** Dials no more, and lets what is open end by itself. */
  drain(): void;
  stop(): void;
}

export interface TunnelReadings {
  readonly up: number;
  readonly streams: number;
  /** Since the start: how often one had to be dialled anew. */
  readonly reconnects: number;
  /** Of the slowest; undefined: none is up. */
  readonly roundTripMilliseconds: number | undefined;
}

export interface TunnelsOptions extends TunnelOptions {
  readonly count: number;
  /** One broke or could not be opened. */
  readonly lost: () => void;
  readonly logger: Logger;
}

/** One that ends sooner has not shown that the next will hold. Less than the silence that a dead one is found by: its successor is dialled at once. */
const heldMilliseconds = 3000;

export function startTunnels(options: TunnelsOptions): Tunnels {
  const stopping = new AbortController();
  const up = new Set<Tunnel>();
  const counts = { reconnects: 0 };
  for (let slot = 0; slot < options.count; slot += 1) void keepOne(options, { up, counts }, stopping.signal);
  return {
    readings: () => {
      const all = [...up];
      const trips = all.map((tunnel) => tunnel.roundTripMilliseconds()).filter((trip) => trip !== undefined);
      return {
        up: all.length,
        streams: all.reduce((sum, tunnel) => sum + tunnel.streams(), 0),
        reconnects: counts.reconnects,
        roundTripMilliseconds: trips.length === 0 ? undefined : Math.max(...trips),
      };
    },
    drain: () => {
      stopping.abort();
      up.forEach((tunnel) => tunnel.drain());
    },
    stop: () => {
      stopping.abort();
      up.forEach((tunnel) => tunnel.end());
    },
  };
}

interface Kept {
  readonly up: Set<Tunnel>;
  readonly counts: { reconnects: number };
}

async function keepOne(options: TunnelsOptions, { up, counts }: Kept, stopping: AbortSignal): Promise<void> {
  const { logger } = options;
  const isStopping = (): boolean => stopping.aborted;
  const backoff = createBackoff({ firstMilliseconds: 500, longestMilliseconds: 15_000 });
  while (!isStopping()) {
    try {
      const tunnel = await openTunnel(options, stopping);
      const since = performance.now();
      up.add(tunnel);
      logger.info('a tunnel to the server is up');
      const reason = await tunnel.over;
      up.delete(tunnel);
      if (performance.now() - since > heldMilliseconds) backoff.reset();
      if (!isStopping()) logger.warn({ reason }, 'a tunnel to the server is down');
    } catch (error) {
      if (!isStopping()) logger.warn({ err: error }, 'no tunnel to the server could be opened');
    }
    options.lost();
    counts.reconnects += 1;
    await pause(backoff.next(), stopping);
  }
}
