/**
 * A login that tries a provider, from the person's return: the same answer is finished, read and judged as for a real login, and then told to who
 * began the test instead of taken. No account, session, group or refresh token comes of it (ADR 46).
 */
import { toTime, type Clock } from '../../shared/clock.ts';
import type { DomainError } from '../../shared/api/problem.ts';
import type { AuditSource } from '../../shared/api/audit.ts';
import { loginTestEndedUrl } from '../../shared/api/browser-login.ts';
import type { LoginTestResult } from '../../shared/api/provider-login-tests.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import { anonymous } from '../audit/caller.ts';
import { judge, type JudgingStores, type ProviderClaims } from '../identity/account-admission.ts';
import type { Refusal } from '../identity/claims-rules.ts';
import type { DirectoryGroupStore } from '../identity/directory-group-store.ts';
import type { GroupStore } from '../identity/group-store.ts';
import { seenMfa } from '../identity/provider-mfa-rules.ts';
import { previewGroups } from '../identity/provider-group-preview.ts';
import { mayKeepGroups } from '../identity/provider-group-rules.ts';
import { groupsAdvice } from '../identity/provider-groups-step.ts';
import type { Provider, ProviderStore } from '../identity/provider-store.ts';
import { claimsToShow } from '../identity/shown-claims-rules.ts';
import { named } from '../identity/user-service.ts';
import type { Transact } from '../storage/transact.ts';
import type { ProviderAnswer } from './openid-login.ts';
import { faultWords } from './protocol-fault-rules.ts';
import { failedResult, resultOf } from './provider-login-test-rules.ts';
import type { ProviderLoginTestStore } from './provider-login-test-store.ts';
import { remedyFor } from './login-test-remedy-rules.ts';
import { changedMeanwhile, type ProviderLogins } from './provider-logins.ts';
import type { ProviderPeople } from './provider-people.ts';

interface Stores extends JudgingStores {
  readonly providers: Pick<ProviderStore, 'find'>;
  readonly groups: GroupStore;
  readonly directoryGroups: DirectoryGroupStore;
  readonly providerLoginTests: ProviderLoginTestStore;
  readonly audit: AuditLog;
}
export interface ProviderLoginTestRunOptions {
  readonly transact: Transact<Stores>;
  readonly logins: Pick<ProviderLogins, 'finish'>;
  readonly people: ProviderPeople;
  readonly publicUrl: string;
  readonly clock: Clock;
}
/** Of the login in the browser that a test is. */
interface Returned {
  readonly testId: string;
  readonly provider: Provider;
  readonly source: AuditSource;
}

export interface ProviderLoginTestRun {
  /** Where the browser goes on. Throws as a login does. */
  arrive(of: Returned, login: { readonly id: string; readonly sealedChecks: string }, returned: URLSearchParams): Promise<string>;
  /** The same for one that was refused before anybody was known by it. */
  refuse(of: Returned, refusal: DomainError): Promise<string>;
}

export function createProviderLoginTestRun(options: ProviderLoginTestRunOptions): ProviderLoginTestRun {
  const { transact, logins, people, clock, publicUrl } = options;

  const conclude = async (of: Returned, resultIn: (stores: Stores, now: number) => Promise<LoginTestResult>): Promise<string> => {
    const refusal = await transact(async (stores) => {
      const now = clock.now();
      const test = await stores.providerLoginTests.find(of.testId);
      const result = await resultIn(stores, now);
      if (test === undefined || !(await stores.providerLoginTests.conclude(of.testId, result, toTime(now)))) return 'login.expired';
      const admin = await stores.identities.find(test.begunBy);
      await stores.audit.record({
        event: 'provider.login-tested',
        act: { by: anonymous(of.source), now },
        outcome: result.refusal === null ? 'success' : 'refused',
        details: {
          provider: named(of.provider),
          test: test.id,
          begunBy: { id: test.begunBy, name: admin?.name ?? '' },
          refusal: result.refusal,
        },
      });
      return result.refusal;
    });
    return loginTestEndedUrl(publicUrl, refusal);
  };

  return {
    arrive: async (of, login, returned) => {
      // A refresh token that came is dropped: to give it back could end, at the provider, the one of a real login of the same person.
      const answer = await logins.finish(of.provider, login, returned);
      const person = await people.read(of.provider, answer.claims);
      return conclude(of, async (stores, now) => {
        const present = await stores.providers.find(of.provider.id);
        if (present?.updatedAt !== of.provider.updatedAt) return refusedResult(of.provider, changedMeanwhile(of.provider));
        return judgedResult(stores, { provider: of.provider, answer, person, now });
      });
    },
    refuse: async (of, refusal) => conclude(of, async () => refusedResult(of.provider, refusal)),
  };
}

/** What a check of the protocol says stands beside it as its cause; for others the sentence says it. */
function refusedResult({ name }: Provider, { code, message, cause }: DomainError): LoginTestResult {
  const why =
    code === 'login.provider-failed' && cause !== undefined ? `The login at ${name} failed: ${faultWords(cause, name)}.` : message;
  return failedResult({ code, sentence: message }, `${why} ${remedyFor(code, name)}`);
}

interface Answered {
  readonly provider: Provider;
  readonly answer: Pick<ProviderAnswer, 'claims' | 'refreshToken'>;
  readonly person: ProviderClaims | Refusal;
  readonly now: number;
}

async function judgedResult(stores: Stores, { provider, answer, person, now }: Answered): Promise<LoginTestResult> {
  const isKnown = !('code' in person);
  const judged = isKnown ? await judge(stores, { provider, claims: person }) : undefined;
  const told = isKnown && person.groups.told === 'groups' ? person.groups.groups : [];
  return resultOf({
    provider,
    claims: claimsToShow(answer.claims),
    person,
    judged: judged === undefined ? undefined : { admission: judged.admission, user: judged.user?.name },
    groups: await previewGroups(stores, provider, told),
    keepsGroups: mayKeepGroups(judged?.account?.groupsAt ?? null, now),
    secondFactor: seenMfa(answer.claims, provider, now),
    refreshToken: answer.refreshToken !== undefined ? 'given' : provider.syncMinutes === null ? 'not wanted' : 'missing',
    howToSendGroups: groupsAdvice(provider.kind),
  });
}
