/** The jobs of a server: writing down what time has ended, and forgetting what nobody needs. */
import { toTime, type Clock } from '../../shared/clock.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import { system } from '../audit/caller.ts';
import type { AcknowledgementStore } from '../destinations/acknowledgement-store.ts';
import type { DestinationStore } from '../destinations/destination-store.ts';
import { resourceOf, subjectOf } from '../grants/grant-description.ts';
import type { GrantRecord, GrantStore } from '../grants/grant-store.ts';
import type { GroupStore } from '../identity/group-store.ts';
import type { IdentityStore } from '../identity/identity-store.ts';
import type { LeaseStore } from '../leases/lease-store.ts';
import type { BrowserLoginStore } from '../login/browser-login-store.ts';
import type { DeviceLoginStore } from '../login/device-login-store.ts';
import type { LoginAttemptStore } from '../login/login-attempts-store.ts';
import type { PasskeyLinkStore } from '../login/passkey-link-store.ts';
import type { SecondFactorStore } from '../login/second-factor-store.ts';
import type { ProviderLoginTestStore } from '../login/provider-login-test-store.ts';
import type { ProviderSessionStore } from '../login/provider-session-store.ts';
import type { SessionStore } from '../login/session-store.ts';
import type { LoginTokenStore } from '../login/token-store.ts';
import type { UsedTokenStore } from '../login/used-token-store.ts';
import type { ChangeFeed } from '../storage/change-feed.ts';
import type { Transact } from '../storage/transact.ts';
import type { Job } from './scheduler.ts';

interface Stores {
  readonly grants: GrantStore;
  readonly identities: IdentityStore;
  readonly groups: GroupStore;
  readonly destinations: DestinationStore;
  readonly leases: LeaseStore;
  readonly sessions: SessionStore;
  readonly loginAttempts: LoginAttemptStore;
  readonly loginTokens: LoginTokenStore;
  readonly browserLogins: BrowserLoginStore;
  readonly deviceLogins: Pick<DeviceLoginStore, 'prune'>;
  readonly providerLoginTests: Pick<ProviderLoginTestStore, 'prune'>;
  readonly secondFactors: SecondFactorStore;
  readonly passkeyLinks: Pick<PasskeyLinkStore, 'prune'>;
  readonly usedTokens: Pick<UsedTokenStore, 'prune'>;
  readonly providerSessions: Pick<ProviderSessionStore, 'prune'>;
  readonly acknowledgements: AcknowledgementStore;
  readonly audit: AuditLog;
  readonly feed: ChangeFeed;
}
export interface HousekeepingOptions {
  readonly transact: Transact<Stores>;
  readonly clock: Clock;
  readonly rotateAuthority: () => Promise<boolean>;
}

const hour = 3_600_000;
const tenMinutes = 600_000;
/** Ended sessions and leases are shown this long; the audit keeps what they did. */
const historyKept = 90 * 24 * hour;
/** Outbox rows are kept this long; a connector that was away longer takes the whole state. */
const feedKept = 24 * hour;

export function housekeepingJobs({ transact, clock, rotateAuthority }: HousekeepingOptions): readonly Job[] {
  return [
    { name: 'expire-grants', everySeconds: 15, run: async () => transact(async (stores) => expireGrants(stores, clock.now())) },
    { name: 'expire-leases', everySeconds: 60, run: async () => transact(async ({ leases }) => leases.markExpired(toTime(clock.now()))) },
    {
      name: 'forget',
      everySeconds: 600,
      run: async () =>
        transact(async (stores) => {
          const now = clock.now();
          await stores.loginAttempts.prune(toTime(now - hour), toTime(now - 25 * hour));
          await stores.loginTokens.prune(toTime(now - 24 * hour));
          await stores.browserLogins.prune(toTime(now - hour));
          await stores.deviceLogins.prune(toTime(now - hour));
          // They hold what a provider said of somebody, for one command that waits for it.
          await stores.providerLoginTests.prune(toTime(now - tenMinutes));
          await stores.secondFactors.prune(toTime(now - hour));
          await stores.passkeyLinks.prune(toTime(now - hour));
          await stores.usedTokens.prune(toTime(now - hour));
          // What a logout at the provider still needs of a session that is over.
          await stores.providerSessions.prune(toTime(now - tenMinutes));
          await stores.acknowledgements.prune(toTime(now - feedKept));
          await stores.feed.prune(toTime(now - feedKept));
          // Leases first: each names its session.
          await stores.leases.prune(toTime(now - historyKept));
          await stores.sessions.prune(toTime(now - historyKept));
        }),
    },
    { name: 'rotate-authority', everySeconds: 3600, run: async () => void (await rotateAuthority()) },
  ];
}

/** Connectors ended these by their own clocks at the moment itself; here the end is written down and audited. */
async function expireGrants(stores: Stores, now: number): Promise<void> {
  const expired = await stores.grants.expired(toTime(now), 500);
  await stores.grants.end(
    expired.map(({ id }) => id),
    toTime(now),
    'expired',
  );
  for (const grant of expired) await recordExpiry(stores, grant, now);
}

async function recordExpiry(stores: Stores, grant: GrantRecord, now: number): Promise<void> {
  const destination = grant.destinationId === null ? null : ((await stores.destinations.find(grant.destinationId)) ?? null);
  const details = {
    grant: grant.id,
    subject: await subjectOf(stores, grant.subject),
    role: grant.role,
    resource: resourceOf(grant, destination),
  };
  await stores.audit.record({
    event: 'grant.expired',
    act: { by: system, now },
    ...(destination === null ? {} : { destination }),
    details,
  });
}
