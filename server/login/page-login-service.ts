/**
 * Signing in on our own pages: email and password, then a second factor, then a password of one's own in place of a one-time one; or a passkey in
 * place of all of it (ADR 49). Each step but that is the one of the API; here it is asked for by a form, in the browser that began the login (its
 * `__Host-` cookie and the value hidden in the form, ADR 44), and what the last one gives is a code for whatever the login is for. Tokens between
 * the steps hold for this login alone.
 */
import { toTime, type Clock } from '../../shared/clock.ts';
import { newId } from '../../shared/id.ts';
import type { AuditSource } from '../../shared/api/audit.ts';
import { DomainError, type ProblemCode } from '../../shared/api/problem.ts';
import type { IdentityStore } from '../identity/identity-store.ts';
import type { Transact } from '../storage/transact.ts';
import { browserLoginSeconds, type BrowserLogin, type BrowserLoginStore } from './browser-login-store.ts';
import type { LoginAttempts } from './login-attempts.ts';
import { codeGoal, overInBrowser, type Arrived } from './login-goal.ts';
import type { ArrivingPurpose } from './login-purpose-rules.ts';
import type { LoginService } from './login-service.ts';
import { findChange, type ChangeRequired } from './password-change.ts';
import type { GivenPasskey, PasskeyLogin } from './passkey-login.ts';
import type { PasskeyAnswer, PasskeyQuestion, PasskeySignIn } from './passkey-sign-in.ts';
import type { MfaRequired, SecondFactorLogin } from './second-factor-login.ts';
import { waysOf, type SecondFactorWays } from './second-factor-rules.ts';
import type { SecondFactorStore } from './second-factor-store.ts';
import { newSecret } from './secrets.ts';
import type { LoginTokenStore } from './token-store.ts';
import type { BrowserOptions } from './webauthn.ts';

interface Stores {
  readonly browserLogins: BrowserLoginStore;
  readonly identities: Pick<IdentityStore, 'find'>;
  readonly loginTokens: Pick<LoginTokenStore, 'peek'>;
  readonly secondFactors: Pick<SecondFactorStore, 'activeOf'>;
}
export interface PageLoginOptions {
  readonly read: Stores;
  readonly transact: Transact<Pick<Stores, 'browserLogins'>>;
  readonly login: Pick<LoginService, 'withPassword' | 'changePassword'>;
  readonly secondFactorLogin: SecondFactorLogin;
  readonly passkeyLogin: PasskeyLogin;
  readonly passkeySignIn: PasskeySignIn;
  readonly attempts: Pick<LoginAttempts, 'countStart'>;
  readonly clock: Clock;
}

/** What a browser shows of a login it began: one is in the form, the other in its cookie. */
export interface BrowserSecrets {
  readonly state: string;
  readonly browser: string | undefined;
}

export interface BegunSecrets extends BrowserSecrets {
  readonly browser: string;
}
export interface BegunPage extends BegunSecrets {
  /** Undefined: nobody could answer. */
  readonly passkey: PasskeyQuestion | undefined;
}

/** What the person is asked next. `refusal`: why it is asked again. */
export type Asked =
  | {
      readonly kind: 'password';
      readonly email: string;
      /** In place of both. */
      readonly passkey: PasskeyQuestion | undefined;
      readonly refusal?: DomainError | undefined;
    }
  | {
      readonly kind: 'second-factor';
      readonly mfaToken: string;
      readonly ways: SecondFactorWays;
      /** Of somebody with a passkey: what the browser is asked for. */
      readonly passkey: BrowserOptions | undefined;
      readonly refusal?: DomainError | undefined;
    }
  | { readonly kind: 'new-password'; readonly changeToken: string; readonly email: string; readonly refusal?: DomainError | undefined };
export interface PageStep {
  readonly purpose: ArrivingPurpose;
  readonly next: Asked | { readonly kind: 'arrived'; readonly code: string };
}

export type PageLoginService = ReturnType<typeof createPageLoginService>;

export function createPageLoginService(options: PageLoginOptions) {
  const { read, login: passwords, secondFactorLogin, passkeyLogin, passkeySignIn, clock } = options;

  const find = async ({ state, browser }: BrowserSecrets): Promise<OwnLogin> => {
    const login = browser === undefined ? undefined : await read.browserLogins.findWaiting({ state, browser }, toTime(clock.now()));
    if (login === undefined || !isOwn(login)) throw new DomainError('login.expired', nobodysForm);
    return login;
  };
  const askPassword = async ({ id }: BrowserLogin, email: string, refusal: DomainError): Promise<Asked> => ({
    ...{ kind: 'password', email, refusal },
    passkey: await passkeySignIn.ask(id),
  });
  const askSecondFactor = async ({ id }: BrowserLogin, mfaToken: string, refusal?: DomainError): Promise<Asked> => {
    const token = await read.loginTokens.peek('second-factor', mfaToken, clock.now(), id);
    if (token?.subjectId == null) throw new DomainError('login.expired', overInBrowser);
    const ways = waysOf(await read.secondFactors.activeOf(token.subjectId));
    const passkey = await passkeyLogin.question(mfaToken, token.subjectId);
    return { kind: 'second-factor', mfaToken, ways, passkey, refusal };
  };
  const askNewPassword = async ({ id }: BrowserLogin, changeToken: string, refusal?: DomainError): Promise<Asked> => {
    const change = await findChange(read, changeToken, { now: clock.now(), loginId: id });
    const identity = change === undefined ? undefined : await read.identities.find(change.subjectId);
    if (identity === undefined) throw new DomainError('login.expired', overInBrowser);
    return { kind: 'new-password', changeToken, email: identity.name, refusal };
  };
  const goOn = async (login: BrowserLogin, result: Arrived | MfaRequired | ChangeRequired): Promise<PageStep['next']> => {
    switch (result.status) {
      case 'arrived':
        return { kind: 'arrived', code: result.code };
      case 'mfa-required':
        return askSecondFactor(login, result.mfaToken);
      case 'password-change-required':
        return askNewPassword(login, result.changeToken);
    }
  };
  /** One step of the login that this browser began: `again` says what is asked once more when it is refused with that code. */
  const step = async (
    secrets: BrowserSecrets,
    work: (login: OwnLogin) => Promise<Arrived | MfaRequired | ChangeRequired>,
    refused: { readonly code: ProblemCode; readonly again: (login: BrowserLogin, refusal: DomainError) => Promise<Asked> },
  ): Promise<PageStep> => {
    const login = await find(secrets);
    const { purpose } = login;
    try {
      return { purpose, next: await goOn(login, await work(login)) };
    } catch (error) {
      if (!(error instanceof DomainError) || error.code !== refused.code) throw error;
      return { purpose, next: await refused.again(login, error) };
    }
  };

  return {
    /** The two secrets of a login that begins. */
    begin: async (purpose: ArrivingPurpose, source: AuditSource): Promise<BegunPage> => beginLogin(options, purpose, source),

    /** Where a passkey is one of several ways; undefined: it is not offered, and nothing begins. */
    beginByPasskey: async (purpose: ArrivingPurpose, source: AuditSource): Promise<BegunPage | undefined> =>
      (await passkeySignIn.isOffered()) ? beginLogin(options, purpose, source) : undefined,

    password: async (secrets: BrowserSecrets, given: { readonly email: string; readonly password: string }, source: AuditSource) =>
      step(secrets, async (login) => passwords.withPassword(given, source, codeGoal(login)), {
        code: 'login.failed',
        again: async (login, refusal) => askPassword(login, given.email, refusal),
      }),

    /** Nothing before it, and nothing after. */
    passkeyAlone: async (secrets: BrowserSecrets, given: PasskeyAnswer, source: AuditSource) =>
      step(secrets, async (login) => passkeySignIn.prove(given, source, codeGoal(login)), {
        code: 'login.failed',
        again: async (login, refusal) => askPassword(login, '', refusal),
      }),

    secondFactor: async (secrets: BrowserSecrets, given: { readonly mfaToken: string; readonly code: string }, source: AuditSource) =>
      step(secrets, async (login) => secondFactorLogin(given, source, codeGoal(login)), {
        code: 'mfa.failed',
        again: async (login, refusal) => askSecondFactor(login, given.mfaToken, refusal),
      }),

    passkey: async (secrets: BrowserSecrets, given: GivenPasskey, source: AuditSource) =>
      step(secrets, async (login) => passkeyLogin.prove(given, source, codeGoal(login)), {
        code: 'mfa.failed',
        again: async (login, refusal) => askSecondFactor(login, given.mfaToken, refusal),
      }),

    newPassword: async (
      secrets: BrowserSecrets,
      given: { readonly changeToken: string; readonly newPassword: string; readonly again: string },
      source: AuditSource,
    ) =>
      step(
        secrets,
        async (login) => {
          if (given.newPassword !== given.again) throw new DomainError('password.too-weak', 'The two passwords differ.');
          return passwords.changePassword(given, source, codeGoal(login));
        },
        { code: 'password.too-weak', again: async (login, refusal) => askNewPassword(login, given.changeToken, refusal) },
      ),
  };
}

async function beginLogin(
  { transact, passkeySignIn, attempts, clock }: PageLoginOptions,
  purpose: ArrivingPurpose,
  source: AuditSource,
): Promise<BegunPage> {
  const now = clock.now();
  const limit = await attempts.countStart(source.address, now);
  if (limit !== undefined) throw limit;
  const secrets = { state: newSecret('form'), browser: newSecret('browser') };
  const login: BrowserLogin = {
    id: newId('token', now),
    purpose,
    provider: undefined,
    createdAt: toTime(now),
    expiresAt: toTime(now + browserLoginSeconds * 1000),
  };
  await transact(async ({ browserLogins }) => browserLogins.insert(login, secrets));
  return { ...secrets, passkey: await passkeySignIn.ask(login.id) };
}

/** One that our own pages ask about. */
interface OwnLogin extends BrowserLogin {
  readonly purpose: ArrivingPurpose;
}
const isOwn = (login: BrowserLogin): login is OwnLogin => login.provider === undefined && login.purpose.kind !== 'provider-test';

const nobodysForm =
  'This login is over, or was begun in another browser. It has to be finished within ten minutes, once, in the browser that began it.';
