/** Why somebody is who they are: accounts, groups, grants, and what that is in each cluster; of oneself, and of others. Changes nothing. */
import { toTime, type Clock } from '../../shared/clock.ts';
import { clusterGroupOf, clusterUserOf } from '../../shared/cluster-names.ts';
import type { OwnWhy } from '../../shared/api/explanations.ts';
import { DomainError } from '../../shared/api/problem.ts';
import type { UserId, WorkloadId } from '../../shared/api/values.ts';
import type { Caller } from '../audit/caller.ts';
import type { DestinationRecord, DestinationStore } from '../destinations/destination-store.ts';
import type { AccountStore } from '../identity/account-store.ts';
import type { Group, GroupStore } from '../identity/group-store.ts';
import type { IdentityKind, IdentityStore } from '../identity/identity-store.ts';
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
  readonly identities: Pick<IdentityStore, 'find'>;
}

export type Why = ReturnType<typeof createWhy>;

export function createWhy({ read, clock }: { readonly read: Stores; readonly clock: Clock }) {
  const whyOf = async (identity: Caller['identity']): Promise<OwnWhy> => {
    const groups = await read.groups.groupsOf(identity.id);
    const held = await read.grants.ofIdentity(identity.id, toTime(clock.now()));
    const ids = [...new Set(held.map(({ destinationId }) => destinationId).filter((id) => id !== null))];
    const destinations = await read.destinations.findMany(ids);
    return {
      accounts: await accountsOf(read, identity.id, clock.now()),
      groups: groups.map(({ id, name, provider }) => ({ id, name, provider })),
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
      serverGrants: held
        .filter(({ destinationId }) => destinationId === null)
        .map(({ id, role, until, subject }) => ({ id, role, until, group: groups.find((group) => group.id === subject.id)?.name ?? null })),
    };
  };
  const whyOfOther = async (kind: IdentityKind, id: UserId | WorkloadId, { serverRoles }: Caller): Promise<OwnWhy> => {
    const identity = await read.identities.find(id);
    if (identity?.kind !== kind) throw new DomainError('identity.not-found', `There is no such ${kind}. See: infra ${kind}s list`);
    const why = await whyOf(identity);
    return serverRoles.has('admin') ? why : withoutClaims(why);
  };
  return {
    own: async ({ identity }: Caller): Promise<OwnWhy> => whyOf(identity),
    ofUser: async (id: UserId, caller: Caller): Promise<OwnWhy> => whyOfOther('user', id, caller),
    ofWorkload: async (id: WorkloadId, caller: Caller): Promise<OwnWhy> => whyOfOther('workload', id, caller),
  };
}

/** What a provider says of a person is for that person and for who administers; what is made of it says a part of it. */
const withoutClaims = (why: OwnWhy): OwnWhy => ({
  ...why,
  accounts: why.accounts.map((account) => ({ ...account, claims: null, secondFactor: null })),
});

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
