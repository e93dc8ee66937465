/**
 * Logging in with a password or an access key. Owns the order of the steps: count the attempt, do the same work whether or not the account
 * exists, open the session. What a wrong account and a wrong password answer is the same to the byte (CWE-204).
 */
import { fromTime, toTime, type Clock } from '../../shared/clock.ts';
import { newId } from '../../shared/id.ts';
import type { AuditSource } from '../../shared/api/audit.ts';
import { DomainError } from '../../shared/api/problem.ts';
import { emailKey, isEmail } from '../../shared/resource-name.ts';
import type { Session } from '../../shared/api/sessions.ts';
import type { Change, SessionId } from '../../shared/api/values.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import { anonymous, authorOf, type Act, type Caller } from '../audit/caller.ts';
import type { Identity, IdentityStore } from '../identity/identity-store.ts';
import type { PasswordPreparation } from '../identity/user-service.ts';
import type { ChangeFeed } from '../storage/change-feed.ts';
import type { Transact } from '../storage/transact.ts';
import type { AccessKeyStore, OwnedAccessKey } from './access-key-store.ts';
import type { LoginAttempts } from './login-attempts.ts';
import { verifyNothing, verifyPassword } from './password-hash.ts';
import type { PasswordStore, StoredPassword } from './password-store.ts';
import { hashSecret, newSecret } from './secrets.ts';
import type { SessionEnd } from './session-end.ts';
import { isAccessKeyLive, sessionEnd } from './session-rules.ts';
import { describeSession } from './session-service.ts';
import type { OwnedSession, SessionStore } from './session-store.ts';
import type { LoginTokenStore } from './token-store.ts';

interface Stores {
  readonly identities: IdentityStore;
  readonly passwords: PasswordStore;
  readonly sessions: SessionStore;
  readonly sessionEnd: SessionEnd;
  readonly accessKeys: AccessKeyStore;
  readonly loginTokens: LoginTokenStore;
  readonly audit: AuditLog;
  readonly feed: ChangeFeed;
}
export interface LoginServiceOptions {
  readonly read: Pick<Stores, 'identities' | 'passwords' | 'accessKeys' | 'loginTokens'>;
  readonly transact: Transact<Stores>;
  readonly attempts: LoginAttempts;
  readonly preparation: PasswordPreparation;
  readonly sessionSettings: { readonly lifetimeSeconds: number; readonly idleSeconds: number | null };
  readonly clock: Clock;
}
export interface OpenedSession {
  readonly status: 'session';
  readonly secret: string;
  readonly session: Session;
}
export type LoginResult = OpenedSession | { readonly status: 'password-change-required'; readonly changeToken: string };
type Method = 'password' | 'access-key' | 'password-change';

const changeTokenSeconds = 600;
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
    withPassword: async (email: string, password: string, source: AuditSource): Promise<LoginResult> => {
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
      if (stored.state === 'one-time') return requireChange(options, identity);
      return transact(async (stores) => openSession(stores, options, { identity, method: 'password', source }));
    },

    changePassword: async (changeToken: string, newPassword: string, source: AuditSource): Promise<OpenedSession> => {
      const found = await read.loginTokens.peek('password-change', changeToken, clock.now());
      const identity = found?.subjectId == null ? undefined : await read.identities.find(found.subjectId);
      if (identity?.status !== 'active') {
        await refuse('', 'password-change', 'no such token', source);
        throw new DomainError('token.invalid', 'This password change is over. Log in again with the one-time password: infra login');
      }
      const prepared = await preparation.chosen(newPassword, identity.name);
      return transact(async (stores) => {
        const act: Act = { by: { actor: { kind: 'user', id: identity.id, name: identity.name }, source }, now: clock.now() };
        const used = await stores.loginTokens.use('password-change', changeToken, act.now);
        if (used === undefined)
          throw new DomainError('token.invalid', 'This password change was used already. Log in with the new password: infra login');
        await stores.passwords.write(identity.id, prepared, toTime(act.now));
        await stores.audit.record({ event: 'password.changed', act, details: { user: { id: identity.id, name: identity.name } } });
        return openSession(stores, options, { identity, method: 'password', source });
      });
    },

    withAccessKey: async (secret: string, source: AuditSource): Promise<OpenedSession> => {
      const key = await read.accessKeys.findBySecret(hashSecret(secret));
      const identity = key === undefined ? undefined : await read.identities.find(key.identityId);
      if (key === undefined || identity?.status !== 'active' || !isAccessKeyLive(key, clock.now())) {
        // Only failures count: automation behind one address may log in as often as it needs.
        await counted(key?.id ?? 'access-key', 'access-key', source);
        await refuse(key?.ownerName ?? '', 'access-key', key === undefined ? 'unknown key' : 'key or account is over', source);
        throw new DomainError('login.failed', 'This access key does not hold. Ask for a new one: infra keys add NAME');
      }
      return transact(async (stores) => {
        await stores.accessKeys.touch(key.id, toTime(clock.now()));
        return openSession(stores, options, { identity, method: 'access-key', source, key });
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

/** The token opens `login.changePassword` for this account and nothing else; it is no session. */
async function requireChange({ transact, clock }: LoginServiceOptions, identity: Identity): Promise<LoginResult> {
  const changeToken = newSecret('change');
  await transact(async (stores) =>
    stores.loginTokens.insert({
      kind: 'password-change',
      secret: changeToken,
      subjectId: identity.id,
      now: clock.now(),
      lifetimeSeconds: changeTokenSeconds,
    }),
  );
  return { status: 'password-change-required', changeToken };
}

interface Opening {
  readonly identity: Identity;
  readonly method: 'password' | 'access-key';
  readonly source: AuditSource;
  readonly key?: OwnedAccessKey;
}

async function openSession(stores: Stores, { sessionSettings, clock }: LoginServiceOptions, opening: Opening): Promise<OpenedSession> {
  const { identity, method, source, key } = opening;
  const now = clock.now();
  // The account may have been disabled while the password was being checked.
  if ((await stores.identities.find(identity.id))?.status !== 'active') throw new DomainError('login.failed', wrongPassword);
  const secret = newSecret('ses');
  const session: OwnedSession = {
    // An id made with the prefix of sessions is one.
    id: newId('session', now) as SessionId,
    identityId: identity.id,
    method,
    accessKeyId: key?.id ?? null,
    createdAt: toTime(now),
    expiresAt: toTime(sessionEnd(now, sessionSettings.lifetimeSeconds, key?.expiresAt)),
    idleSeconds: sessionSettings.idleSeconds,
    lastUsedAt: toTime(now),
    endedAt: null,
    sourceAddress: source.address,
    userAgent: source.userAgent,
    owner: { kind: identity.kind, name: identity.name, status: identity.status },
  };
  await stores.sessions.insert(session, hashSecret(secret));
  await stores.identities.setLastLogin(identity.id, toTime(now));
  const act: Act = { by: { actor: { kind: identity.kind, id: identity.id, name: identity.name }, source }, now };
  await stores.audit.record({ event: 'login.succeeded', act, details: { session: session.id, method } });
  return { status: 'session', secret, session: describeSession(session) };
}
