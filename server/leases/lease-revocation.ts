/** Taking credentials back, bound to a transaction: state first, then the feed tells connectors. */
import { toTime } from '../../shared/clock.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import type { Act } from '../audit/caller.ts';
import type { ChangeFeed } from '../storage/change-feed.ts';
import type { LeaseStore, LiveLeaseOwner, NamedLease } from './lease-store.ts';

export interface LeaseRevocation {
  revoke(leases: readonly NamedLease[], reason: string, act: Act): Promise<number>;
  revokeOfSessions(sessionIds: readonly string[], reason: string, act: Act): Promise<number>;
  revokeOfDestination(destinationId: string, act: Act): Promise<number>;
  /** Those of these identities at a destination where they hold no live grant any more. */
  revokeUnjustified(identityIds: readonly string[], destinationId: string, act: Act): Promise<number>;
}

interface Stores {
  readonly leases: LeaseStore;
  readonly feed: ChangeFeed;
  readonly audit: AuditLog;
  /** Whether an identity holds a live grant at a destination. */
  readonly isJustified: (identityId: string, destinationId: string, at: string) => Promise<boolean>;
}

export function createLeaseRevocation({ leases, feed, audit, isJustified }: Stores): LeaseRevocation {
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
    revokeUnjustified: async (identityIds, destinationId, act) => {
      const at = toTime(act.now);
      const live = identityIds.length === 0 ? [] : await leases.liveOf({ identityIds, destinationId }, at);
      const holders = [...new Set(live.map(({ identityId }) => identityId))];
      const unjustified = new Set<string>();
      for (const holder of holders) if (!(await isJustified(holder, destinationId, at))) unjustified.add(holder);
      return revoke(
        live.filter(({ identityId }) => unjustified.has(identityId)),
        'no grant justifies it any more',
        act,
      );
    },
  };
}
