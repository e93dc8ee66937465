/**
 * A few pieces of work for one party in one turn of the loop; what is more waits for the turns after it, so that others, who are read in
 * between, need not wait for all that somebody asked at once.
 */
import { createForgetfulMap } from './forgetful-map.ts';

export interface FairTurns {
  /** Begins now or in a later turn; what was given up meanwhile is the caller's to know. */
  take(party: string, begin: () => void): void;
}

interface Share {
  begun: number;
  readonly waiting: (() => void)[];
}

/**
 * @param most pieces for one party in a turn
 * @param later runs it once all that this turn of the loop has brought is done
 */
export function createFairTurns(most: number, later: (work: () => void) => void = setImmediate): FairTurns {
  const shares = createForgetfulMap<Share>({ create: () => ({ begun: 0, waiting: [] }), isIdle: ({ waiting }) => waiting.length === 0 });
  /** Those who have had all of it. */
  const spent = new Set<Share>();
  const renew = (): void => {
    const all = [...spent];
    spent.clear();
    for (const share of all) {
      const next = share.waiting.splice(0, most);
      share.begun = 0;
      for (const begin of next) set(share, begin);
    }
  };
  const set = (share: Share, begin: () => void): void => {
    share.begun += 1;
    // Counted over turns: until its share is spent nobody costs a look at each turn.
    if (share.begun === most) {
      if (spent.size === 0) later(renew);
      spent.add(share);
    }
    begin();
  };
  return {
    take: (party, begin) => {
      const share = shares.of(party);
      if (share.begun < most) set(share, begin);
      else share.waiting.push(begin);
    },
  };
}
