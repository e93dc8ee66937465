/** The change stream of each connector: `{epoch, revision}` at once and after every change that concerns it, and a heartbeat in between. */
import { openEventStream, type StreamResponse } from '../http/event-stream.ts';
import type { ConnectorCaller } from '../http/route.ts';
import type { ChangeBell, ChangeFeed } from '../storage/change-feed.ts';
import type { Presence } from './presence.ts';

export interface ChangeNotices {
  open(caller: ConnectorCaller, response: StreamResponse): void;
  /** Ends all streams, so that connectors go to another replica or wait for this one. */
  closeAll(): void;
}

export interface ChangeNoticesOptions {
  readonly feed: Pick<ChangeFeed, 'position'>;
  readonly bell: ChangeBell;
  readonly presence: Presence;
  /** Notes that a connector is in contact now. */
  readonly seen: (connectorId: string) => void;
}

const seenMilliseconds = 30_000;

export function createChangeNotices({ feed, bell, presence, seen }: ChangeNoticesOptions): ChangeNotices {
  const streams = new Set<{ end(): void }>();
  return {
    open: (caller, response) => {
      const stream = openEventStream(response);
      streams.add(stream);
      const leave = presence.arrived(caller.connectorId, caller.destination.id);
      const tell = (): void => {
        feed.position().then(
          ({ epoch, revision }) => stream.send('change', { epoch, revision }),
          () => stream.end(),
        );
      };
      const stop = bell.listen(caller.destination.id, tell);
      const note = setInterval(() => seen(caller.connectorId), seenMilliseconds);
      stream.onClose(() => {
        clearInterval(note);
        stop();
        leave();
        streams.delete(stream);
        seen(caller.connectorId);
      });
      tell();
    },
    closeAll: () => streams.forEach((stream) => stream.end()),
  };
}
