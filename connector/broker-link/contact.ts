/**
 * When the server was last heard. Only what proves that nothing newer is being missed counts: an answer to a fetch of the state, or a sign of
 * life on the change stream while every revision it named has been fetched.
 */
import type { DesiredStateCache } from './desired-state-cache.ts';
import type { ServerClock } from './server-clock.ts';

export interface ServerContact {
  readonly clock: ServerClock;
  heard(): void;
  /** Milliseconds on the server's clock; 0 when it never was. */
  lastHeard(): number;
  /** Writes the last contact down, as at the end of the program. */
  flush(): void;
}

/** Written at most this often: after a restart the limit is reached that much earlier, never later. */
const writeEveryMilliseconds = 10_000;

export function createServerContact(cache: DesiredStateCache, clock: ServerClock): ServerContact {
  let lastHeard = cache.loadContact()?.lastContact ?? 0;
  let lastWritten = lastHeard;
  const write = (): void => {
    lastWritten = lastHeard;
    cache.storeContact({ lastContact: lastHeard, clockOffset: clock.offset() });
  };
  return {
    clock,
    heard: () => {
      lastHeard = clock.now();
      if (lastHeard - lastWritten >= writeEveryMilliseconds || lastHeard < lastWritten) write();
    },
    lastHeard: () => lastHeard,
    flush: () => {
      if (lastHeard !== lastWritten) write();
    },
  };
}
