/**
 * What is open at a destination now. A connector is believed about its own destination alone: a stream is shown only with a lease that was issued
 * for that destination, and whose it is the server says, so that nobody is led to end somebody's credential elsewhere.
 */
import { streamsNamed, type OpenStream, type OpenStreamsResult } from '../../shared/api/open-streams.ts';
import { DomainError } from '../../shared/api/problem.ts';
import { connectorId, type DestinationId } from '../../shared/api/values.ts';
import type { Clock } from '../../shared/clock.ts';
import type { ConnectorCaller } from '../http/route.ts';
import type { DestinationStore } from './destination-store.ts';
import type { Presence } from './presence.ts';
import { createToldStreams, type Told } from './told-streams.ts';

/** Who holds which of these leases; those of other destinations are left out. */
type OwnersOf = (destinationId: string, leaseIds: readonly string[]) => Promise<ReadonlyMap<string, OpenStream['identity']>>;

export interface StreamServiceOptions {
  readonly read: { readonly destinations: Pick<DestinationStore, 'findLive'> };
  readonly ownersOf: OwnersOf;
  readonly presence: Presence;
  readonly clock: Clock;
}

export type StreamService = ReturnType<typeof createStreamService>;

export function createStreamService({ read, ownersOf, presence, clock }: StreamServiceOptions) {
  const told = createToldStreams(clock);
  presence.whenGone((id) => told.forget(id));
  return {
    tell: (input: Told, caller: ConnectorCaller): void => {
      // Of one whose line is down nobody would notice the end.
      if (presence.isOnline(caller.connectorId)) told.take(caller, input);
    },

    of: async (destinationId: DestinationId): Promise<OpenStreamsResult> => {
      if ((await read.destinations.findLive(destinationId)) === undefined)
        throw new DomainError('destination.not-found', 'There is no such destination. See: infra destinations list');
      const { isTold, total, streams } = told.at(destinationId);
      const newest = streams.toSorted((one, other) => other.since.localeCompare(one.since)).slice(0, streamsNamed);
      const owners = await ownersOf(destinationId, [...new Set(newest.map(({ leaseId }) => leaseId))]);
      const shown = newest.flatMap((stream): OpenStream[] => {
        const identity = owners.get(stream.leaseId);
        return identity === undefined ? [] : [{ ...stream, connectorId: connectorId.parse(stream.connectorId), identity }];
      });
      return { told: isTold, total: total - (newest.length - shown.length), streams: shown };
    },
  };
}
