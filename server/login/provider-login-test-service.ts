/** Trying a provider with a login in the browser: begun by an admin, opened by whoever has the link, once; told to that admin alone. */
import { toTime, type Clock } from '../../shared/clock.ts';
import { newId } from '../../shared/id.ts';
import type { AuditSource } from '../../shared/api/audit.ts';
import { loginTestUrl } from '../../shared/api/browser-login.ts';
import type { CallResult } from '../../shared/api/endpoint.ts';
import { DomainError } from '../../shared/api/problem.ts';
import type { providerLoginTests } from '../../shared/api/provider-login-tests.ts';
import type { ProviderId, ProviderLoginTestId } from '../../shared/api/values.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import { authorOf, type Caller } from '../audit/caller.ts';
import { existingProvider } from '../identity/provider-service.ts';
import type { Provider, ProviderStore } from '../identity/provider-store.ts';
import { named } from '../identity/user-service.ts';
import type { Transact } from '../storage/transact.ts';
import type { BegunLogin, BrowserLoginService } from './browser-login-service.ts';
import type { ProviderLoginTest, ProviderLoginTestStore } from './provider-login-test-store.ts';
import { newSecret } from './secrets.ts';
import { whySessionEnded } from './session-rules.ts';
import type { OwnedSession, SessionStore } from './session-store.ts';

interface Stores {
  readonly providers: Pick<ProviderStore, 'find'>;
  readonly sessions: Pick<SessionStore, 'find'>;
  readonly providerLoginTests: ProviderLoginTestStore;
  readonly audit: AuditLog;
}
export interface ProviderLoginTestServiceOptions {
  readonly read: Pick<Stores, 'providers' | 'sessions' | 'providerLoginTests'>;
  readonly transact: Transact<Stores>;
  readonly logins: Pick<BrowserLoginService, 'begin'>;
  readonly publicUrl: string;
  readonly clock: Clock;
}
/** What somebody with the link is told before they go on. */
export interface OpenLoginTest {
  readonly test: ProviderLoginTest;
  readonly provider: Provider;
  readonly begunBy: string;
}

const lifetimeSeconds = 600;

export type ProviderLoginTestService = ReturnType<typeof createProviderLoginTestService>;

export function createProviderLoginTestService({ read, transact, logins, publicUrl, clock }: ProviderLoginTestServiceOptions) {
  const look = async (ticket: string): Promise<OpenLoginTest> => {
    const now = clock.now();
    const test = await read.providerLoginTests.findUnused(ticket, toTime(now));
    const session = test === undefined ? undefined : await read.sessions.find(test.sessionId);
    const provider = test === undefined ? undefined : await read.providers.find(test.providerId);
    if (test === undefined || provider === undefined || session === undefined || !isLive(session, now)) throw deadLink();
    return { test, provider, begunBy: session.owner.name };
  };

  return {
    begin: async (providerId: ProviderId, caller: Caller): Promise<CallResult<typeof providerLoginTests.begin>> => {
      const provider = await existingProvider(read.providers, providerId);
      const [now, ticket] = [clock.now(), newSecret('test')];
      const test: ProviderLoginTest = {
        // An id made with the prefix of these tests is one.
        id: newId('providerLoginTest', now) as ProviderLoginTestId,
        ...{ providerId, begunBy: caller.identity.id, sessionId: caller.session.id },
        ...{ createdAt: toTime(now), expiresAt: toTime(now + lifetimeSeconds * 1000), usedAt: null, result: null },
      };
      await transact(async (stores) => {
        await stores.providerLoginTests.insert(test, ticket);
        const details = { provider: named(provider), test: test.id };
        await stores.audit.record({ event: 'provider.login-test-begun', act: { by: authorOf(caller), now }, details });
      });
      return { id: test.id, url: loginTestUrl(publicUrl, ticket), expiresAt: test.expiresAt };
    },

    get: async (
      providerId: ProviderId,
      testId: ProviderLoginTestId,
      caller: Caller,
    ): Promise<CallResult<typeof providerLoginTests.get>> => {
      const test = await read.providerLoginTests.find(testId);
      // Another admin's looks like a missing one: it holds what a provider said of somebody.
      if (test?.providerId !== providerId || test.begunBy !== caller.identity.id)
        throw new DomainError('provider.test-not-found', 'There is no such test of yours. Begin one: infra providers test NAME --login');
      const isOver = test.expiresAt <= toTime(clock.now());
      const state = test.result !== null ? 'done' : isOver ? 'over' : test.usedAt === null ? 'waiting' : 'under-way';
      return { id: test.id, state, expiresAt: test.expiresAt, result: test.result };
    },

    /** Throws when the link opens nothing (any more). */
    look,

    /** Uses the link up. */
    open: async (ticket: string, source: AuditSource): Promise<BegunLogin> => {
      const { test, provider } = await look(ticket);
      if (!(await transact(async (stores) => stores.providerLoginTests.use(test.id, toTime(clock.now()))))) throw deadLink();
      return logins.begin(provider, { kind: 'provider-test', testId: test.id }, source);
    },
  };
}

const isLive = (session: OwnedSession, now: number): boolean =>
  session.owner.status === 'active' && whySessionEnded(session, now) === undefined;

const deadLink = (): DomainError =>
  new DomainError(
    'login.expired',
    'This link is over: it is good once, for ten minutes, while the admin who made it is logged in. That admin makes another with: infra providers test NAME --login',
  );
