/** Users: add, disable, enable, remove, revoke. Everything that takes access away takes sessions and leases with it in the same transaction. */
import { newId } from '../../shared/id.ts';
import { toTime, type Clock } from '../../shared/clock.ts';
import type { Page } from '../../shared/api/pagination.ts';
import { DomainError } from '../../shared/api/problem.ts';
import type { User } from '../../shared/api/users.ts';
import type { Change, IdentityId, UserId } from '../../shared/api/values.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import { authorOf, type Act, type Caller } from '../audit/caller.ts';
import type { ChangeFeed } from '../storage/change-feed.ts';
import type { Transact } from '../storage/transact.ts';
import type { AccessEffects, LiveAccessKey } from './access-effects.ts';
import type { AccountStore } from './account-store.ts';
import type { GroupStore } from './group-store.ts';
import type { Identity, IdentityFilter, IdentityStore } from './identity-store.ts';
import { mayRevokeUser } from './identity-policy.ts';
import { describeUser, describeUsers, type DescribedFactors, type DescribedPasswords } from './user-description.ts';

export interface PreparedPassword {
  readonly hash: string;
  readonly state: 'set' | 'one-time';
  readonly expiresAt: string | null;
}

/** What users need of passwords: prepared outside the transaction, for hashing takes long; stored inside. */
export interface PasswordPreparation {
  /** Checks strength and hashes; throws `password.too-weak`. */
  chosen(password: string, email: string): Promise<PreparedPassword>;
  oneTime(now: number): Promise<{ readonly password: string; readonly prepared: PreparedPassword }>;
}
export interface PasswordRecords extends DescribedPasswords {
  stateOf(identityId: string): Promise<User['password']>;
  write(identityId: string, password: PreparedPassword, changedAt: string): Promise<void>;
  remove(identityId: string): Promise<void>;
}

interface Stores {
  readonly identities: IdentityStore;
  readonly groups: GroupStore;
  readonly accounts: Pick<AccountStore, 'removeOfIdentity' | 'shownOf'>;
  readonly passwords: PasswordRecords;
  readonly secondFactors: DescribedFactors;
  readonly effects: AccessEffects;
  readonly audit: AuditLog;
  readonly feed: ChangeFeed;
}

export interface UserServiceOptions {
  readonly read: Pick<Stores, 'identities' | 'groups' | 'accounts' | 'passwords' | 'secondFactors'>;
  readonly transact: Transact<Stores>;
  readonly passwords: PasswordPreparation;
  readonly clock: Clock;
}

export type UserService = ReturnType<typeof createUserService>;

export function createUserService({ read, transact, passwords, clock }: UserServiceOptions) {
  const actOf = (caller: Caller): Act => ({ by: authorOf(caller), now: clock.now() });

  const change = async <Result>(
    id: UserId,
    caller: Caller,
    work: (stores: Stores, user: Identity, act: Act) => Promise<Result>,
  ): Promise<Result> => transact(async (stores) => work(stores, await existing(stores.identities, id), actOf(caller)));

  return {
    list: async (filter: Omit<IdentityFilter, 'kind' | 'name'> & { readonly email?: string | undefined }): Promise<Page<User>> => {
      const page = await read.identities.list({ ...filter, kind: 'user', name: filter.email });
      return { items: await describeUsers(read, page.items), nextCursor: page.nextCursor };
    },

    get: async (id: UserId): Promise<User> => describeUser(read, await existing(read.identities, id)),

    create: async (
      input: { readonly email: string; readonly password?: string | undefined },
      caller: Caller,
    ): Promise<{ user: User; oneTimePassword: string | null }> => {
      const { password: oneTimePassword, prepared } =
        input.password === undefined
          ? await passwords.oneTime(clock.now())
          : { password: null, prepared: await passwords.chosen(input.password, input.email) };
      const user = await transact(async (stores) => {
        const act = actOf(caller);
        const identity = newUser(input.email, act.now);
        await stores.identities.insert(identity);
        await stores.passwords.write(identity.id, prepared, toTime(act.now));
        await stores.audit.record({ event: 'user.added', act, details: { user: named(identity) } });
        return describeUser(stores, identity);
      });
      return { user, oneTimePassword };
    },

    disable: async (id: UserId, caller: Caller): Promise<{ user: User; change: Change }> =>
      change(id, caller, async (stores, user, act) => {
        await stores.identities.setStatus(id, 'disabled');
        await stores.effects.revokeIdentity(id, 'user disabled', act);
        await stores.effects.identityChanged(id, act);
        await stores.effects.assertAdminRemains();
        await stores.audit.record({ event: 'user.disabled', act, details: { user: named(user) } });
        return { user: await describeUser(stores, { ...user, status: 'disabled' }), change: stores.feed.change() };
      }),

    enable: async (id: UserId, caller: Caller): Promise<{ user: User; change: Change }> =>
      change(id, caller, async (stores, user, act) => {
        await stores.identities.setStatus(id, 'active');
        await stores.effects.identityChanged(id, act);
        await stores.audit.record({ event: 'user.enabled', act, details: { user: named(user) } });
        return { user: await describeUser(stores, { ...user, status: 'active' }), change: stores.feed.change() };
      }),

    remove: async (id: UserId, caller: Caller): Promise<{ change: Change }> =>
      change(id, caller, async (stores, user, act) => {
        await stores.passwords.remove(id);
        await removeIdentity(stores, user, act);
        await stores.effects.assertAdminRemains();
        await stores.audit.record({ event: 'user.removed', act, details: { user: named(user) } });
        return { change: stores.feed.change() };
      }),

    resetPassword: async (
      id: UserId,
      caller: Caller,
    ): Promise<{ oneTimePassword: string; accessKeys: LiveAccessKey[]; change: Change }> => {
      const { password: oneTimePassword, prepared } = await passwords.oneTime(clock.now());
      return change(id, caller, async (stores, user, act) => {
        await stores.passwords.write(id, prepared, toTime(act.now));
        await stores.effects.revokeIdentity(id, 'password reset', act);
        await stores.audit.record({ event: 'user.password-reset', act, details: { user: named(user) } });
        return { oneTimePassword, accessKeys: await stores.effects.liveAccessKeys(id, act), change: stores.feed.change() };
      });
    },

    revoke: async (id: UserId, caller: Caller): Promise<{ sessionsEnded: number; leasesRevoked: number; change: Change }> => {
      mayRevokeUser(caller, id);
      return change(id, caller, async (stores, user, act) => {
        const ended = await stores.effects.revokeIdentity(id, 'revoked', act);
        await stores.audit.record({ event: 'user.revoked', act, details: { user: named(user), ...ended } });
        return { ...ended, change: stores.feed.change() };
      });
    },
  };
}

/** What goes with any identity that is removed, before its own row does. */
export async function removeIdentity(
  stores: Pick<Stores, 'identities' | 'groups' | 'effects'> & { readonly accounts: Pick<AccountStore, 'removeOfIdentity'> },
  identity: Identity,
  act: Act,
): Promise<void> {
  await stores.effects.revokeIdentity(identity.id, `${identity.kind} removed`, act);
  await stores.effects.identityChanged(identity.id, act);
  await stores.effects.endGrantsOf({ kind: identity.kind, id: identity.id }, act);
  await stores.effects.removeAccessKeys(identity.id, act);
  await stores.effects.removeTrustRules(identity.id, act);
  await stores.groups.removeFromAll(identity.id);
  await stores.accounts.removeOfIdentity(identity.id);
  await stores.identities.remove(identity.id);
}

export const named = (thing: { readonly id: string; readonly name: string }): { id: string; name: string } => ({
  id: thing.id,
  name: thing.name,
});

/** A user's row before it is stored; also for the first admin. */
export const newUser = (email: string, now: number): Identity => ({
  // An id made with the prefix of users is one.
  id: newId('user', now) as IdentityId,
  kind: 'user',
  name: email,
  status: 'active',
  createdAt: toTime(now),
  lastLoginAt: null,
});

async function existing(identities: IdentityStore, id: UserId): Promise<Identity> {
  const identity = await identities.find(id);
  if (identity?.kind === 'user') return identity;
  throw new DomainError('identity.not-found', 'There is no such user. See: infra users list');
}
