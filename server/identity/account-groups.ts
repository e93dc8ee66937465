/** What a provider says of a person's groups, taken over. Bound to a transaction. */
import { toTime } from '../../shared/clock.ts';
import { DomainError } from '../../shared/api/problem.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import type { Act } from '../audit/caller.ts';
import type { AccessEffects } from './access-effects.ts';
import type { Account, AccountStore } from './account-store.ts';
import type { DirectoryGroupStore } from './directory-group-store.ts';
import type { GroupStore } from './group-store.ts';
import type { Identity } from './identity-store.ts';
import { groupsKeptHours, mayKeepGroups, type ToldGroups } from './provider-group-rules.ts';
import { syncProviderGroups } from './provider-groups.ts';
import type { Provider } from './provider-store.ts';
import type { ProvisionedGroupStore } from './provisioned-group-store.ts';
import { named } from './user-service.ts';

interface Stores {
  readonly accounts: Pick<AccountStore, 'groupsTold'>;
  readonly groups: GroupStore;
  readonly directoryGroups: DirectoryGroupStore;
  readonly provisionedGroups: Pick<ProvisionedGroupStore, 'among'>;
  readonly effects: Pick<AccessEffects, 'membershipChanged'>;
  readonly audit: AuditLog;
}
export interface GroupsTaken {
  readonly provider: Provider;
  readonly account: Account;
  readonly user: Identity;
  readonly told: ToldGroups;
}

/**
 * While the directory gives no answer a person stays in the groups it told last, for a day. Throws `login.groups-unavailable` beyond that, and
 * where it never told any: nobody comes in with less than they should have without being told why.
 */
export async function takeGroups(stores: Stores, { provider, account, user, told }: GroupsTaken, act: Act): Promise<void> {
  if (told.told === 'no answer') {
    if (!mayKeepGroups(account.groupsAt, act.now)) throw unavailable(provider.name, told.why);
    await stores.audit.record({
      event: 'account.groups-kept',
      act,
      details: { user: named(user), provider: named(provider), reason: told.why.slice(0, 500) },
    });
    return;
  }
  const groups = told.told === 'groups' ? told.groups : [];
  await stores.accounts.groupsTold(account.id, { count: told.told === 'groups' ? groups.length : null, at: toTime(act.now) });
  await syncProviderGroups(stores, { provider, member: user, told: groups }, act);
  if (told.told === 'groups') await noteLeftOut(stores, { provider, user, leftOut: told.leftOut }, act);
}

/** Names that were left out are told where an admin looks, a few of them, with nothing that could move a terminal. */
async function noteLeftOut(
  { audit }: Pick<Stores, 'audit'>,
  { provider, user, leftOut }: Pick<GroupsTaken, 'provider' | 'user'> & { readonly leftOut: readonly string[] },
  act: Act,
): Promise<void> {
  if (leftOut.length === 0) return;
  const examples = leftOut.slice(0, 5).map((name) => name.replace(/[^\x20-\x7e]/g, '?').slice(0, 100));
  await audit.record({
    event: 'account.groups-left-out',
    act,
    details: { user: named(user), provider: named(provider), count: leftOut.length, examples },
  });
}

const unavailable = (provider: string, why: string): DomainError =>
  new DomainError(
    'login.groups-unavailable',
    `Your groups at ${provider} cannot be asked for, and none are known from the last ${groupsKeptHours} hours: ${why} Try again in a while, or ask an admin for: infra providers test ${provider}`,
  );
