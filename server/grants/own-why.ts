/** Why somebody is who they are: accounts, groups, grants, and what that is in each cluster. Changes nothing. */
import { toTime, type Clock } from '../../shared/clock.ts';
import { clusterGroupOf, clusterUserOf } from '../../shared/cluster-names.ts';
import type { OwnWhy } from '../../shared/api/explanations.ts';
import type { Caller } from '../audit/caller.ts';
import type { DestinationRecord, DestinationStore } from '../destinations/destination-store.ts';
import type { AccountStore } from '../identity/account-store.ts';
import type { Group, GroupStore } from '../identity/group-store.ts';
import { seenMfa } from '../identity/provider-mfa-rules.ts';
import type { ProviderStore } from '../identity/provider-store.ts';
import { resourceOf } from './grant-description.ts';
import type { GrantRecord, GrantStore } from './grant-store.ts';

interface Stores {
  readonly grants: Pick<GrantStore, 'ofIdentity'>;
  readonly groups: Pick<GroupStore, 'groupsOf'>;
  readonly destinations: Pick<DestinationStore, 'findMany'>;
  readonly accounts: Pick<AccountStore, 'ofIdentity'>;
  readonly providers: Pick<ProviderStore, 'find'>;
}

export type OwnWhyOf = ReturnType<typeof createOwnWhy>;

export function createOwnWhy({ read, clock }: { readonly read: Stores; readonly clock: Clock }) {
  return async ({ identity }: Caller): Promise<OwnWhy> => {
    const groups = await read.groups.groupsOf(identity.id);
    const held = await read.grants.ofIdentity(identity.id, toTime(clock.now()));
    const ids = [...new Set(held.map(({ destinationId }) => destinationId).filter((id) => id !== null))];
    const destinations = await read.destinations.findMany(ids);
    return {
      accounts: await accountsOf(read, identity.id, clock.now()),
      groups: groups.map(({ name, provider }) => ({ name, provider })),
      destinations: destinations
        .map((destination) => ({
          name: destination.name,
          clusterUser: clusterUserOf(identity, destination.settings.userPrefix),
          ...grantsAt(
            destination,
            held.filter(({ destinationId }) => destinationId === destination.id),
            groups,
          ),
        }))
        .sort((one, other) => one.name.localeCompare(other.name)),
    };
  };
}

async function accountsOf({ accounts, providers }: Stores, identityId: string, now: number): Promise<OwnWhy['accounts']> {
  const all = await accounts.ofIdentity(identityId);
  return Promise.all(
    all.map(async ({ providerId, subject, email, state, lastLoginAt, groupsRead, claims }) => {
      const provider = await providers.find(providerId);
      return {
        provider: provider?.name ?? providerId,
        ...{ subject, email, state, lastLoginAt, groupsRead, claims },
        secondFactor: claims === null || provider === undefined ? null : seenMfa(claims, provider, now).sentence,
      };
    }),
  );
}

function grantsAt(
  destination: DestinationRecord,
  held: readonly GrantRecord[],
  groups: readonly Group[],
): Pick<OwnWhy['destinations'][number], 'grants' | 'clusterGroups'> {
  const grants = held.map((grant) => ({
    ...{ id: grant.id, role: grant.role, resource: resourceOf(grant, destination), until: grant.until, mfaSeconds: grant.mfaSeconds },
    group: groups.find(({ id }) => id === grant.subject.id)?.name ?? null,
  }));
  const lent = held.map(({ role, namespace }, index) => clusterGroupOf({ role, namespace, group: grants[index]?.group ?? null }));
  return { grants, clusterGroups: [...new Set(lent.filter((group) => group !== undefined))].sort() };
}
