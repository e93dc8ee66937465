/**
 * Logging in with a password or an access key. Owns the order of the steps: count the attempt, do the same work whether or not the account
 * exists, reach what the person came for. What a wrong account and a wrong password answer is the same to the byte (CWE-204).
 */
import { fromTime, toTime, type Clock } from '../../shared/clock.ts';
import type { AuditSource } from '../../shared/api/audit.ts';
import { DomainError } from '../../shared/api/problem.ts';
import { emailKey, isEmail } from '../../shared/resource-name.ts';
import type { Change } from '../../shared/api/values.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import { anonymous, authorOf, type Act, type Caller } from '../audit/caller.ts';
import { hasWayIn } from '../identity/account-rules.ts';
import type { AccountStore } from '../identity/account-store.ts';
import type { Identity, IdentityStore } from '../identity/identity-store.ts';
import type { PasswordPreparation } from '../identity/user-service.ts';
import type { ChangeFeed } from '../storage/change-feed.ts';
import type { Transact } from '../storage/transact.ts';
import type { AccessKeyStore } from './access-key-store.ts';
import type { BrowserLoginStore } from './browser-login-store.ts';
import type { LoginAttempts } from './login-attempts.ts';
import type { GoalStores, LoginGoal } from './login-goal.ts';
import { findChange, issueChangeToken, type ChangeRequired } from './password-change.ts';
import { verifyNothing, verifyPassword } from './password-hash.ts';
import { openSession, type OpenedSession, type SessionSettings } from './open-session.ts';
import type { PasskeyStore } from './passkey-store.ts';
import type { PasswordStore, StoredPassword } from './password-store.ts';
import { requireSecondFactor, type MfaRequired } from './second-factor-login.ts';
import type { SecondFactorStore } from './second-factor-store.ts';
import { hashSecret } from './secrets.ts';
import type { SessionEnd } from './session-end.ts';
import { isAccessKeyLive } from './session-rules.ts';
import type { SessionStore } from './session-store.ts';
import type { LoginTokenStore } from './token-store.ts';

interface Stores extends GoalStores {
  readonly identities: IdentityStore;
  readonly passwords: PasswordStore;
  readonly accounts: Pick<AccountStore, 'ofIdentity'>;
  readonly sessions: SessionStore;
  readonly sessionEnd: SessionEnd;
  readonly accessKeys: AccessKeyStore;
  readonly loginTokens: LoginTokenStore;
  readonly browserLogins: BrowserLoginStore;
  readonly secondFactors: Pick<SecondFactorStore, 'activeOf'>;
  readonly passkeys: Pick<PasskeyStore, 'distrustAlone'>;
  readonly audit: AuditLog;
  readonly feed: ChangeFeed;
}
export interface LoginServiceOptions {
  readonly read: Pick<Stores, 'identities' | 'passwords' | 'accounts' | 'accessKeys' | 'loginTokens' | 'secondFactors'>;
  readonly transact: Transact<Stores>;
  readonly attempts: LoginAttempts;
  readonly preparation: PasswordPreparation;
  readonly sessionSettings: SessionSettings;
  readonly clock: Clock;
}
type Method = 'password' | 'access-key' | 'password-change';

const wrongPassword = 'Email and password do not match an account that may log in.';

export type LoginService = ReturnType<typeof createLoginService>;

export function createLoginService(options: LoginServiceOptions) {
  const { read, transact, attempts, preparation, clock } = options;

  const refuse = async (attempted: string, method: Method, reason: string, source: AuditSource): Promise<void> =>
    transact(async ({ audit }) =>
      audit.record({
        event: 'login.refused',
        act: { by: anonymous(source), now: clock.now() },
        outcome: 'refused',
        details: { attempted: recordable(attempted, method), method, reason },
      }),
    );

  const counted = async (attempted: string, method: Method, source: AuditSource): Promise<void> => {
    const limit = await attempts.count(attempted, source.address, clock.now());
    if (limit === undefined) return;
    if (limit.isFirst) await refuse(attempted, method, 'too many attempts; further ones are not recorded one by one', source);
    throw limit.error;
  };

  return {
    /** Throws `login.failed` and `login.rate-limited`. */
    withPassword: async <Result>(
      { email, password }: { readonly email: string; readonly password: string },
      source: AuditSource,
      goal: LoginGoal<Result>,
    ): Promise<Result | ChangeRequired | MfaRequired> => {
      await counted(email, 'password', source);
      const identity = await read.identities.findByName('user', email);
      const stored = identity === undefined ? undefined : await read.passwords.find(identity.id);
      const matches = stored === undefined ? await verifyNothing(password) : await verifyPassword(password, stored.hash);
      const reason = whyRefused(identity, stored, matches, clock.now());
      if (identity === undefined || stored === undefined || reason !== undefined) {
        await refuse(email, 'password', reason ?? 'unknown account', source);
        throw new DomainError('login.failed', wrongPassword);
      }
      await attempts.succeeded(email, source.address);
      const { loginId } = goal;
      const now = clock.now();
      if ((await read.secondFactors.activeOf(identity.id)).length > 0) return requireSecondFactor(transact, identity, { now, loginId });
      if (stored.state === 'one-time')
        return transact(async (stores) => issueChangeToken(stores, 'password-change', identity, { now, loginId }));
      return transact(async (stores) => goal.reach(stores, { identity, source, now }, wrongPassword));
    },

    /** Throws `token.invalid` and `password.too-weak`, which leaves the token. */
    changePassword: async <Result>(
      { changeToken, newPassword }: { readonly changeToken: string; readonly newPassword: string },
      source: AuditSource,
      goal: LoginGoal<Result>,
    ): Promise<Result> => {
      const { loginId } = goal;
      const found = await findChange(read, changeToken, { now: clock.now(), loginId });
      const identity = found === undefined ? undefined : await read.identities.find(found.subjectId);
      if (found === undefined || identity?.status !== 'active') {
        await refuse('', 'password-change', 'no such token', source);
        throw new DomainError('token.invalid', 'This password change is over. Log in again with the one-time password: infra login');
      }
      const prepared = await preparation.chosen(newPassword, identity.name);
      return transact(async (stores) => {
        const act: Act = { by: { actor: { kind: 'user', id: identity.id, name: identity.name }, source }, now: clock.now() };
        const used = await stores.loginTokens.use(found.kind, changeToken, act.now, loginId);
        // A second factor that was added meanwhile is asked for first.
        const isUnproven = found.mfaAt === undefined && (await stores.secondFactors.activeOf(identity.id)).length > 0;
        if (used === undefined || isUnproven)
          throw new DomainError('token.invalid', 'This password change is over. Log in again: infra login');
        await stores.passwords.write(identity.id, prepared, toTime(act.now));
        await stores.audit.record({ event: 'password.changed', act, details: { user: { id: identity.id, name: identity.name } } });
        return goal.reach(stores, { identity, source, now: act.now, mfaAt: found.mfaAt }, wrongPassword);
      });
    },

    withAccessKey: async (secret: string, source: AuditSource): Promise<OpenedSession> => {
      const key = await read.accessKeys.findBySecret(hashSecret(secret));
      const identity = key === undefined ? undefined : await read.identities.find(key.identityId);
      if (key === undefined || identity?.status !== 'active' || !isAccessKeyLive(key, clock.now()) || !(await mayComeIn(read, identity))) {
        // Only failures count: automation behind one address may log in as often as it needs.
        await counted(key?.id ?? 'access-key', 'access-key', source);
        await refuse(key?.ownerName ?? '', 'access-key', key === undefined ? 'unknown key' : 'key or account is over', source);
        throw new DomainError('login.failed', 'This access key does not hold. Ask for a new one: infra keys add NAME');
      }
      return transact(async (stores) => {
        await stores.accessKeys.touch(key.id, toTime(clock.now()));
        const opening = { identity, method: 'access-key', source, now: clock.now(), key } as const;
        return openSession(stores, options.sessionSettings, opening, wrongPassword);
      });
    },

    /** Replaces one's own password; whoever else is logged in as this person is out. */
    changeOwnPassword: async (currentPassword: string, newPassword: string, caller: Caller): Promise<{ change: Change }> => {
      await counted(caller.identity.name, 'password-change', caller.source);
      const stored = await read.passwords.find(caller.identity.id);
      const matches = stored === undefined ? await verifyNothing(currentPassword) : await verifyPassword(currentPassword, stored.hash);
      if (!matches) throw new DomainError('login.failed', 'The current password is not right.');
      await attempts.succeeded(caller.identity.name, caller.source.address);
      const prepared = await preparation.chosen(newPassword, caller.identity.name);
      return transact(async (stores) => {
        const act: Act = { by: authorOf(caller), now: clock.now() };
        await stores.passwords.write(caller.identity.id, prepared, toTime(act.now));
        const others = (await stores.sessions.openOf({ identityId: caller.identity.id })).filter(({ id }) => id !== caller.session.id);
        await stores.sessionEnd.end(others, 'password changed', act);
        await stores.loginTokens.voidOf(caller.identity.id, act.now);
        await stores.browserLogins.voidArrivals({ identityId: caller.identity.id }, toTime(act.now));
        await stores.passkeys.distrustAlone(caller.identity.id);
        await stores.audit.record({
          event: 'password.changed',
          act,
          details: { user: { id: caller.identity.id, name: caller.identity.name } },
        });
        return { change: stores.feed.change() };
      });
    },
  };
}

/** A person whose last way in has ended is gone, and so is what they left behind. Workloads have no other way than keys. */
async function mayComeIn({ passwords, accounts }: Pick<Stores, 'passwords' | 'accounts'>, identity: Identity): Promise<boolean> {
  return identity.kind === 'workload' || hasWayIn(await passwords.stateOf(identity.id), await accounts.ofIdentity(identity.id));
}

/** A password typed in place of the email must not stand in the audit. The other methods name what we know, not what was typed. */
const recordable = (attempted: string, method: Method): string =>
  method === 'password' && !isEmail(emailKey(attempted)) ? 'no email address' : attempted;

function whyRefused(identity: Identity | undefined, stored: StoredPassword | undefined, matches: boolean, now: number): string | undefined {
  if (identity === undefined) return 'unknown account';
  if (stored === undefined) return 'account without password';
  if (!matches) return 'wrong password';
  if (identity.status !== 'active') return 'account disabled';
  return stored.expiresAt !== null && fromTime(stored.expiresAt) <= now ? 'one-time password expired' : undefined;
}
