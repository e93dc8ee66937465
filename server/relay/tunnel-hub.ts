/** The tunnels that end at this replica: registers them, chooses one for a connection, and finds those that have died without a word. */
import type { ClientHttp2Stream } from 'node:http2';
import type { TunnelSummary } from '../../shared/api/connector-tunnel.ts';
import type { Tunnels } from '../destinations/tunnels.ts';
import type { ConnectionSource } from './proxy-protocol-rules.ts';
import { isSilent, type Tunnel } from './tunnel.ts';

export interface TunnelHub extends Tunnels {
  add(tunnel: Tunnel): void;
  remove(tunnel: Tunnel): void;
  /** A stream to a destination; why there is none. */
  openTo(destinationId: string, person: ConnectionSource): ClientHttp2Stream | 'offline' | 'full';
  totals(): { readonly tunnels: number; readonly streams: number; readonly waitingBytes: number };
  /** No new streams; resolves when the open ones have ended or the time is over, upon which they are cut. */
  drain(milliseconds: number): Promise<void>;
}

export interface TunnelHubOptions {
  /** Connections to one destination at a time. */
  readonly mostStreams: number;
}

const sweepMilliseconds = 500;
const measureMilliseconds = 30_000;
/** More of one replica are what an earlier life of it has left. */
const mostOfOneReplica = 8;
const drainStepMilliseconds = 50;

export function createTunnelHub({ mostStreams }: TunnelHubOptions): TunnelHub {
  const byDestination = new Map<string, Set<Tunnel>>();
  const all = new Set<Tunnel>();
  let isDraining = false;
  const of = (destinationId: string): readonly Tunnel[] => [...(byDestination.get(destinationId) ?? [])];
  const sweep = setInterval(() => {
    for (const tunnel of all) if (isSilent(tunnel)) tunnel.end('nothing was heard of the connector');
  }, sweepMilliseconds).unref();
  const measure = setInterval(() => all.forEach((tunnel) => tunnel.measure()), measureMilliseconds).unref();
  const streamsOf = (tunnels: Iterable<Tunnel>): number => [...tunnels].reduce((sum, tunnel) => sum + tunnel.streams(), 0);

  return {
    add: (tunnel) => {
      const { destinationId, connectorId, replica } = tunnel.owner;
      const here = byDestination.get(destinationId) ?? new Set();
      byDestination.set(destinationId, here.add(tunnel));
      all.add(tunnel);
      const same = [...here].filter(({ owner }) => owner.connectorId === connectorId && owner.replica === replica);
      same.slice(0, -mostOfOneReplica).forEach((old) => old.end('newer ones took its place'));
      if (isDraining) tunnel.drain();
    },
    remove: (tunnel) => {
      all.delete(tunnel);
      const here = byDestination.get(tunnel.owner.destinationId);
      here?.delete(tunnel);
      if (here?.size === 0) byDestination.delete(tunnel.owner.destinationId);
    },
    openTo: (destinationId, person) => {
      const tunnels = of(destinationId);
      if (streamsOf(tunnels) >= mostStreams) return 'full';
      const [best] = tunnels.filter((tunnel) => tunnel.canTake()).sort(byLoad);
      if (best === undefined) return tunnels.some((tunnel) => tunnel.streams() > 0) ? 'full' : 'offline';
      return best.open(person);
    },
    countTo: (destinationId) => of(destinationId).filter((tunnel) => tunnel.canTake()).length,
    ofConnector: (connectorId): TunnelSummary[] =>
      [...all].filter(({ owner }) => owner.connectorId === connectorId).map((tunnel) => tunnel.summary()),
    totals: () => ({
      tunnels: all.size,
      streams: streamsOf(all),
      waitingBytes: [...all].reduce((sum, tunnel) => sum + tunnel.waiting(), 0),
    }),
    drain: async (milliseconds) => {
      isDraining = true;
      all.forEach((tunnel) => tunnel.drain());
      const end = performance.now() + milliseconds;
      while (streamsOf(all) > 0 && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, drainStepMilliseconds));
      clearInterval(sweep);
      clearInterval(measure);
      all.forEach((tunnel) => tunnel.end('the server is ending'));
    },
  };
}

/** The one with the least ahead of a new stream: first bytes that wait, then streams. */
const byLoad = (left: Tunnel, right: Tunnel): number => left.waiting() - right.waiting() || left.streams() - right.streams();
