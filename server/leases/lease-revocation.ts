/**
 * Taking credentials back, bound to a transaction: state first, then the feed tells connectors. A grant that goes takes no lease with it: the
 * connector asks for a live grant on every request, and a grant that comes back must not find a dead credential (ADR 7).
 */
import { toTime } from '../../shared/clock.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import type { Act } from '../audit/caller.ts';
import type { ChangeFeed } from '../storage/change-feed.ts';
import type { LeaseStore, LiveLeaseOwner, NamedLease } from './lease-store.ts';

export interface LeaseRevocation {
  revoke(leases: readonly NamedLease[], reason: string, act: Act): Promise<number>;
  revokeOfSessions(sessionIds: readonly string[], reason: string, act: Act): Promise<number>;
  revokeOfDestination(destinationId: string, act: Act): Promise<number>;
}

interface Stores {
  readonly leases: LeaseStore;
  readonly feed: ChangeFeed;
  readonly audit: AuditLog;
}

export function createLeaseRevocation({ leases, feed, audit }: Stores): LeaseRevocation {
  const revoke: LeaseRevocation['revoke'] = async (revoked, reason, act) => {
    await leases.revoke(
      revoked.map(({ id }) => id),
      toTime(act.now),
      reason,
    );
    await feed.append(
      revoked.map(({ id, destinationId }) => ({ destinationId, kind: 'lease', subjectId: id })),
      act,
    );
    for (const lease of revoked) {
      const details = { lease: lease.id, owner: { id: lease.identityId, name: lease.identityName }, reason };
      await audit.record({ event: 'lease.revoked', act, destination: { id: lease.destinationId, name: lease.destinationName }, details });
    }
    return revoked.length;
  };
  const revokeOf = async (owner: LiveLeaseOwner, reason: string, act: Act): Promise<number> =>
    revoke(await leases.liveOf(owner, toTime(act.now)), reason, act);

  return {
    revoke,
    revokeOfSessions: async (sessionIds, reason, act) => (sessionIds.length === 0 ? 0 : revokeOf({ sessionIds }, reason, act)),
    revokeOfDestination: async (destinationId, act) => revokeOf({ destinationId }, 'destination removed', act),
  };
}
