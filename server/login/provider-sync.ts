/**
 * Asks providers anew about people with open sessions, by the refresh tokens of their logins: who is gone there is out here, and groups follow.
 * Only the provider's word does that. That it cannot be asked, or answers what does not hold, changes nothing but when it is asked again.
 */
import { toTime, type Clock } from '../../shared/clock.ts';
import type { Logger } from '../../shared/node/logger.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import { system, type Act } from '../audit/caller.ts';
import type { AccessEffects } from '../identity/access-effects.ts';
import { endAccount } from '../identity/account-end.ts';
import { takeGroups } from '../identity/account-groups.ts';
import type { ProviderClaims } from '../identity/account-admission.ts';
import type { Account, AccountStore } from '../identity/account-store.ts';
import type { DirectoryGroupStore } from '../identity/directory-group-store.ts';
import type { GroupStore } from '../identity/group-store.ts';
import type { Identity, IdentityStore } from '../identity/identity-store.ts';
import type { SyncControl, SyncState } from '../identity/provider-service.ts';
import type { Provider, ProviderStore } from '../identity/provider-store.ts';
import type { ProvisionedGroupStore } from '../identity/provisioned-group-store.ts';
import type { Job } from '../jobs/scheduler.ts';
import type { Transact } from '../storage/transact.ts';
import type { PasswordStore } from './password-store.ts';
import type { ProviderPeople } from './provider-people.ts';
import type { ProviderRefresh, Refreshed } from './provider-refresh.ts';
import type { RefreshToken, RefreshTokenStore } from './refresh-token-store.ts';
import { whySessionEnded } from './session-rules.ts';
import type { SessionStore } from './session-store.ts';
import { dueAfter, dueAfterFailure } from './sync-rules.ts';

interface Stores {
  readonly providers: ProviderStore;
  readonly accounts: AccountStore;
  readonly identities: IdentityStore;
  readonly groups: GroupStore;
  readonly directoryGroups: DirectoryGroupStore;
  readonly provisionedGroups: Pick<ProvisionedGroupStore, 'among'>;
  readonly passwords: Pick<PasswordStore, 'stateOf'>;
  readonly sessions: SessionStore;
  readonly refreshTokens: RefreshTokenStore;
  readonly effects: Pick<AccessEffects, 'membershipChanged' | 'revokeIdentity' | 'endAccountSessions'>;
  readonly audit: AuditLog;
}
export interface ProviderSyncOptions {
  readonly read: Pick<Stores, 'providers' | 'accounts' | 'sessions' | 'refreshTokens'>;
  readonly transact: Transact<Stores>;
  readonly refresh: ProviderRefresh;
  readonly people: ProviderPeople;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface ProviderSync extends SyncControl {
  readonly job: Job;
}

const atOnce = 4;
const inOneRun = 500;
/** Nobody else asks meanwhile; longer than the answers of provider and directory may take together. */
const claimedMilliseconds = 180_000;

export function createProviderSync(options: ProviderSyncOptions): ProviderSync {
  const { read, clock, logger } = options;
  const run = async (): Promise<void> => {
    const due = await read.refreshTokens.due(toTime(clock.now()), inOneRun);
    // One question tells that a provider is away; to wait for each of them would keep the others' people waiting, too.
    const away = new Set<string>();
    const next = async (): Promise<void> => {
      for (let token = due.shift(); token !== undefined; token = due.shift()) {
        if (away.has(token.providerId)) continue;
        if (await ask(options, token)) away.add(token.providerId);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, next));
  };
  return {
    job: { name: 'provider-sync', everySeconds: 15, run },
    begin: () => void run().catch((error: unknown) => logger.error({ err: error }, 'identity providers could not be asked anew')),
    stateOf: async (providerId) => stateOf(read, providerId, clock.now()),
  };
}

async function stateOf(read: ProviderSyncOptions['read'], providerId: string, now: number): Promise<SyncState> {
  const tokens = await read.refreshTokens.ofProvider(providerId);
  const sessions = await read.sessions.openOf({ providerId });
  const inUse = new Set(sessions.filter((session) => whySessionEnded(session, now) === undefined).map(({ accountId }) => accountId));
  const askable = tokens.filter(({ accountId }) => inUse.has(accountId));
  const failing = askable.filter(({ failures }) => failures > 0);
  return {
    accounts: askable.length,
    failing: failing.length,
    lastFailure: failing.at(-1)?.lastFailure ?? null,
    nextAt: askable.map(({ dueAt }) => dueAt).sort()[0] ?? null,
    withoutToken: inUse.size - askable.length,
  };
}

/** True: its provider cannot be asked about anybody. */
async function ask(options: ProviderSyncOptions, token: RefreshToken): Promise<boolean> {
  const { read, transact, refresh, clock } = options;
  const provider = await read.providers.find(token.providerId);
  const account = await read.accounts.find(token.accountId);
  const now = clock.now();
  if (!(await transact(async ({ refreshTokens }) => refreshTokens.claim(token, toTime(now), toTime(now + claimedMilliseconds)))))
    return false;
  const sessions = await read.sessions.openOf({ accountId: token.accountId });
  const isInUse = sessions.some((session) => whySessionEnded(session, now) === undefined);
  if (provider?.status === 'active' && account?.state === 'active' && !isInUse && keepsUnused(provider)) {
    await transact(async ({ refreshTokens }) => restUnused(refreshTokens, token, dueAfter(now, provider.syncMinutes, Math.random())));
    return false;
  }
  if (provider?.status !== 'active' || provider.syncMinutes === null || account?.state !== 'active' || !isInUse) {
    await transact(async ({ refreshTokens }) => refreshTokens.remove(token.accountId));
    if (provider !== undefined) await refresh.forget(provider, token);
    return false;
  }
  const answer = await meaningOf(options, provider, await refresh.ask(provider, token, account.subject));
  await transact(async (stores) => learn(stores, options, { token, provider, account, answer }));
  if (answer.kind !== 'failed' || !answer.isAway) return false;
  await transact(async ({ refreshTokens }) => refreshTokens.postpone(provider.id, toTime(now), toTime(dueAfterFailure(now, 1))));
  return true;
}

/** Google gives another one with consent alone: without this one people would be asked for it at every login. */
const keepsUnused = (provider: Provider): provider is Provider & { readonly syncMinutes: number } =>
  provider.kind === 'google' && provider.syncMinutes !== null;

/** Unless a login has put another in its place meanwhile. */
async function restUnused(refreshTokens: RefreshTokenStore, token: RefreshToken, until: number): Promise<void> {
  const present = await refreshTokens.find(token.accountId);
  if (present?.sealedToken === token.sealedToken) await refreshTokens.keep({ ...present, dueAt: toTime(until) });
}

interface Answered {
  readonly token: RefreshToken;
  readonly provider: Provider;
  readonly account: Account;
  readonly answer: Meaning;
}
/** What an answer is to us. */
type Meaning = Pick<Refreshed, 'refreshToken'> &
  (
    | { readonly kind: 'failed'; readonly why: string; readonly isAway: boolean }
    | { readonly kind: 'over'; readonly why: string }
    | { readonly kind: 'there'; readonly person: ProviderClaims | undefined }
  );

async function learn(
  stores: Stores,
  { refresh, clock }: ProviderSyncOptions,
  { token, provider, account, answer }: Answered,
): Promise<void> {
  const act: Act = { by: system, now: clock.now() };
  const present = await stores.providers.find(provider.id);
  const user = await stores.identities.find(account.identityId);
  // A login, or an end, that came in between knows more than this answer.
  const isStill = (await stores.refreshTokens.find(token.accountId))?.sealedToken === token.sealedToken;
  if (!isStill || user === undefined || present === undefined) return;
  const { refreshToken: newest } = answer;
  const sealedToken = newest === undefined ? token.sealedToken : refresh.seal(token.accountId, newest);
  const keep = async (change: Partial<RefreshToken>): Promise<void> => stores.refreshTokens.keep({ ...token, sealedToken, ...change });
  // Settings were changed meanwhile: asked again by the new ones.
  if (present.updatedAt !== provider.updatedAt) {
    await keep({ dueAt: toTime(act.now) });
    return;
  }
  if (answer.kind === 'failed') {
    const failures = token.failures + 1;
    await keep({ failures, lastFailure: answer.why, dueAt: toTime(dueAfterFailure(act.now, failures)) });
    return;
  }
  if (answer.kind === 'over') {
    await endAccount(stores, { provider, account, user, reason: answer.why }, act);
    return;
  }
  if (answer.person !== undefined) await take(stores, { provider, account, user }, answer.person, act);
  await keep({ failures: 0, lastFailure: null, dueAt: toTime(dueAfter(act.now, provider.syncMinutes ?? 0, Math.random())) });
}

/** What a login would refuse ends one; that a directory gives no answer is none. */
async function meaningOf({ people }: ProviderSyncOptions, provider: Provider, answer: Refreshed): Promise<Meaning> {
  if (answer.kind === 'failed') return answer;
  const { refreshToken } = answer;
  if (answer.kind === 'over') return { kind: 'over', why: `${provider.name} says that this login is over`, refreshToken };
  // Without an ID token it says only that the person is there.
  const person = answer.claims === undefined ? undefined : await people.read(provider, answer.claims);
  if (person !== undefined && 'code' in person) return { kind: 'over', why: person.sentence, refreshToken };
  return { kind: 'there', person, refreshToken };
}

/** Groups that the directory does not tell now stay as they are; the next question may be answered. */
async function take(stores: Stores, { provider, account, user }: Person, said: ProviderClaims, act: Act): Promise<void> {
  await stores.accounts.seen(account.id, { email: said.email, claims: said.shown });
  if (said.groups.told !== 'no answer') await takeGroups(stores, { provider, account, user, told: said.groups }, act);
}

interface Person {
  readonly provider: Provider;
  readonly account: Account;
  readonly user: Identity;
}
