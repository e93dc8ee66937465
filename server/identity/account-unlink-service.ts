/** Taking an account at a provider off a user, and letting it log in again. What is taken off stays known, so that it cannot come back unseen. */
import type { Clock } from '../../shared/clock.ts';
import type { CallResult } from '../../shared/api/endpoint.ts';
import { DomainError } from '../../shared/api/problem.ts';
import type { users } from '../../shared/api/users.ts';
import type { UserId } from '../../shared/api/values.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import { authorOf, type Act, type Caller } from '../audit/caller.ts';
import type { ChangeFeed } from '../storage/change-feed.ts';
import type { Transact } from '../storage/transact.ts';
import type { AccessEffects } from './access-effects.ts';
import { closeAccount, groupsHeld } from './account-end.ts';
import { hasWayIn } from './account-rules.ts';
import type { Account, AccountStore } from './account-store.ts';
import type { GroupStore } from './group-store.ts';
import { mayUnlink } from './identity-policy.ts';
import type { Identity, IdentityStore } from './identity-store.ts';
import { leave } from './provider-groups.ts';
import type { AccessReach } from './provider-impact.ts';
import type { Provider, ProviderStore } from './provider-store.ts';
import type { ProvisionedUserStore } from './provisioned-user-store.ts';
import { named, type PasswordRecords } from './user-service.ts';

interface Reading {
  readonly identities: Pick<IdentityStore, 'find'>;
  readonly providers: Pick<ProviderStore, 'findByName'>;
  readonly accounts: AccountStore;
  readonly groups: GroupStore;
  readonly provisionedUsers: Pick<ProvisionedUserStore, 'find'>;
  readonly passwords: Pick<PasswordRecords, 'stateOf'>;
}
interface Stores extends Reading {
  readonly passwords: Pick<PasswordRecords, 'stateOf' | 'remove'>;
  readonly effects: Pick<AccessEffects, 'membershipChanged' | 'revokeIdentity' | 'endAccountSessions' | 'administersAlone'>;
  readonly audit: AuditLog;
  readonly feed: ChangeFeed;
}
export interface AccountUnlinkServiceOptions {
  readonly read: Reading & { readonly reach: AccessReach };
  readonly transact: Transact<Stores>;
  readonly clock: Clock;
}

export type AccountUnlinkService = ReturnType<typeof createAccountUnlinkService>;

const shownMaximum = 1000;

export function createAccountUnlinkService({ read, transact, clock }: AccountUnlinkServiceOptions) {
  return {
    impact: async (id: UserId, providerName: string, caller: Caller): Promise<CallResult<typeof users.unlinkImpact>> => {
      mayUnlink(caller, id, clock.now());
      const { provider, account, user } = await linked(read, id, providerName);
      const onlyWayIn = await isOnlyWayIn(read, account);
      const own = await read.reach.openSessions({ providerId: provider.id, identityId: user.id });
      const sessions = onlyWayIn ? await read.reach.openSessions({ identityId: user.id }) : own;
      const held = await groupsHeld(read, { provider, user });
      return {
        sessions: sessions.length,
        leases: await read.reach.liveLeases(sessions),
        memberships: held.length,
        groups: held.slice(0, shownMaximum).map(({ name }) => name),
        onlyWayIn,
      };
    },

    unlink: async (id: UserId, providerName: string, caller: Caller): Promise<CallResult<typeof users.unlink>> => {
      const act: Act = { by: authorOf(caller), now: clock.now() };
      mayUnlink(caller, id, act.now);
      return transact(async (stores) => {
        const { provider, account, user } = await linked(stores, id, providerName);
        const onlyWayIn = await isOnlyWayIn(stores, account);
        if (onlyWayIn && (await stores.effects.administersAlone(user.id, act))) throw lastAdmin(user);
        const closed = await closeAccount(stores, { provider, account, user, reason: `account at ${provider.name} unlinked` }, act);
        // An invitation that was never used would let them in past what was taken off.
        if (onlyWayIn) await stores.passwords.remove(user.id);
        // Those of its directory too: what they give is for who is the provider's person here.
        const held = await groupsHeld(stores, { provider, user });
        for (const group of held) await leave(stores, group, user, act);
        await stores.accounts.unlink(account.id);
        const ended = { ...closed, membershipsEnded: held.length, onlyWayIn };
        await stores.audit.record({ event: 'account.unlinked', act, details: { user: named(user), provider: named(provider), ...ended } });
        return { ...ended, change: stores.feed.change() };
      });
    },

    relink: async (id: UserId, providerName: string, caller: Caller): Promise<void> =>
      transact(async (stores) => {
        const found = await accountOf(stores, id, providerName);
        if (found?.account.state !== 'unlinked') throw noAccount(`Nothing was taken off this user at ${providerName}.`);
        await stores.accounts.relink(found.account.id);
        const details = { user: named(found.user), provider: named(found.provider) };
        await stores.audit.record({ event: 'account.relinked', act: { by: authorOf(caller), now: clock.now() }, details });
      }),
  };
}

interface Found {
  readonly provider: Provider;
  readonly account: Account;
  readonly user: Identity;
}

/** One at a provider is all that a user has (ADR 21). */
async function accountOf(stores: Reading, id: UserId, providerName: string): Promise<Found | undefined> {
  const user = await stores.identities.find(id);
  const provider = await stores.providers.findByName(providerName);
  const account = (await stores.accounts.ofIdentity(id)).find(({ providerId }) => providerId === provider?.id);
  return user?.kind !== 'user' || provider === undefined || account === undefined ? undefined : { provider, account, user };
}

async function linked(stores: Reading, id: UserId, providerName: string): Promise<Found> {
  const found = await accountOf(stores, id, providerName);
  if (found !== undefined && found.account.state !== 'unlinked') return found;
  const provider = await stores.providers.findByName(providerName);
  const isGiven = provider !== undefined && (await stores.provisionedUsers.find(provider.id, id)) !== undefined;
  if (found === undefined && isGiven)
    throw new DomainError(
      'account.not-found',
      `The directory of ${providerName} gave this user, who has not logged in there yet: there is no account to take off. Have the directory remove them, or run: infra users disable EMAIL`,
    );
  throw noAccount(`This user has no account at ${providerName}.`);
}

const noAccount = (sentence: string): DomainError => new DomainError('account.not-found', `${sentence} See: infra users show EMAIL`);

async function isOnlyWayIn(
  { accounts, passwords }: Pick<Reading, 'accounts' | 'passwords'>,
  { id, identityId }: Account,
): Promise<boolean> {
  const elsewhere = (await accounts.ofIdentity(identityId)).filter((account) => account.id !== id);
  const password = await passwords.stateOf(identityId);
  // A one-time password that was never used is no way in of somebody who came by a provider.
  return !hasWayIn(password === 'set' ? 'set' : 'none', elsewhere);
}

const lastAdmin = ({ name }: Identity): DomainError =>
  new DomainError(
    'admin.last',
    `This is the only way in of ${name}, the last who can administer infra. Make another admin first: infra grants add EMAIL --role admin infra`,
  );
