/** Lets a person in by what a provider says of them: finds or binds the account, brings the groups in line. Bound to a transaction. */
import { toTime } from '../../shared/clock.ts';
import { newId } from '../../shared/id.ts';
import { DomainError } from '../../shared/api/problem.ts';
import type { AuditSource } from '../../shared/api/audit.ts';
import type { AccountId } from '../../shared/api/values.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import type { Act } from '../audit/caller.ts';
import { takeGroups } from './account-groups.ts';
import { admissionOf, type Admission } from './account-rules.ts';
import type { Account, AccountStore } from './account-store.ts';
import type { AccessEffects } from './access-effects.ts';
import type { GroupStore } from './group-store.ts';
import type { Identity, IdentityStore } from './identity-store.ts';
import type { DirectoryGroupStore } from './directory-group-store.ts';
import type { ToldGroups } from './provider-group-rules.ts';
import type { Provider } from './provider-store.ts';
import type { ProvisionedGroupStore } from './provisioned-group-store.ts';
import type { ProvisionedUserStore } from './provisioned-user-store.ts';
import { meantBy } from './provisioning-rules.ts';
import { named, newUser, type PasswordRecords } from './user-service.ts';

interface Stores {
  readonly identities: IdentityStore;
  readonly accounts: AccountStore;
  readonly groups: GroupStore;
  readonly provisionedUsers: Pick<ProvisionedUserStore, 'matching' | 'find' | 'providersOf'>;
  readonly provisionedGroups: Pick<ProvisionedGroupStore, 'among'>;
  readonly directoryGroups: DirectoryGroupStore;
  readonly passwords: Pick<PasswordRecords, 'stateOf'>;
  readonly effects: Pick<AccessEffects, 'membershipChanged'>;
  readonly audit: AuditLog;
}
/** What a provider says of a person, all of it. */
export interface ProviderClaims {
  readonly subject: string;
  readonly email: string;
  readonly groups: ToldGroups;
  /** All of it, for `whoami --why`. */
  readonly shown: Readonly<Record<string, unknown>>;
}
interface Arrival {
  readonly provider: Provider;
  readonly claims: ProviderClaims;
  readonly source: AuditSource;
  readonly now: number;
}

export type JudgingStores = Pick<Stores, 'identities' | 'accounts' | 'provisionedUsers' | 'passwords'>;
export interface Judged {
  readonly admission: Admission;
  /** Theirs at this provider, if they came before. */
  readonly account: Account | undefined;
  /** Whom it would be; undefined: somebody new. */
  readonly user: Identity | undefined;
}

/** Whom a login belongs to, and whether they may come in; changes nothing. */
export async function judge(stores: JudgingStores, arrival: Pick<Arrival, 'provider' | 'claims'>): Promise<Judged> {
  const { provider, claims } = arrival;
  const found = await stores.accounts.findBySubject(provider.id, claims.subject);
  const owner = found === undefined ? undefined : await stores.identities.find(found.identityId);
  const { provisioned, isDeactivated } = await directorySays(stores, arrival, owner);
  const namesake = (owner ?? provisioned) === undefined ? await stores.identities.findByName('user', claims.email) : undefined;
  const hasAccountHere =
    provisioned !== undefined && (await stores.accounts.ofIdentity(provisioned.id)).some(({ providerId }) => providerId === provider.id);
  const admission = admissionOf(
    {
      owner,
      ...(provisioned === undefined ? {} : { provisioned: { ...provisioned, hasAccountHere } }),
      isDeactivated,
      isUnlinked: found?.state === 'unlinked',
      namesake,
      namesakeProviders: namesake === undefined ? [] : await providersOf(stores, namesake.id),
      namesakeHasPassword: namesake !== undefined && (await stores.passwords.stateOf(namesake.id)) === 'set',
    },
    provider,
  );
  return { admission, account: found, user: owner ?? provisioned ?? namesake };
}

/** Throws `login.*` when the person may not come in; then nothing was changed. */
export async function admit(stores: Stores, arrival: Arrival): Promise<{ readonly user: Identity; readonly account: Account }> {
  const { provider, claims, now } = arrival;
  const { admission, account: found, user: known } = await judge(stores, arrival);
  if ('code' in admission) throw new DomainError(admission.code, admission.sentence);

  const user = known ?? newUser(claims.email, now);
  const act: Act = { by: { actor: { kind: 'user', id: user.id, name: user.name }, source: arrival.source }, now };
  if (admission.as === 'new user') {
    await stores.identities.insert(user);
    await stores.audit.record({ event: 'user.added', act, details: { user: named(user) } });
  }
  const account = found ?? (await link(stores, user, arrival, act));
  await stores.accounts.loggedIn(account.id, { email: claims.email, claims: claims.shown, at: toTime(now) });
  await takeGroups(stores, { provider, account, user, told: claims.groups }, act);
  return { user, account };
}

/** Whom the provider's directory means by this login, and whether it wants them, or the account's owner, to stay out. */
async function directorySays(
  stores: JudgingStores,
  { provider, claims }: Pick<Arrival, 'provider' | 'claims'>,
  owner: Identity | undefined,
): Promise<{ readonly provisioned: Identity | undefined; readonly isDeactivated: boolean }> {
  const matching = await stores.provisionedUsers.matching(provider.id, claims);
  const own = owner === undefined ? undefined : await stores.provisionedUsers.find(provider.id, owner.id);
  const isDeactivated = [...matching, ...(own === undefined ? [] : [own])].some(({ active }) => !active);
  const meant = meantBy(matching, claims);
  return { provisioned: meant === undefined ? undefined : await stores.identities.find(meant.identityId), isDeactivated };
}

/** Providers that this user came by, or that speak for them. */
export async function providersOf(
  stores: { readonly accounts: Pick<AccountStore, 'ofIdentity'>; readonly provisionedUsers: Pick<ProvisionedUserStore, 'providersOf'> },
  identityId: string,
): Promise<string[]> {
  const accounts = await stores.accounts.ofIdentity(identityId);
  return [...accounts.map(({ providerId }) => providerId as string), ...(await stores.provisionedUsers.providersOf(identityId))];
}

async function link(stores: Stores, user: Identity, { provider, claims, now }: Arrival, act: Act): Promise<Account> {
  const account: Account = {
    // An id made with the prefix of accounts is one.
    id: newId('account', now) as AccountId,
    providerId: provider.id,
    subject: claims.subject,
    identityId: user.id,
    email: claims.email,
    state: 'active',
    groupsRead: null,
    claims: null,
    groupsAt: null,
    createdAt: toTime(now),
    lastLoginAt: toTime(now),
  };
  await stores.accounts.insert(account);
  await stores.audit.record({
    event: 'account.linked',
    act,
    details: { user: named(user), provider: named(provider), subject: claims.subject },
  });
  return account;
}
