/** Who has enforced a change: what `--wait` and the UI show. */
import { fromTime, toTime, type Clock } from '../../shared/clock.ts';
import type { Acknowledgement } from '../../shared/api/changes.ts';
import { DomainError } from '../../shared/api/problem.ts';
import type { Caller } from '../audit/caller.ts';
import type { ChangeBell, ChangeFeed } from '../storage/change-feed.ts';
import type { AcknowledgementStore } from './acknowledgement-store.ts';
import type { ConnectorRecord, ConnectorStore } from './connector-store.ts';
import type { DestinationRecord, DestinationStore } from './destination-store.ts';
import type { Presence } from './presence.ts';
import { staleAt } from './staleness-rules.ts';

export interface ChangeServiceOptions {
  readonly read: {
    readonly feed: ChangeFeed;
    readonly destinations: DestinationStore;
    readonly connectors: ConnectorStore;
    readonly acknowledgements: AcknowledgementStore;
  };
  readonly bell: ChangeBell;
  readonly presence: Presence;
  readonly clock: Clock;
}
export interface ChangeReport {
  readonly revision: number;
  readonly committedAt: string;
  readonly complete: boolean;
  readonly acknowledgements: Acknowledgement[];
}

export type ChangeService = ReturnType<typeof createChangeService>;

export function createChangeService(options: ChangeServiceOptions) {
  const { read, bell, clock } = options;

  const report = async (revision: number, caller: Caller): Promise<ChangeReport> => {
    const change = await read.feed.findChange(revision);
    const mayRead = change !== undefined && (change.actorId === caller.identity.id || caller.serverRoles.has('view'));
    // A stranger's change looks like none.
    if (!mayRead) throw new DomainError('change.not-found', 'There is no such change of yours.');
    const destinations = await read.destinations.findMany(change.destinations);
    const acknowledgements = (
      await Promise.all(destinations.map((destination) => acknowledgementsOf(options, destination, { revision, at: change.at })))
    ).flat();
    return { revision, committedAt: change.at, complete: acknowledgements.every(({ state }) => state === 'enforced'), acknowledgements };
  };

  return {
    /** Held until complete, or for `waitSeconds`. */
    acknowledgements: async (revision: number, waitSeconds: number, caller: Caller): Promise<ChangeReport> => {
      const deadline = clock.now() + waitSeconds * 1000;
      let current = await report(revision, caller);
      while (!current.complete && clock.now() < deadline) {
        await nextAcknowledgement(bell, deadline - clock.now());
        current = await report(revision, caller);
      }
      return current;
    },
  };
}

/** Another replica's acknowledgement rings no bell here: look again every half second at the latest. */
async function nextAcknowledgement(bell: ChangeBell, milliseconds: number): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      stop();
      resolve();
    };
    const timer = setTimeout(done, Math.min(500, Math.max(1, milliseconds)));
    const stop = bell.listenAcknowledged(done);
  });
}

async function acknowledgementsOf(
  { read, presence, clock }: ChangeServiceOptions,
  destination: DestinationRecord,
  change: { revision: number; at: string },
): Promise<Acknowledgement[]> {
  const { epoch } = await read.feed.position();
  const known = await read.connectors.ofDestination(destination.id);
  // Whose stream is open is in contact now, whenever it last asked for something.
  const connectors = known.map((connector) =>
    presence.isOnline(connector.id) ? { ...connector, lastSeenAt: toTime(clock.now()) } : connector,
  );
  const listed = connectors.filter((connector) => !refusesAlready(connector, destination, change.at));
  const all = await Promise.all(
    listed.map(async (connector) => {
      const covering = await read.acknowledgements.covering(connector.id, epoch, change.revision);
      const enforced = covering.filter(({ kind }) => kind === 'enforced');
      const base = {
        destination: { id: destination.id, name: destination.name },
        connectorId: connector.id,
        lastSeenAt: connector.lastSeenAt,
      };
      if (enforced.length === 0)
        return [
          {
            ...base,
            replica: null,
            state: 'pending' as const,
            enforcedAt: null,
            appliedAt: null,
            tookMilliseconds: null,
            streamsClosed: 0,
            trueBy: toTime(staleAt(connector, destination.settings)),
          },
        ];
      return enforced.map((record) => ({
        ...base,
        replica: record.replica,
        state: 'enforced' as const,
        enforcedAt: record.at,
        appliedAt: covering.find((other) => other.kind === 'applied' && other.replica === record.replica)?.at ?? null,
        tookMilliseconds: fromTime(record.at) - fromTime(change.at),
        streamsClosed: record.streamsClosed,
        trueBy: null,
      }));
    }),
  );
  return all.flat();
}

/** Between two notes of `lastSeenAt` a connector may have been in contact for this long. Milliseconds. */
const seenPrecision = 60_000;

/** A connector that was past its staleness limit before the change lets nobody in: there is nothing to wait for. */
const refusesAlready = (connector: ConnectorRecord, destination: DestinationRecord, changedAt: string): boolean =>
  staleAt(connector, destination.settings) + seenPrecision < fromTime(changedAt);
