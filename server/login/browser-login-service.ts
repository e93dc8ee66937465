/**
 * The login by browser: from the CLI's link to the provider, back, and on to the CLI's loopback address with a code for its session.
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
import { admit } from '../identity/account-admission.ts';
import type { AccountStore } from '../identity/account-store.ts';
import type { AccessEffects } from '../identity/access-effects.ts';
import type { DirectoryGroupStore } from '../identity/directory-group-store.ts';
import type { GroupStore } from '../identity/group-store.ts';
import type { IdentityStore } from '../identity/identity-store.ts';
import type { Provider, ProviderStore } from '../identity/provider-store.ts';
import type { ProvisionedGroupStore } from '../identity/provisioned-group-store.ts';
import type { ProvisionedUserStore } from '../identity/provisioned-user-store.ts';
import type { Transact } from '../storage/transact.ts';
import { openArrivedSession, type ArrivedStores } from './arrived-session.ts';
import { browserLoginSeconds, type BrowserLogin, type BrowserLoginStore } from './browser-login-store.ts';
import type { LoginAttempts } from './login-attempts.ts';
import type { LoginOrigins } from './login-origins.ts';
import { answerTo, codeSecondsOf, isChallengeOf, type LoginPurpose } from './login-purpose-rules.ts';
import type { OpenedSession, SessionSettings } from './open-session.ts';
import type { ProviderLogins } from './provider-logins.ts';
import type { ProviderRefresh } from './provider-refresh.ts';
import type { RefreshTokenStore } from './refresh-token-store.ts';
import type { ProviderPeople } from './provider-people.ts';
import { newSecret } from './secrets.ts';
import { dueAfter } from './sync-rules.ts';

interface Stores extends ArrivedStores {
  readonly providers: ProviderStore;
  readonly accounts: AccountStore;
  readonly identities: IdentityStore;
  readonly groups: GroupStore;
  readonly provisionedUsers: ProvisionedUserStore;
  readonly provisionedGroups: ProvisionedGroupStore;
  readonly directoryGroups: DirectoryGroupStore;
  readonly refreshTokens: Pick<RefreshTokenStore, 'keep'>;
  readonly browserLogins: BrowserLoginStore;
  readonly effects: Pick<AccessEffects, 'membershipChanged'>;
  readonly audit: AuditLog;
}
export interface BrowserLoginOptions {
  readonly read: Pick<Stores, 'providers' | 'browserLogins'>;
  readonly transact: Transact<Stores>;
  readonly logins: ProviderLogins;
  readonly refresh: Pick<ProviderRefresh, 'seal'>;
  readonly origins: Pick<LoginOrigins, 'seal' | 'ofSession'>;
  readonly people: ProviderPeople;
  readonly attempts: Pick<LoginAttempts, 'count' | 'countStart'>;
  readonly sessionSettings: SessionSettings;
  readonly clock: Clock;
}
export interface BegunLogin {
  readonly redirectTo: string;
  /** For the browser; undefined: there is no login to come back to. */
  readonly kept: { readonly state: string; readonly browser: string } | undefined;
}

const deadCode = 'This login is over: its code was used, is older than a minute, or belongs to another login. Run again: infra login';

export type BrowserLoginService = ReturnType<typeof createBrowserLoginService>;

export function createBrowserLoginService(options: BrowserLoginOptions) {
  const { read, transact, logins, refresh, origins, people, attempts, clock } = options;

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

  /** What the provider says of the person becomes an account here, and a code for whoever the login is for. */
  const arrive = async (login: ProviderLogin, provider: Provider, returned: URLSearchParams, source: AuditSource): Promise<string> => {
    const answer = await logins.finish(provider, { id: login.id, sealedChecks: login.provider.sealedChecks }, returned);
    const claims = await people.read(provider, answer.claims);
    if ('code' in claims) throw new DomainError(claims.code, claims.sentence);
    const code = newSecret('code');
    await transact(async (stores) => {
      const now = clock.now();
      // The provider may have been closed or changed while it was being asked.
      const present = await stores.providers.find(provider.id);
      if (present?.updatedAt !== provider.updatedAt) throw changedMeanwhile(provider);
      const { account } = await admit(stores, { provider, claims, source, now });
      if (answer.refreshToken !== undefined && provider.syncMinutes !== null)
        await stores.refreshTokens.keep({
          accountId: account.id,
          providerId: provider.id,
          sealedToken: refresh.seal(account.id, answer.refreshToken),
          dueAt: toTime(dueAfter(now, provider.syncMinutes, Math.random())),
          failures: 0,
          lastFailure: null,
        });
      await stores.browserLogins.giveCode(login.id, {
        code,
        arrival: { kind: 'account', accountId: account.id, sealedOrigin: origins.seal(login.id, answer) },
        expiresAt: toTime(now + codeSecondsOf(login.purpose) * 1000),
      });
    });
    return answerTo(login.purpose, { code });
  };

  return {
    providers: async (): Promise<Provider[]> => read.providers.active(),

    /** Where the person goes, and the secret that their browser keeps until they are back; to the CLI when the provider cannot be used. */
    begin: async (provider: Provider, purpose: LoginPurpose, source: AuditSource): Promise<BegunLogin> => {
      const now = clock.now();
      const limit = await attempts.countStart(source.address, now);
      if (limit !== undefined) throw limit;
      const id = newId('token', now);
      const begun = await logins.begin(provider, id).catch((error: unknown) => refusalOf(error));
      if (begun instanceof DomainError) {
        await refuse(begun.message, source, provider);
        return { redirectTo: answerTo(purpose, { error: begun.code, error_description: begun.message }), kept: undefined };
      }
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
    },

    /**
     * Back from the provider: where the browser goes next, which is the CLI's loopback address with a code or with the reason for none.
     * Throws when it cannot be told whose login this is.
     */
    comeBack: async (
      providerName: string,
      returned: URLSearchParams,
      browser: string | undefined,
      source: AuditSource,
    ): Promise<string> => {
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
      try {
        if (provider.status !== 'active' || provider.updatedAt > login.createdAt) throw changedMeanwhile(provider);
        return await arrive(login, provider, returned, source);
      } catch (error) {
        const { code, message } = refusalOf(error);
        await refuse(message, source, provider);
        return answerTo(login.purpose, { error: code, error_description: message });
      }
    },

    /** The CLI's code for a session. A code that is shown with a wrong verifier is spent: somebody else has it. */
    exchange: async (input: { readonly code: string; readonly codeVerifier: string }, source: AuditSource): Promise<OpenedSession> => {
      const now = clock.now();
      const login = await transact(async ({ browserLogins }) => browserLogins.exchange(input.code, toTime(now)));
      const isOwn = login !== undefined && isChallengeOf(login.purpose.challenge, input.codeVerifier);
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
const isAtProvider = (login: BrowserLogin): login is ProviderLogin => login.provider !== undefined;

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
const changedMeanwhile = ({ name }: Provider): DomainError =>
  new DomainError('provider.disabled', `The identity provider ${name} was closed or changed meanwhile. Log in again.`);
