/** Who may come in at a destination, groups expanded: what connectors get to know, and nothing more. */
import { toTime } from '../../shared/clock.ts';
import type { DesiredIdentities } from '../destinations/desired-state-service.ts';
import type { GroupStore } from '../identity/group-store.ts';
import type { IdentityStore } from '../identity/identity-store.ts';
import { effectiveAccess, type Membership } from './effective-access.ts';
import type { GrantStore } from './grant-store.ts';

interface Stores {
  readonly grants: GrantStore;
  readonly groups: GroupStore;
  readonly identities: IdentityStore;
}

export function createDesiredIdentities({ grants, groups, identities }: Stores): DesiredIdentities {
  const membershipsOfGroups = async (groupIds: readonly string[]): Promise<Membership[]> => {
    const found = await groups.findMany(groupIds);
    const memberships = await Promise.all(
      found.map(async (group) =>
        (await groups.memberIds(group.id)).map((identityId) => ({ groupId: group.id, groupName: group.name, identityId })),
      ),
    );
    return memberships.flat();
  };
  const membershipsOfIdentities = async (ids: readonly string[]): Promise<Membership[]> => {
    const memberships = await Promise.all(
      ids.map(async (identityId) =>
        (await groups.groupsOf(identityId)).map((group) => ({ groupId: group.id, groupName: group.name, identityId })),
      ),
    );
    return memberships.flat();
  };
  return {
    at: async (destination, now, only) => {
      // A removed destination lets nobody in; its connector sees an empty state and cleans up.
      if (destination.removedAt !== null) return [];
      if (only === undefined) {
        const held = await grants.atDestination(destination.id, toTime(now));
        const memberships = await membershipsOfGroups([
          ...new Set(held.filter(({ subject }) => subject.kind === 'group').map(({ subject }) => subject.id)),
        ]);
        const ids = new Set([
          ...held.filter(({ subject }) => subject.kind !== 'group').map(({ subject }) => subject.id),
          ...memberships.map(({ identityId }) => identityId),
        ]);
        return effectiveAccess(held, await identities.findMany([...ids]), memberships);
      }
      const memberships = await membershipsOfIdentities(only);
      const held = await grants.ofSubjects(destination.id, [...only, ...new Set(memberships.map(({ groupId }) => groupId))], toTime(now));
      return effectiveAccess(held, await identities.findMany(only), memberships);
    },
    membersOf: async (groupIds) => [...new Set((await Promise.all(groupIds.map((id) => groups.memberIds(id)))).flat())],
  };
}
