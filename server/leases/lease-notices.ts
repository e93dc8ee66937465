/** Telling connectors of leases whose session has changed in what they follow, bound to a transaction. */
import { toTime } from '../../shared/clock.ts';
import type { Act } from '../audit/caller.ts';
import type { ChangeFeed } from '../storage/change-feed.ts';
import type { LeaseStore } from './lease-store.ts';

export interface LeaseNotices {
  sessionsChanged(sessionIds: readonly string[], act: Act): Promise<void>;
}

export const createLeaseNotices = ({ leases, feed }: { readonly leases: LeaseStore; readonly feed: ChangeFeed }): LeaseNotices => ({
  sessionsChanged: async (sessionIds, act) => {
    if (sessionIds.length === 0) return;
    const live = await leases.liveOf({ sessionIds }, toTime(act.now));
    await feed.append(
      live.map(({ id, destinationId }) => ({ destinationId, kind: 'lease', subjectId: id })),
      act,
    );
  },
});
