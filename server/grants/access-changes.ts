/**
 * What follows when rights change, bound to a transaction: destinations are told through the change feed, and somebody who can administer must
 * remain.
 */
import { toTime, type Clock } from '../../shared/clock.ts';
import { DomainError } from '../../shared/api/problem.ts';
import type { Act } from '../audit/caller.ts';
import type { GroupStore } from '../identity/group-store.ts';
import type { ChangeFeed, FeedEntry } from '../storage/change-feed.ts';
import type { GrantRecord, GrantStore } from './grant-store.ts';

export interface AccessChanges {
  grantsChanged(records: readonly GrantRecord[], act: Act): Promise<void>;
  identityChanged(identityId: string, act: Act): Promise<void>;
  membershipChanged(groupId: string, identityId: string, act: Act): Promise<void>;
  groupChanged(groupId: string, act: Act): Promise<void>;
  assertAdminRemains(): Promise<void>;
}

interface Stores {
  readonly grants: GrantStore;
  readonly groups: GroupStore;
  readonly feed: ChangeFeed;
}

export function createAccessChanges({ grants, groups, feed }: Stores, clock: Clock): AccessChanges {
  const atDestinations = (records: readonly GrantRecord[]): string[] => [
    ...new Set(records.map(({ destinationId }) => destinationId).filter((id) => id !== null)),
  ];

  /** Tells destinations that identities' rights there changed. */
  const tell = async (destinationIds: readonly string[], identityIds: readonly string[], act: Act): Promise<void> => {
    await feed.append(
      destinationIds.flatMap((destinationId) =>
        identityIds.map((subjectId): FeedEntry => ({ destinationId, kind: 'identity', subjectId })),
      ),
      act,
    );
  };

  return {
    grantsChanged: async (records, act) => {
      const members = new Map<string, readonly string[]>();
      const entries: FeedEntry[] = [];
      for (const { destinationId, subject } of records) {
        if (destinationId === null) continue;
        const holders = members.get(subject.id) ?? (subject.kind === 'group' ? await groups.memberIds(subject.id) : [subject.id]);
        members.set(subject.id, holders);
        for (const subjectId of holders) entries.push({ destinationId, kind: 'identity', subjectId });
      }
      await feed.append(entries, act);
    },
    identityChanged: async (identityId, act) => {
      await tell(atDestinations(await grants.ofIdentity(identityId, toTime(clock.now()))), [identityId], act);
    },
    membershipChanged: async (groupId, identityId, act) => {
      await tell(atDestinations(await grants.ofSubject(groupId)), [identityId], act);
    },
    groupChanged: async (groupId, act) => {
      const destinationIds = atDestinations(await grants.ofSubject(groupId));
      await feed.append(
        destinationIds.map((destinationId): FeedEntry => ({ destinationId, kind: 'group', subjectId: groupId })),
        act,
      );
    },
    assertAdminRemains: async () => {
      if (await grants.hasLastingAdmin()) return;
      throw new DomainError(
        'admin.last',
        'This would leave nobody who can administer infra. Make another admin first: infra grants add EMAIL --role admin infra',
      );
    },
  };
}
