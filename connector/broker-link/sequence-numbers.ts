/** Growing numbers for writes, over restarts too: they start from the server's time, which only grows. */
import type { Clock } from '../../shared/clock.ts';

export interface SequenceNumbers {
  next(): number;
}

export function createSequenceNumbers(clock: Clock): SequenceNumbers {
  let last = 0;
  return { next: () => (last = Math.max(last + 1, clock.now())) };
}
