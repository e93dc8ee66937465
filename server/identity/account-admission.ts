/** Lets a person in by what a provider says of them: finds or binds the account, brings the groups in line. Bound to a transaction. */
import { toTime } from '../../shared/clock.ts';
import { newId } from '../../shared/id.ts';
import { DomainError } from '../../shared/api/problem.ts';
import type { AuditSource } from '../../shared/api/audit.ts';
import type { AccountId } from '../../shared/api/values.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import type { Act } from '../audit/caller.ts';
import { takeGroups } from './account-groups.ts';
import { admissionOf } from './account-rules.ts';
import type { Account, AccountStore } from './account-store.ts';
import type { AccessEffects } from './access-effects.ts';
import type { GroupStore } from './group-store.ts';
import type { Identity, IdentityStore } from './identity-store.ts';
import type { DirectoryGroupStore } from './directory-group-store.ts';
import type { ToldGroups } from './provider-group-rules.ts';
import type { Provider } from './provider-store.ts';
import { named, newUser, type PasswordRecords } from './user-service.ts';

interface Stores {
  readonly identities: IdentityStore;
  readonly accounts: AccountStore;
  readonly groups: GroupStore;
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
}
interface Arrival {
  readonly provider: Provider;
  readonly claims: ProviderClaims;
  readonly source: AuditSource;
  readonly now: number;
}

/** Throws `login.*` when the person may not come in; then nothing was changed. */
export async function admit(stores: Stores, arrival: Arrival): Promise<{ readonly user: Identity; readonly account: Account }> {
  const { provider, claims, now } = arrival;
  const found = await stores.accounts.findBySubject(provider.id, claims.subject);
  const owner = found === undefined ? undefined : await stores.identities.find(found.identityId);
  const namesake = owner === undefined ? await stores.identities.findByName('user', claims.email) : undefined;
  const namesakeAccounts = namesake === undefined ? [] : await stores.accounts.ofIdentity(namesake.id);
  const namesakeProviders = namesakeAccounts.map(({ providerId }) => providerId);
  const namesakeHasPassword = namesake !== undefined && (await stores.passwords.stateOf(namesake.id)) === 'set';
  const admission = admissionOf({ owner, namesake, namesakeProviders, namesakeHasPassword }, provider);
  if ('code' in admission) throw new DomainError(admission.code, admission.sentence);

  const user = owner ?? namesake ?? newUser(claims.email, now);
  const act: Act = { by: { actor: { kind: 'user', id: user.id, name: user.name }, source: arrival.source }, now };
  if (admission.as === 'new user') {
    await stores.identities.insert(user);
    await stores.audit.record({ event: 'user.added', act, details: { user: named(user) } });
  }
  const account = found ?? (await link(stores, user, arrival, act));
  await stores.accounts.loggedIn(account.id, { email: claims.email, at: toTime(now) });
  await takeGroups(stores, { provider, account, user, told: claims.groups }, act);
  return { user, account };
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
