/** What connectors told of their open streams. In memory, bounded, and each connector's own alone: nothing lasts longer than its contact. */
import type { ToldStream, ToldStreams } from '../../shared/api/open-streams.ts';
import type { Clock } from '../../shared/clock.ts';
import type { ConnectorCaller } from '../http/route.ts';

export interface Told extends ToldStreams {
  readonly replica: string;
  readonly sequence: number;
}

export interface ToldStreamOf extends ToldStream {
  readonly connectorId: string;
  readonly replica: string;
}

export interface ToldAt {
  readonly isTold: boolean;
  readonly total: number;
  readonly streams: readonly ToldStreamOf[];
}

export interface ToldStreamsBook {
  /** What the same replica told later stays. */
  take(caller: Pick<ConnectorCaller, 'connectorId' | 'destination'>, told: Told): void;
  forget(connectorId: string): void;
  at(destinationId: string): ToldAt;
}

/** Names of replicas are the connector's to choose; more than this are not of one connector. */
const replicasKept = 20;
/** A replica with something open says so every 30 s; one that has died says nothing. */
const keptMilliseconds = 90_000;

interface Entry extends Told {
  readonly at: number;
}

interface OfConnector {
  readonly destinationId: string;
  readonly replicas: Map<string, Entry>;
}

export function createToldStreams(clock: Clock): ToldStreamsBook {
  const byConnector = new Map<string, OfConnector>();
  const isKept = ({ at, total }: Entry): boolean => total === 0 || clock.now() - at < keptMilliseconds;
  return {
    take: ({ connectorId, destination }, told) => {
      const own: OfConnector = byConnector.get(connectorId) ?? { destinationId: destination.id, replicas: new Map() };
      const before = own.replicas.get(told.replica);
      if (before !== undefined && before.sequence >= told.sequence) return;
      // The newest is the last of the map.
      own.replicas.delete(told.replica);
      own.replicas.set(told.replica, { ...told, at: clock.now() });
      const [oldest] = own.replicas.keys();
      if (own.replicas.size > replicasKept && oldest !== undefined) own.replicas.delete(oldest);
      byConnector.set(connectorId, own);
    },
    forget: (connectorId) => void byConnector.delete(connectorId),
    at: (destinationId) => {
      const found = [...byConnector].flatMap(([connectorId, own]) =>
        own.destinationId === destinationId ? [...own.replicas.values()].filter(isKept).map((entry) => ({ connectorId, ...entry })) : [],
      );
      return {
        isTold: found.length > 0,
        total: found.reduce((sum, { total, streams }) => sum + Math.max(total, streams.length), 0),
        streams: found.flatMap(({ connectorId, replica, streams }) => streams.map((stream) => ({ ...stream, connectorId, replica }))),
      };
    },
  };
}
