/** From a person's return to a code: what the provider says of them becomes an account here, with its groups and its refresh token. */
import { toTime, type Clock } from '../../shared/clock.ts';
import type { AuditSource } from '../../shared/api/audit.ts';
import { DomainError } from '../../shared/api/problem.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import type { AccessEffects } from '../identity/access-effects.ts';
import { admit, type JudgingStores } from '../identity/account-admission.ts';
import { subjectIn } from '../identity/account-rules.ts';
import type { AccountStore } from '../identity/account-store.ts';
import type { DirectoryGroupStore } from '../identity/directory-group-store.ts';
import type { GroupStore } from '../identity/group-store.ts';
import { provenAtProvider } from '../identity/provider-mfa-rules.ts';
import type { Provider, ProviderStore } from '../identity/provider-store.ts';
import type { ProvisionedGroupStore } from '../identity/provisioned-group-store.ts';
import type { Transact } from '../storage/transact.ts';
import { needsConsent } from './authorization-request-rules.ts';
import type { BrowserLoginStore } from './browser-login-store.ts';
import type { LoginOrigins } from './login-origins.ts';
import { codeSecondsOf, type ArrivingPurpose } from './login-purpose-rules.ts';
import { changedMeanwhile, type FinishedLogin, type ProviderLogins } from './provider-logins.ts';
import type { ProviderPeople } from './provider-people.ts';
import type { ProviderRefresh } from './provider-refresh.ts';
import type { RefreshTokenStore } from './refresh-token-store.ts';
import { newSecret } from './secrets.ts';
import { dueAfter } from './sync-rules.ts';

interface Stores extends JudgingStores {
  readonly providers: Pick<ProviderStore, 'find'>;
  readonly groups: GroupStore;
  readonly provisionedGroups: ProvisionedGroupStore;
  readonly directoryGroups: DirectoryGroupStore;
  readonly refreshTokens: Pick<RefreshTokenStore, 'keep'>;
  readonly browserLogins: Pick<BrowserLoginStore, 'giveCode'>;
  readonly effects: Pick<AccessEffects, 'membershipChanged'>;
  readonly audit: AuditLog;
}
export interface ProviderArrivalOptions {
  readonly read: { readonly accounts: Pick<AccountStore, 'findBySubject'>; readonly refreshTokens: Pick<RefreshTokenStore, 'find'> };
  readonly transact: Transact<Stores>;
  readonly logins: Pick<ProviderLogins, 'finish'>;
  readonly refresh: Pick<ProviderRefresh, 'seal'>;
  readonly origins: Pick<LoginOrigins, 'seal'>;
  readonly people: ProviderPeople;
  readonly clock: Clock;
}
interface Returning {
  readonly login: { readonly id: string; readonly sealedChecks: string; readonly purpose: ArrivingPurpose };
  readonly provider: Provider;
  readonly source: AuditSource;
}

/** A code for whoever the login is for; or the person has to be asked for their consent first, and nothing was taken yet. Throws `login.*`. */
export type ArriveAtProvider = (
  of: Returning,
  returned: URLSearchParams,
) => Promise<{ readonly code: string } | { readonly asksConsent: true }>;

export function createArrivalAtProvider(options: ProviderArrivalOptions): ArriveAtProvider {
  const { read, transact, logins, refresh, origins, people, clock } = options;

  const asksConsent = async (provider: Provider, { claims, refreshToken, wasConsentAsked }: FinishedLogin): Promise<boolean> => {
    const subject = subjectIn(claims, provider);
    const account = typeof subject === 'string' ? await read.accounts.findBySubject(provider.id, subject) : undefined;
    const kept = account === undefined ? undefined : await read.refreshTokens.find(account.id);
    return needsConsent(provider, {
      cameWithToken: refreshToken !== undefined,
      keepsToken: kept !== undefined,
      wasAsked: wasConsentAsked,
    });
  };

  return async ({ login, provider, source }, returned) => {
    const answer = await logins.finish(provider, login, returned);
    if (await asksConsent(provider, answer)) return { asksConsent: true };
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
        arrival: {
          ...{ kind: 'account', accountId: account.id, sealedOrigin: origins.seal(login.id, answer) },
          mfaAt: provenAtProvider(answer.claims, provider, now),
        },
        expiresAt: toTime(now + codeSecondsOf(login.purpose) * 1000),
      });
    });
    return { code };
  };
}
