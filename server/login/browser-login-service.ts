/**
 * The login by browser: from the CLI's link to the provider, back, and on to the CLI's loopback address with a code for its session; or from the UI's
 * link and back to it, with a session (ADR 52).
 *
 * Who may finish what was begun: the answer of the provider is taken from the browser that began alone (a `__Host-` cookie holds a secret of this
 * one login), once, within ten minutes, so nobody can be made to finish another's login or to be logged in as another. The code goes to
 * 127.0.0.1 on the machine of that browser alone, and only the CLI whose link it was can use it (PKCE). ADR 23 weighs the rest.
 */
import { toTime, type Clock } from '../../shared/clock.ts';
import { newId } from '../../shared/id.ts';
import type { AuditSource } from '../../shared/api/audit.ts';
import { DomainError } from '../../shared/api/problem.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import { anonymous } from '../audit/caller.ts';
import type { Provider, ProviderStore } from '../identity/provider-store.ts';
import type { Transact } from '../storage/transact.ts';
import { plainly, type LoginWish } from './authorization-request-rules.ts';
import { openArrivedSession, type ArrivedStores } from './arrived-session.ts';
import { browserLoginSeconds, type BrowserLogin, type BrowserLoginStore } from './browser-login-store.ts';
import { isChallengeOf } from './code-challenge.ts';
import type { LoginAttempts } from './login-attempts.ts';
import type { LoginOrigins } from './login-origins.ts';
import { answerTo, type LoginPurpose } from './login-purpose-rules.ts';
import type { OpenedSession, SessionSettings } from './open-session.ts';
import type { ProviderLoginTestRun } from './provider-login-test-run.ts';
import { changedMeanwhile, type ProviderLogins } from './provider-logins.ts';
import type { ArriveAtProvider } from './provider-arrival.ts';
import { newSecret } from './secrets.ts';
import type { UiSignIn } from './ui-sign-in.ts';

interface Stores extends ArrivedStores {
  readonly providers: ProviderStore;
  readonly browserLogins: BrowserLoginStore;
  readonly audit: AuditLog;
}
export interface BrowserLoginOptions {
  readonly read: Pick<Stores, 'providers' | 'browserLogins'>;
  readonly transact: Transact<Stores>;
  readonly logins: ProviderLogins;
  readonly arrive: ArriveAtProvider;
  readonly origins: Pick<LoginOrigins, 'ofSession'>;
  readonly testRun: ProviderLoginTestRun;
  readonly uiSignIn: UiSignIn;
  readonly attempts: Pick<LoginAttempts, 'count' | 'countStart'>;
  readonly sessionSettings: SessionSettings;
  readonly clock: Clock;
}
export interface BegunLogin {
  readonly redirectTo: string;
  /** For the browser; undefined: there is no login to come back to. */
  readonly kept: { readonly state: string; readonly browser: string } | undefined;
  /** For the browser too: it is signed in. */
  readonly opened?: OpenedSession;
}

const deadCode = 'This login is over: its code was used, is older than a minute, or belongs to another login. Run again: infra login';

export type BrowserLoginService = ReturnType<typeof createBrowserLoginService>;

export function createBrowserLoginService(options: BrowserLoginOptions) {
  const { read, transact, logins, arrive, testRun, uiSignIn, attempts, clock } = options;

  const refuse = async (reason: string, source: AuditSource, provider?: Provider): Promise<void> =>
    transact(async ({ audit }) =>
      audit.record({
        event: 'login.refused',
        act: { by: anonymous(source), now: clock.now() },
        outcome: 'refused',
        details: {
          attempted: '',
          method: 'provider',
          reason,
          ...(provider === undefined ? {} : { provider: { id: provider.id, name: provider.name } }),
        },
      }),
    );

  /** Where the browser takes a refusal, which is on record. */
  const refusedTo = async (purpose: LoginPurpose, provider: Provider, refusal: DomainError, source: AuditSource): Promise<string> => {
    if (purpose.kind === 'provider-test') return testRun.refuse({ testId: purpose.testId, provider, source }, refusal);
    await refuse(refusal.message, source, provider);
    return answerTo(purpose, { error: refusal.code, error_description: refusal.message });
  };

  const beginAt = async (provider: Provider, purpose: LoginPurpose, source: AuditSource, wish: LoginWish): Promise<BegunLogin> => {
    const now = clock.now();
    const id = newId('token', now);
    const begun = await logins.begin(provider, id, wish).catch((error: unknown) => refusalOf(error));
    if (begun instanceof DomainError) return nowhere(await refusedTo(purpose, provider, begun, source));
    const browser = newSecret('browser');
    const login: BrowserLogin = {
      id,
      purpose,
      provider: { id: provider.id, sealedChecks: begun.sealedChecks },
      createdAt: toTime(now),
      expiresAt: toTime(now + browserLoginSeconds * 1000),
    };
    await transact(async ({ browserLogins }) => browserLogins.insert(login, { state: begun.state, browser }));
    return { redirectTo: begun.redirectTo, kept: { state: begun.state, browser } };
  };

  return {
    providers: async (): Promise<Provider[]> => read.providers.active(),

    /** Where the person goes, and the secret that their browser keeps until they are back; to the CLI when the provider cannot be used. */
    begin: async (provider: Provider, purpose: LoginPurpose, source: AuditSource, wish: LoginWish = plainly): Promise<BegunLogin> => {
      const limit = await attempts.countStart(source.address, clock.now());
      if (limit !== undefined) throw limit;
      return beginAt(provider, purpose, source, wish);
    },

    /**
     * Back from the provider: where the browser goes next, which is the CLI's loopback address with a code or with the reason for none, or the
     * provider once more; for the UI, its page. Throws when it cannot be told whose login this is.
     */
    comeBack: async (
      providerName: string,
      returned: URLSearchParams,
      browser: string | undefined,
      source: AuditSource,
    ): Promise<BegunLogin> => {
      const now = clock.now();
      const [state, ...more] = returned.getAll('state');
      const login =
        state === undefined || more.length > 0 || browser === undefined
          ? undefined
          : await read.browserLogins.findWaiting({ state, browser }, toTime(now));
      const provider = login?.provider === undefined ? undefined : await read.providers.find(login.provider.id);
      const isOurs = login !== undefined && isAtProvider(login) && provider?.name === providerName;
      // Used up before anything is asked of anybody: whatever comes of it, it cannot be tried again.
      if (!isOurs || !(await transact(async ({ browserLogins }) => browserLogins.comeBack(login.id, toTime(now))))) throw nobodysLogin();
      const { purpose } = login;
      try {
        // A closed one may be tried, before it is opened to people.
        if (provider.status !== 'active' && purpose.kind !== 'provider-test') throw changedMeanwhile(provider);
        if (provider.updatedAt > login.createdAt) throw changedMeanwhile(provider);
        if (purpose.kind === 'provider-test')
          return nowhere(await testRun.arrive({ testId: purpose.testId, provider, source }, checksOf(login), returned));
        const arrived = await arrive({ login: { ...checksOf(login), purpose }, provider, source }, returned);
        if ('asksConsent' in arrived) return await beginAt(provider, purpose, source, { ...plainly, asksConsent: true });
        const end = nowhere(answerTo(purpose, arrived));
        return purpose.kind === 'ui' ? { ...end, opened: await uiSignIn(arrived.code, source) } : end;
      } catch (error) {
        return nowhere(await refusedTo(purpose, provider, refusalOf(error), source));
      }
    },

    /** The CLI's code for a session. A code that is shown with a wrong verifier is spent: somebody else has it. */
    exchange: async (input: { readonly code: string; readonly codeVerifier: string }, source: AuditSource): Promise<OpenedSession> => {
      const now = clock.now();
      const login = await transact(async ({ browserLogins }) => browserLogins.exchange(input.code, toTime(now)));
      const isOwn = login?.purpose.kind === 'cli' && isChallengeOf(login.purpose.challenge, input.codeVerifier);
      const opened = isOwn
        ? await transact(async (stores) => openArrivedSession(stores, options, { login, source, now, refusal: deadCode }))
        : undefined;
      if (opened !== undefined) return opened;
      const limit = await attempts.count('browser login', source.address, now);
      if (limit === undefined || limit.isFirst) await refuse(login === undefined ? 'no such code' : 'not the one who began', source);
      throw limit?.error ?? new DomainError('token.invalid', deadCode);
    },
  };
}

interface ProviderLogin extends BrowserLogin {
  readonly provider: NonNullable<BrowserLogin['provider']>;
}
const checksOf = ({ id, provider: { sealedChecks } }: ProviderLogin) => ({ id, sealedChecks });
const isAtProvider = (login: BrowserLogin): login is ProviderLogin => login.provider !== undefined;

/** There is nothing to come back to. */
const nowhere = (redirectTo: string): BegunLogin => ({ redirectTo, kept: undefined });

/** What is none of ours goes on as a fault of ours. */
function refusalOf(error: unknown): DomainError {
  if (error instanceof DomainError) return error;
  throw error;
}

const nobodysLogin = (): DomainError =>
  new DomainError(
    'login.expired',
    'This login is over, or was begun in another browser. It has to be finished within ten minutes, once, in the browser that began it.',
  );
