/** The end of one way in: what came through it ends, and the person's groups there. Bound to a transaction. */
import type { Act } from '../audit/caller.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import type { AccessEffects } from './access-effects.ts';
import { hasWayIn } from './account-rules.ts';
import type { Account, AccountStore } from './account-store.ts';
import type { Group, GroupStore } from './group-store.ts';
import type { Identity } from './identity-store.ts';
import { leave } from './provider-groups.ts';
import type { Provider } from './provider-store.ts';
import type { ProvisionedGroupStore } from './provisioned-group-store.ts';
import { named, type PasswordRecords } from './user-service.ts';

interface Stores {
  readonly accounts: Pick<AccountStore, 'end' | 'ofIdentity'>;
  readonly groups: GroupStore;
  readonly provisionedGroups: Pick<ProvisionedGroupStore, 'among'>;
  readonly passwords: Pick<PasswordRecords, 'stateOf'>;
  readonly effects: Pick<AccessEffects, 'membershipChanged' | 'revokeIdentity' | 'endAccountSessions'>;
  readonly audit: AuditLog;
}
export interface EndedAccount {
  readonly provider: Provider;
  readonly account: Account;
  readonly user: Identity;
  /** In words, for the audit and for whoever asks why. */
  readonly reason: string;
}

export interface AccountClosed {
  readonly sessionsEnded: number;
  readonly leasesRevoked: number;
}

/** The account stays, so that the next login finds it: if the provider lets the person in again, so do we. */
export async function endAccount(stores: Stores, ended: EndedAccount, act: Act): Promise<void> {
  const { provider, user, reason } = ended;
  const closed = await closeAccount(stores, ended, act);
  const held = await groupsHeld(stores, ended);
  // Those stay as its directory says: no login would bring them back (ADR 26).
  const ofDirectory = await stores.provisionedGroups.among(held.map(({ id }) => id));
  const left = held.filter(({ id }) => !ofDirectory.has(id));
  for (const group of left) await leave(stores, group, user, act);
  const details = { user: named(user), provider: named(provider), reason, ...closed, membershipsEnded: left.length };
  await stores.audit.record({ event: 'account.ended', act, details });
}

/** Its sessions and leases end, and its refresh token goes. */
export async function closeAccount(
  stores: Pick<Stores, 'accounts' | 'passwords' | 'effects'>,
  { account, user, reason }: EndedAccount,
  act: Act,
): Promise<AccountClosed> {
  const own = await stores.effects.endAccountSessions(account.id, reason, act);
  await stores.accounts.end(account.id);
  // Access keys open sessions too; theirs must not outlive the person's last way in.
  const rest = hasWayIn(await stores.passwords.stateOf(user.id), await stores.accounts.ofIdentity(user.id))
    ? { sessionsEnded: 0, leasesRevoked: 0 }
    : await stores.effects.revokeIdentity(user.id, reason, act);
  return { sessionsEnded: own.sessionsEnded + rest.sessionsEnded, leasesRevoked: own.leasesRevoked + rest.leasesRevoked };
}

/** What the provider says that this person is in, by logins or by its directory. */
export const groupsHeld = async (
  { groups }: Pick<Stores, 'groups'>,
  { provider, user }: Pick<EndedAccount, 'provider' | 'user'>,
): Promise<Group[]> => (await groups.groupsOf(user.id)).filter((group) => group.provider === provider.name);
