/**
 * A new password by a mailed link. Asking does the same for every email, known or not: it counts, notes that somebody asked, and answers; who gets
 * a mail is found out later and elsewhere (`password-mails.ts`). Using the link replaces the password and ends what the person had open. It opens
 * no session, and knows nothing of second factors, which stay as they are.
 */
import { fromTime, toTime, type Clock } from '../../shared/clock.ts';
import type { AuditSource } from '../../shared/api/audit.ts';
import { DomainError } from '../../shared/api/problem.ts';
import type { Change, UserId } from '../../shared/api/values.ts';
import { emailKey, isEmail } from '../../shared/resource-name.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import { anonymous, authorOf, type Act, type Caller } from '../audit/caller.ts';
import type { AccessEffects, LiveAccessKey } from '../identity/access-effects.ts';
import type { AccountStore } from '../identity/account-store.ts';
import type { Identity, IdentityStore } from '../identity/identity-store.ts';
import { named, type PasswordPreparation } from '../identity/user-service.ts';
import type { OutgoingMailStore } from '../mail/outgoing-mail-store.ts';
import type { ChangeFeed } from '../storage/change-feed.ts';
import type { Transact } from '../storage/transact.ts';
import type { LoginAttempts } from './login-attempts.ts';
import type { LoginAttemptStore } from './login-attempts-store.ts';
import { countReset } from './password-reset-limits.ts';
import { doesLinkHold } from './password-reset-rules.ts';
import { resetSubjectOf } from './password-reset-subject.ts';
import type { PasswordStore } from './password-store.ts';
import type { FoundToken, LoginTokenStore } from './token-store.ts';

interface Stores {
  readonly identities: IdentityStore;
  readonly accounts: Pick<AccountStore, 'ofIdentity'>;
  readonly passwords: PasswordStore;
  readonly loginTokens: LoginTokenStore;
  readonly loginAttempts: LoginAttemptStore;
  readonly outgoingMails: OutgoingMailStore;
  readonly effects: Pick<AccessEffects, 'revokeIdentity' | 'liveAccessKeys'>;
  readonly audit: AuditLog;
  readonly feed: ChangeFeed;
}
export interface PasswordResetServiceOptions {
  readonly read: Pick<Stores, 'identities' | 'accounts' | 'passwords' | 'loginTokens'>;
  readonly transact: Transact<Stores>;
  readonly attempts: LoginAttempts;
  readonly preparation: PasswordPreparation;
  /** False: no mail is set up here. */
  readonly isOffered: boolean;
  readonly clock: Clock;
}

export type PasswordResetService = ReturnType<typeof createPasswordResetService>;

export function createPasswordResetService({ read, transact, attempts, preparation, isOffered, clock }: PasswordResetServiceOptions) {
  const demandMail = (): void => {
    if (isOffered) return;
    throw new DomainError(
      'mail.not-set-up',
      'This server sends no mail: its settings mail.* are not given. A one-time password by an admin does instead: infra users reset-password EMAIL',
    );
  };

  const refuse = async (attempted: string, reason: string, source: AuditSource): Promise<void> =>
    transact(async ({ audit }) =>
      audit.record({
        event: 'login.refused',
        act: { by: anonymous(source), now: clock.now() },
        outcome: 'refused',
        details: { attempted, method: 'password-reset', reason },
      }),
    );

  /** A link that does not hold. No count is needed against guessing 256 bits; it keeps the audit from being filled. */
  const refuseLink = async (source: AuditSource): Promise<never> => {
    const limit = await attempts.count('link by mail', source.address, clock.now());
    if (limit === undefined || limit.isFirst) await refuse('', limit === undefined ? 'no such link' : tooManyReason, source);
    throw limit?.error ?? invalidLink();
  };

  return {
    ask: async (email: string, source: AuditSource): Promise<void> => {
      demandMail();
      // Something else typed in place of the email, a password perhaps, must stand nowhere.
      const attempted = isEmail(emailKey(email)) ? email : 'no email address';
      const limit = await transact(async ({ loginAttempts, outgoingMails, audit }) => {
        const act: Act = { by: anonymous(source), now: clock.now() };
        const full = await countReset(loginAttempts, { email: attempted, source: source.address, now: act.now });
        if (full !== undefined) return full;
        await outgoingMails.add('reset-asked', { email: attempted }, act.now);
        await audit.record({ event: 'password.reset-asked', act, details: { attempted } });
        return undefined;
      });
      if (limit === undefined) return;
      if (limit.isFirst) await refuse(attempted, tooManyReason, source);
      throw limit.error;
    },

    use: async (token: string, newPassword: string, source: AuditSource): Promise<void> => {
      const link = await read.loginTokens.peek('password-reset', token, clock.now());
      const identity = await holderOf(read, link);
      if (identity === undefined) return refuseLink(source);
      const prepared = await preparation.chosen(newPassword, identity.name);
      await transact(async (stores) => {
        const act: Act = { by: { actor: { kind: 'user', id: identity.id, name: identity.name }, source }, now: clock.now() };
        const used = await stores.loginTokens.use('password-reset', token, act.now);
        if ((await holderOf(stores, used)) === undefined) throw invalidLink();
        await stores.passwords.write(identity.id, prepared, toTime(act.now));
        await stores.effects.revokeIdentity(identity.id, 'password reset', act);
        await stores.audit.record({ event: 'password.reset', act, details: { user: named(identity) } });
        await stores.outgoingMails.add('password-replaced', { identityId: identity.id }, act.now);
      });
      // Who had forgotten it has probably tried before, and may try again now.
      await attempts.succeeded(identity.name, source.address);
    },

    /** An admin's word: whoever knew the old password is out at once, and the new one is known to nobody but its owner. */
    order: async (id: UserId, caller: Caller): Promise<{ accessKeys: LiveAccessKey[]; change: Change }> => {
      demandMail();
      const { prepared } = await preparation.oneTime(clock.now());
      return transact(async (stores) => {
        const act: Act = { by: authorOf(caller), now: clock.now() };
        const user = await stores.identities.find(id);
        if (user?.kind !== 'user') throw new DomainError('identity.not-found', 'There is no such user. See: infra users list');
        if (user.status !== 'active')
          throw new DomainError('identity.disabled', `${user.name} is disabled and gets no mail. First: infra users enable ${user.name}`);
        await stores.passwords.write(id, prepared, toTime(act.now));
        await stores.effects.revokeIdentity(id, 'password reset', act);
        await stores.outgoingMails.add('reset-ordered', { identityId: id }, act.now);
        await stores.audit.record({ event: 'user.password-reset', act, details: { user: named(user) } });
        return { accessKeys: await stores.effects.liveAccessKeys(id, act), change: stores.feed.change() };
      });
    },
  };
}

const tooManyReason = 'too many attempts; further ones are not recorded one by one';

const invalidLink = (): DomainError =>
  new DomainError(
    'token.invalid',
    'This link does not hold: it was used or has run out, a newer one was mailed, or the password was changed since. Ask for another: infra reset-password',
  );

/** Whose password the link replaces; undefined when it does not hold, or not any more. */
async function holderOf(
  stores: Pick<Stores, 'identities' | 'passwords' | 'accounts'>,
  link: FoundToken | undefined,
): Promise<Identity | undefined> {
  if (link?.subjectId == null) return undefined;
  const identity = await stores.identities.find(link.subjectId);
  return doesLinkHold(await resetSubjectOf(stores, identity), fromTime(link.createdAt)) ? identity : undefined;
}
