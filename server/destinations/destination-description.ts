/** Destinations as people read them, with their connectors: three reads, however many there are. */
import { toTime, type Clock } from '../../shared/clock.ts';
import type { Destination } from '../../shared/api/destinations.ts';
import type { ChangeFeed } from '../storage/change-feed.ts';
import type { AcknowledgementStore, NewestRevisions } from './acknowledgement-store.ts';
import type { ConnectorRecord, ConnectorStore } from './connector-store.ts';
import type { DestinationRecord } from './destination-store.ts';
import type { Presence } from './presence.ts';
import { staleAt } from './staleness-rules.ts';
import type { Tunnels } from './tunnels.ts';

export interface DestinationDescription {
  readonly read: {
    readonly connectors: Pick<ConnectorStore, 'ofDestinations'>;
    readonly acknowledgements: Pick<AcknowledgementStore, 'newestOf'>;
    readonly feed: Pick<ChangeFeed, 'position'>;
  };
  readonly presence: Presence;
  readonly tunnels: Tunnels;
  readonly clock: Clock;
}

/** In the order given. */
export async function describeDestinations(options: DestinationDescription, records: readonly DestinationRecord[]): Promise<Destination[]> {
  const { read } = options;
  const { epoch } = await read.feed.position();
  const connectors = await read.connectors.ofDestinations(records.map(({ id }) => id));
  const newest = await read.acknowledgements.newestOf(
    connectors.map(({ id }) => id),
    epoch,
  );
  const ofDestination = Map.groupBy(connectors, ({ destinationId }) => destinationId);
  return records.map((record) => {
    const { id, name, kind, address, createdAt, settings, discovery } = record;
    const own = ofDestination.get(id) ?? [];
    return {
      ...{ id, name, kind, address, createdAt, settings, discovery },
      connectors: own.map((connector) => describeConnector(options, { connector, record, newest: newest.get(connector.id) })),
    };
  });
}

export async function describeDestination(options: DestinationDescription, record: DestinationRecord): Promise<Destination> {
  const [described] = await describeDestinations(options, [record]);
  if (described === undefined) throw new Error('one record gives one description');
  return described;
}

interface Described {
  readonly connector: ConnectorRecord;
  readonly record: DestinationRecord;
  readonly newest: NewestRevisions | undefined;
}

function describeConnector(
  { presence, tunnels, clock }: DestinationDescription,
  { connector, record, newest }: Described,
): Destination['connectors'][number] {
  const { id, version, enrolledAt, lastSeenAt } = connector;
  const online = presence.isOnline(id);
  const now = clock.now();
  // Whose stream is open is in contact now, whenever that was noted last.
  const refusesFrom = staleAt({ lastSeenAt: online ? toTime(now) : lastSeenAt, enrolledAt }, record.settings);
  return {
    ...{ id, version, enrolledAt, lastSeenAt, online },
    enforcedRevision: newest?.enforced ?? null,
    appliedRevision: newest?.applied ?? null,
    refusesFrom: toTime(refusesFrom),
    stale: now >= refusesFrom,
    tunnels: [...tunnels.ofConnector(id)],
  };
}
