/**
 * Logouts that cross between here and an identity provider: the provider says that its session is over (OpenID Connect Back-Channel Logout 1.0),
 * or a person who logs out here wants to be out there as well (OpenID Connect RP-Initiated Logout 1.0).
 */
import { toTime, type Clock } from '../../shared/clock.ts';
import type { AuditSource } from '../../shared/api/audit.ts';
import { DomainError } from '../../shared/api/problem.ts';
import type { Change } from '../../shared/api/values.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import { anonymous, authorOf, system, type Caller } from '../audit/caller.ts';
import type { Provider, ProviderStore } from '../identity/provider-store.ts';
import type { ChangeFeed } from '../storage/change-feed.ts';
import type { Transact } from '../storage/transact.ts';
import type { BrowserLoginStore } from './browser-login-store.ts';
import type { LoginAttempts } from './login-attempts.ts';
import type { LoginOrigins } from './login-origins.ts';
import { isMeant, type LogoutClaims } from './logout-token-rules.ts';
import { LogoutTokenError, type LogoutTokens } from './logout-token.ts';
import { whyUnreachable } from './openid-fetch.ts';
import { logoutUrl, offersLogout } from './openid-login.ts';
import type { ProviderLogins } from './provider-logins.ts';
import type { ProviderSessionStore } from './provider-session-store.ts';
import { newSecret } from './secrets.ts';
import type { SessionEnd } from './session-end.ts';
import type { OwnedSession, SessionStore } from './session-store.ts';
import type { LoginTokenStore } from './token-store.ts';

interface Stores {
  readonly providers: Pick<ProviderStore, 'find' | 'findByName'>;
  readonly providerSessions: ProviderSessionStore;
  readonly sessions: Pick<SessionStore, 'find'>;
  readonly sessionEnd: SessionEnd;
  readonly loginTokens: LoginTokenStore;
  readonly browserLogins: Pick<BrowserLoginStore, 'arrivedFrom' | 'voidCode'>;
  readonly audit: AuditLog;
  readonly feed: ChangeFeed;
}
export interface ProviderLogoutOptions {
  readonly read: Pick<Stores, 'providers' | 'providerSessions'>;
  readonly transact: Transact<Stores>;
  readonly logins: Pick<ProviderLogins, 'client'>;
  readonly tokens: LogoutTokens;
  readonly origins: Pick<LoginOrigins, 'idTokenOf' | 'ofLogin'>;
  readonly attempts: Pick<LoginAttempts, 'count'>;
  /** Where the person's browser goes to be logged out at the provider, and where that sends it back to. */
  readonly urls: { readonly leave: (token: string) => string; readonly left: string };
  readonly clock: Clock;
}
export interface LoggedOut {
  readonly change: Change;
  /** Where the session came from; null: from no provider. */
  readonly provider: string | null;
  /** For the person's browser, once, within two minutes; null: the provider offers no logout, or cannot be reached. */
  readonly url: string | null;
}

const leaveSeconds = 120;

export type ProviderLogoutService = ReturnType<typeof createProviderLogoutService>;

export function createProviderLogoutService(options: ProviderLogoutOptions) {
  const { read, transact, logins, origins, urls, clock } = options;
  return {
    /** A provider's word that sessions of its are over. Throws `logout.refused`, or why the provider's keys cannot be had. */
    byProvider: async (name: string, token: string, source: AuditSource): Promise<void> => {
      const provider = await read.providers.findByName(name);
      if (provider?.status !== 'active') throw await refused(options, undefined, 'there is no such provider here', source);
      const claims = await verified(options, provider, token, source);
      await transact(async (stores) => endThose(stores, options, { provider, claims }));
    },

    /** Ends the caller's session here, and says where the browser may end the one at the provider. */
    atProvider: async (caller: Caller): Promise<LoggedOut> => {
      const from = await read.providerSessions.find(caller.session.id);
      const provider = from === undefined ? undefined : await read.providers.find(from.providerId);
      const isOffered = provider !== undefined && (await offersLogoutNow(logins, provider));
      return transact(async (stores) => {
        const act = { by: authorOf(caller), now: clock.now() };
        const session = await stores.sessions.find(caller.session.id);
        if (session?.endedAt === null) await stores.sessionEnd.end([session], 'logged out', act);
        const secret = newSecret('leave');
        if (isOffered)
          await stores.loginTokens.insert({
            ...{ kind: 'provider-logout', secret, subjectId: caller.session.id },
            ...{ now: act.now, lifetimeSeconds: leaveSeconds },
          });
        return { change: stores.feed.change(), provider: provider?.name ?? null, url: isOffered ? urls.leave(secret) : null };
      });
    },

    /** The browser is here with the one-time token: on to the provider. Throws `login.expired`. */
    leave: async (token: string): Promise<string> => {
      const used = await transact(async ({ loginTokens }) => loginTokens.use('provider-logout', token, clock.now()));
      const from = used?.subjectId == null ? undefined : await read.providerSessions.find(used.subjectId);
      const provider = from === undefined ? undefined : await read.providers.find(from.providerId);
      if (from === undefined || provider === undefined)
        throw new DomainError('login.expired', 'This link was used, or is older than two minutes. Here you are logged out in any case.');
      return logoutUrl(await logins.client(provider), origins.idTokenOf(from), urls.left);
    },
  };
}

/** A provider that is away changes nothing about the end of the session here. */
async function offersLogoutNow(logins: Pick<ProviderLogins, 'client'>, provider: Provider): Promise<boolean> {
  try {
    return offersLogout(await logins.client(provider));
  } catch (error) {
    if (error instanceof DomainError) return false;
    throw error;
  }
}

async function verified(options: ProviderLogoutOptions, provider: Provider, token: string, source: AuditSource): Promise<LogoutClaims> {
  try {
    return await options.tokens.verify(token, await options.logins.client(provider));
  } catch (error) {
    if (error instanceof LogoutTokenError) throw await refused(options, provider, error.message, source);
    if (error instanceof DomainError) throw error;
    const why = whyUnreachable(error) ?? 'what it answers is no key set';
    throw new DomainError('provider.unreachable', `The keys of ${provider.name} cannot be had: ${why}.`, { cause: error });
  }
}

async function endThose(
  stores: Stores,
  { origins, clock }: ProviderLogoutOptions,
  { provider, claims }: { readonly provider: Provider; readonly claims: LogoutClaims },
): Promise<void> {
  const now = clock.now();
  const open: OwnedSession[] = [];
  for (const id of await stores.providerSessions.matching({ providerId: provider.id, ...claims })) {
    const session = await stores.sessions.find(id);
    if (session?.endedAt === null) open.push(session);
  }
  if (open.length > 0) await stores.sessionEnd.end(open, `logged out at ${provider.name}`, { by: system, now });
  // Back from the provider, and not a session yet: it would begin after its end.
  for (const login of await stores.browserLogins.arrivedFrom(provider.id, toTime(now)))
    if (isMeant(claims, origins.ofLogin(login))) await stores.browserLogins.voidCode(login.id, toTime(now));
}

/** Written down, but for a flood only once. */
async function refused(
  { transact, attempts, clock }: ProviderLogoutOptions,
  provider: Provider | undefined,
  reason: string,
  source: AuditSource,
): Promise<DomainError> {
  const now = clock.now();
  const limit = await attempts.count('logout by a provider', source.address, now);
  if (limit === undefined || limit.isFirst)
    await transact(async ({ audit }) =>
      audit.record({
        event: 'provider.logout-refused',
        act: { by: anonymous(source), now },
        outcome: 'refused',
        details: { provider: provider === undefined ? null : { id: provider.id, name: provider.name }, reason: reason.slice(0, 300) },
      }),
    );
  return limit?.error ?? new DomainError('logout.refused', 'This logout token does not hold here.');
}
