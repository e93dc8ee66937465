/** Users as people read them: four reads, however many there are. */
import type { SecondFactorKind } from '../../shared/api/values.ts';
import type { User } from '../../shared/api/users.ts';
import type { UserId } from '../../shared/api/values.ts';
import type { AccountStore } from './account-store.ts';
import type { GroupStore } from './group-store.ts';
import type { Identity } from './identity-store.ts';

export interface DescribedPasswords {
  /** Of those that have one. */
  statesOf(identityIds: readonly string[]): Promise<ReadonlyMap<string, User['password']>>;
}
export interface DescribedFactors {
  kindsOf(identityIds: readonly string[]): Promise<readonly { readonly identityId: string; readonly kind: SecondFactorKind }[]>;
}
export interface DescriptionStores {
  readonly groups: Pick<GroupStore, 'membershipsOf'>;
  readonly accounts: Pick<AccountStore, 'shownOf'>;
  readonly passwords: DescribedPasswords;
  readonly secondFactors: DescribedFactors;
}

/** In the order given. Only users come here. */
export async function describeUsers(stores: DescriptionStores, users: readonly Identity[]): Promise<User[]> {
  const ids = users.map(({ id }) => id);
  const memberships = await stores.groups.membershipsOf(ids);
  const passwords = await stores.passwords.statesOf(ids);
  const accounts = await stores.accounts.shownOf(ids);
  const factors = await stores.secondFactors.kindsOf(ids);
  return users.map((user) => ({
    id: user.id as string as UserId,
    email: user.name,
    status: user.status,
    password: passwords.get(user.id) ?? 'none',
    secondFactors: factors.filter(({ identityId }) => identityId === user.id).map(({ kind }) => kind),
    accounts: accounts
      .filter(({ identityId }) => identityId === user.id)
      .map(({ provider, state, lastLoginAt }) => ({ provider, state, lastLoginAt })),
    createdAt: user.createdAt,
    lastLoginAt: user.lastLoginAt,
    groups: memberships.filter(({ identityId }) => identityId === user.id).map(({ id, name }) => ({ id, name })),
  }));
}

export async function describeUser(stores: DescriptionStores, user: Identity): Promise<User> {
  const [described] = await describeUsers(stores, [user]);
  if (described === undefined) throw new Error('one user makes one description');
  return described;
}
