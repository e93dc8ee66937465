/** From a person who has shown who they are in the browser to their session, whatever the login was for. Bound to a transaction. */
import type { AuditSource } from '../../shared/api/audit.ts';
import type { SessionClient } from '../../shared/api/sessions.ts';
import type { Act } from '../audit/caller.ts';
import type { AccountStore } from '../identity/account-store.ts';
import type { ProviderStore } from '../identity/provider-store.ts';
import { named } from '../identity/user-service.ts';
import type { Arrival, ArrivedLogin } from './browser-login-store.ts';
import { methodOf } from './login-goal.ts';
import type { LoginOrigins } from './login-origins.ts';
import { openSession, type OpenedSession, type Opening, type OpeningStores, type SessionSettings } from './open-session.ts';
import type { PasswordStore } from './password-store.ts';
import type { ProviderSessionStore } from './provider-session-store.ts';
import type { SecondFactorStore } from './second-factor-store.ts';

export interface ArrivedStores extends OpeningStores {
  readonly accounts: Pick<AccountStore, 'find'>;
  readonly providers: Pick<ProviderStore, 'find'>;
  readonly passwords: Pick<PasswordStore, 'stateOf'>;
  readonly secondFactors: Pick<SecondFactorStore, 'activeOf'>;
  readonly providerSessions: Pick<ProviderSessionStore, 'insert'>;
}
export interface ArrivedOptions {
  readonly sessionSettings: SessionSettings;
  readonly origins: Pick<LoginOrigins, 'ofSession'>;
}
export interface ArrivedOpening {
  readonly login: Pick<ArrivedLogin, 'id' | 'arrival'>;
  readonly source: AuditSource;
  readonly now: number;
  /** What is said when the person was disabled meanwhile. */
  readonly refusal: string;
  /** The login by a code that it approved. */
  readonly deviceLogin?: string;
  /** Who gets the session; undefined: a program. */
  readonly client?: SessionClient;
}

/** Undefined when the way in was closed since the person arrived. */
export async function openArrivedSession(
  stores: ArrivedStores,
  options: ArrivedOptions,
  opening: ArrivedOpening,
): Promise<OpenedSession | undefined> {
  const { arrival } = opening.login;
  return arrival.kind === 'account' ? openOfAccount(stores, options, opening, arrival) : openOfUser(stores, options, opening, arrival);
}

async function openOfAccount(
  stores: ArrivedStores,
  { sessionSettings, origins }: ArrivedOptions,
  { login, source, now, refusal, deviceLogin, client }: ArrivedOpening,
  { accountId, sealedOrigin, mfaAt }: Arrival & { readonly kind: 'account' },
): Promise<OpenedSession | undefined> {
  const account = await stores.accounts.find(accountId);
  const provider = account === undefined ? undefined : await stores.providers.find(account.providerId);
  const identity = account === undefined ? undefined : await stores.identities.find(account.identityId);
  if (account?.state !== 'active' || provider?.status !== 'active' || identity?.status !== 'active') return undefined;
  const by = { id: account.id, provider: { id: provider.id, name: provider.name } };
  const proven = provider.trustMfa ? mfaAt : undefined;
  const opening: Opening = { identity, method: 'provider', source, now, account: by, mfaAt: proven, deviceLogin, client };
  const opened = await openSession(stores, sessionSettings, opening, refusal);
  if (proven !== undefined) {
    const act: Act = { by: { actor: { kind: identity.kind, id: identity.id, name: identity.name }, source }, now };
    const details = { user: named(identity), session: opened.session.id, by: 'provider' as const };
    await stores.audit.record({ event: 'second-factor.proven', act, details });
  }
  await stores.providerSessions.insert(origins.ofSession({ id: login.id, sealedOrigin, providerId: provider.id }, opened.session.id));
  return opened;
}

/** By password or passkey: one that was replaced by an admin, or taken away, meanwhile opens nothing. */
async function openOfUser(
  stores: ArrivedStores,
  { sessionSettings }: ArrivedOptions,
  { source, now, refusal, deviceLogin, client }: ArrivedOpening,
  { userId, mfaAt, passkeyId }: Arrival & { readonly kind: 'user' },
): Promise<OpenedSession | undefined> {
  const identity = await stores.identities.find(userId);
  if (identity?.status !== 'active' || (await stores.passwords.stateOf(userId)) !== 'set') return undefined;
  const isThere = passkeyId === undefined || (await stores.secondFactors.activeOf(userId)).some(({ id }) => id === passkeyId);
  if (!isThere) return undefined;
  const opening: Opening = { identity, method: methodOf({ passkeyId }), source, now, mfaAt, passkeyId, deviceLogin, client };
  return openSession(stores, sessionSettings, opening, refusal);
}
