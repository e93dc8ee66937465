/**
 * The server's clock as seen from here. Expiry must hold with the server away and with a machine whose clock is wrong or is set back: the
 * time is the later of "wall clock plus learnt offset" and "last learnt time plus elapsed monotonic time", so setting the clock back revives nothing.
 */
import { systemClock, type Clock } from '../../shared/clock.ts';

export interface ServerClock extends Clock {
  /** From a `serverTime` of millisecond precision; `sentAt` is the local time the request left. */
  learn(serverTime: number, sentAt: number): void;
  /** From a `Date` header, whose second is all it has: only an offset it clearly contradicts is replaced. True when it was. */
  learnFromDateHeader(header: string | null): boolean;
  /** Milliseconds to add to the local wall clock. */
  offset(): number;
}

const headerToleranceMilliseconds = 3000;

export function createServerClock(initialOffset = 0): ServerClock {
  let offset = initialOffset;
  let anchor = systemClock.now() + offset;
  let anchoredAt = performance.now();

  const setOffset = (next: number): void => {
    offset = next;
    anchor = systemClock.now() + offset;
    anchoredAt = performance.now();
  };
  const now = (): number => Math.floor(Math.max(systemClock.now() + offset, anchor + (performance.now() - anchoredAt)));

  return {
    now,
    offset: () => offset,
    learn: (serverTime, sentAt) => {
      const received = systemClock.now();
      setOffset(serverTime - (sentAt + received) / 2);
    },
    learnFromDateHeader: (header) => {
      const seconds = header === null ? Number.NaN : Date.parse(header);
      if (!Number.isFinite(seconds) || Math.abs(seconds + 500 - now()) < headerToleranceMilliseconds) return false;
      setOffset(seconds + 500 - systemClock.now());
      return true;
    },
  };
}
