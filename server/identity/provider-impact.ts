/** Who and what an identity provider feeds: what its end would take, shown beforehand. */
import type { GroupId, IdentityId, ProviderId, UserId } from '../../shared/api/values.ts';
import { hasWayIn } from './account-rules.ts';
import type { AccountStore } from './account-store.ts';
import type { GroupStore } from './group-store.ts';
import type { IdentityStore } from './identity-store.ts';
import { existingProvider } from './provider-service.ts';
import type { ProviderStore } from './provider-store.ts';
import type { PasswordRecords } from './user-service.ts';

/** What this needs of sessions, leases and grants. */
export interface AccessReach {
  openSessions(of: { readonly providerId: string; readonly identityId?: string } | { readonly identityId: string }): Promise<string[]>;
  liveLeases(sessionIds: readonly string[]): Promise<number>;
  grantsOf(groupId: string): Promise<number>;
}
interface Stores {
  readonly providers: ProviderStore;
  readonly accounts: AccountStore;
  readonly identities: IdentityStore;
  readonly groups: GroupStore;
  readonly passwords: Pick<PasswordRecords, 'stateOf'>;
  readonly reach: AccessReach;
}
export interface Impact {
  readonly sessions: number;
  readonly leases: number;
  readonly userCount: number;
  readonly users: { readonly id: UserId; readonly email: string; readonly onlyWayIn: boolean }[];
  readonly groupCount: number;
  readonly groups: { readonly id: GroupId; readonly name: string; readonly members: number; readonly grants: number }[];
}

const shownMaximum = 1000;

export async function impactOf(stores: Stores, id: ProviderId): Promise<Impact> {
  const provider = await existingProvider(stores.providers, id);
  const users = await usersOf(stores, id);
  const sessions = new Set(await stores.reach.openSessions({ providerId: id }));
  for (const { id: userId, onlyWayIn } of users)
    if (onlyWayIn) for (const session of await stores.reach.openSessions({ identityId: userId })) sessions.add(session);
  const groups = await stores.groups.ofProvider(provider.name);
  return {
    sessions: sessions.size,
    leases: await stores.reach.liveLeases([...sessions]),
    userCount: users.length,
    users: users.slice(0, shownMaximum),
    groupCount: groups.length,
    groups: await Promise.all(
      groups.slice(0, shownMaximum).map(async (group) => ({
        id: group.id,
        name: group.name,
        members: group.memberCount,
        grants: await stores.reach.grantsOf(group.id),
      })),
    ),
  };
}

async function usersOf(stores: Stores, providerId: string): Promise<Impact['users']> {
  // Whose account was taken off loses nothing more with the provider.
  const linked = (await stores.accounts.ofProvider(providerId)).filter(({ state }) => state !== 'unlinked');
  const ids: readonly IdentityId[] = [...new Set(linked.map(({ identityId }) => identityId))];
  const emails = new Map((await stores.identities.findMany(ids)).map(({ id, name }) => [id, name]));
  return Promise.all(
    ids.map(async (id) => {
      const elsewhere = (await stores.accounts.ofIdentity(id)).filter((account) => account.providerId !== providerId);
      return {
        // Only users have accounts.
        id: id as string as UserId,
        email: emails.get(id) ?? id,
        onlyWayIn: !hasWayIn(await stores.passwords.stateOf(id), elsewhere),
      };
    }),
  );
}
