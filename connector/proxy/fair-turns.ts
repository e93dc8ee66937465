/**
 * A few requests of one identity set out for the cluster in one turn of the loop; what is more waits for the turns after it, so that the
 * requests of others, read in between, need not wait for all that somebody asked at once.
 */
import { createForgetfulMap } from './forgetful-map.ts';

export interface FairTurns {
  /** Begins now or in a later turn; what was given up meanwhile is the caller's to know. */
  take(identityId: string, begin: () => void): void;
}

interface Share {
  begun: number;
  readonly waiting: (() => void)[];
}

/** About as much as one turn does for everybody else; a page of a dashboard asks for less. */
export const mostInOneTurn = 8;

/** @param later runs it once all that this turn of the loop has brought is done. */
export function createFairTurns(later: (work: () => void) => void = setImmediate): FairTurns {
  const shares = createForgetfulMap<Share>({ create: () => ({ begun: 0, waiting: [] }), isIdle: ({ waiting }) => waiting.length === 0 });
  /** Those who have had all of it. */
  const spent = new Set<Share>();
  const renew = (): void => {
    const all = [...spent];
    spent.clear();
    for (const share of all) {
      const next = share.waiting.splice(0, mostInOneTurn);
      share.begun = 0;
      for (const begin of next) set(share, begin);
    }
  };
  const set = (share: Share, begin: () => void): void => {
    share.begun += 1;
    // Counted over turns: until its share is spent nobody costs a look at each turn.
    if (share.begun === mostInOneTurn) {
      if (spent.size === 0) later(renew);
      spent.add(share);
    }
    begin();
  };
  return {
    take: (identityId, begin) => {
      const share = shares.of(identityId);
      if (share.begun < mostInOneTurn) set(share, begin);
      else share.waiting.push(begin);
    },
  };
}
