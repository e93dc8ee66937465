/**
 * How things stand, put together from what every feature knows. Trusts the stores and decides nothing; what of it wants a hand is in `want-rules`.
 * Changes nothing.
 */
import { toTime, type Clock } from '../../shared/clock.ts';
import type { Overview, Want } from '../../shared/api/overview.ts';
import type { AuditStore } from '../audit/audit-store.ts';
import { describeAuthority } from '../authority/authority-description.ts';
import type { AuthorityStore } from '../authority/authority-store.ts';
import type { ConnectorStore } from '../destinations/connector-store.ts';
import type { DestinationStore } from '../destinations/destination-store.ts';
import type { Presence } from '../destinations/presence.ts';
import { staleAt } from '../destinations/staleness-rules.ts';
import { describeGrants } from '../grants/grant-description.ts';
import type { GrantStore } from '../grants/grant-store.ts';
import type { GroupStore } from '../identity/group-store.ts';
import type { IdentityStore } from '../identity/identity-store.ts';
import type { ProviderStore } from '../identity/provider-store.ts';
import type { AccessKeyStore } from '../login/access-key-store.ts';
import type { RefreshTokenStore } from '../login/refresh-token-store.ts';
import { isAccessKeyLive } from '../login/session-rules.ts';
import type { SessionStore } from '../login/session-store.ts';
import type { ScimTokenStore } from '../scim/scim-token-store.ts';
import {
  accessKeyWant,
  adminWants,
  authorityWants,
  destinationCounts,
  destinationWants,
  grantWant,
  inOrder,
  scimTokenWants,
  secretNotice,
  syncWant,
  type DestinationFact,
} from './want-rules.ts';

interface Stores {
  readonly auditStore: Pick<AuditStore, 'list' | 'count'>;
  readonly authorities: Pick<AuthorityStore, 'list'>;
  readonly destinations: DestinationStore;
  readonly connectors: Pick<ConnectorStore, 'allLive'>;
  readonly grants: GrantStore;
  readonly groups: GroupStore;
  readonly identities: IdentityStore;
  readonly providers: Pick<ProviderStore, 'names'>;
  readonly accessKeys: Pick<AccessKeyStore, 'endingBetween'>;
  readonly refreshTokens: Pick<RefreshTokenStore, 'failing'>;
  readonly sessions: Pick<SessionStore, 'countPeopleSince'>;
  readonly scimTokens: Pick<ScimTokenStore, 'all'>;
}
export interface OverviewOptions {
  readonly read: Stores;
  readonly presence: Pick<Presence, 'isOnline'>;
  /** Of this server. */
  readonly version: string;
  readonly clock: Clock;
}

export type OverviewOf = () => Promise<Overview>;

const minute = 60_000;
const activeWithin = 15 * minute;
const refusedWithin = 60 * minute;
const endingWithin = 7 * 24 * 60 * minute;
const shown = 10;
/** Of one kind of want; the rest is counted. */
const wantsRead = 20;

export function createOverview({ read, presence, version, clock }: OverviewOptions): OverviewOf {
  return async () => {
    const now = clock.now();
    const destinations = await destinationFacts(read, presence, now);
    const [grants, accessKeys] = [await grantWants(read, now), await accessKeyWants(read, now)];
    const wants = [
      ...destinations.flatMap((destination) => destinationWants(destination, version, now)),
      ...grants.wants,
      ...(await providerWants(read, now)),
      ...accessKeys.wants,
      ...(await authorityWantsOf(read, now)),
      ...adminWants(await read.grants.countLastingAdmins(2)),
    ];
    return {
      at: toTime(now),
      destinations: destinationCounts(destinations),
      peopleActive: await read.sessions.countPeopleSince(toTime(now - activeWithin), toTime(now)),
      grantsEndingSoon: await grantsEndingSoon(read, now),
      refusals: await refusals(read, now),
      wants: inOrder(wants),
      wantsCount: wants.length + grants.leftOut + accessKeys.leftOut,
    };
  };
}

async function destinationFacts(
  { destinations, connectors }: Stores,
  presence: Pick<Presence, 'isOnline'>,
  now: number,
): Promise<DestinationFact[]> {
  const ofDestination = Map.groupBy(await connectors.allLive(), ({ destinationId }) => destinationId);
  return (await destinations.liveNames()).map(({ id, name, stalenessLimitSeconds }) => ({
    ...{ id, name },
    connectors: (ofDestination.get(id) ?? []).map(({ id: connectorId, version, lastSeenAt, enrolledAt }) => {
      const online = presence.isOnline(connectorId);
      // Whose stream is open is in contact now, whenever that was noted last.
      const seen = online ? toTime(now) : lastSeenAt;
      return { version, online, lastSeenAt: seen, refusesFrom: staleAt({ lastSeenAt: seen, enrolledAt }, { stalenessLimitSeconds }) };
    }),
  }));
}

async function grantsEndingSoon(read: Stores, now: number): Promise<Overview['grantsEndingSoon']> {
  const { count, items } = await read.grants.endingBefore(toTime(now + endingWithin), toTime(now), shown);
  return { count, items: await describeGrants(read, items) };
}

async function refusals({ auditStore }: Stores, now: number): Promise<Overview['refusals']> {
  const filter = { outcome: 'refused', since: toTime(now - refusedWithin) };
  const count = await auditStore.count(filter);
  return { count, items: (await auditStore.list({ ...filter, limit: shown })).items };
}

interface Found {
  readonly wants: Want[];
  readonly leftOut: number;
}

async function grantWants(read: Stores, now: number): Promise<Found> {
  const { count, items } = await read.grants.failed(toTime(now), wantsRead);
  const described = await describeGrants(read, items);
  return { wants: described.map((grant) => grantWant({ ...grant, reason: grant.state.reason })), leftOut: count - items.length };
}

async function providerWants({ refreshTokens, scimTokens, providers }: Stores, now: number): Promise<Want[]> {
  const names = new Map((await providers.names()).map(({ id, name }) => [id as string, name]));
  const providerOf = (id: string): { id: string; name: string } => ({ id, name: names.get(id) ?? id });
  const failing = await refreshTokens.failing();
  const tokens = (await scimTokens.all()).map(({ id, providerId, expiresAt }) => {
    const provider = providerOf(providerId);
    return { id, name: provider.name, provider, endsAt: expiresAt };
  });
  const syncing = failing.map(({ providerId, ...counts }) => syncWant({ provider: providerOf(providerId), ...counts }));
  return [...syncing, ...scimTokenWants(tokens, now)];
}

async function accessKeyWants({ accessKeys }: Stores, now: number): Promise<Found> {
  const { count, items } = await accessKeys.endingBetween(toTime(now), toTime(now + secretNotice), wantsRead);
  // Whose time without use is over is dead already.
  const live = items.filter((key) => isAccessKeyLive(key, now));
  const wants = live.map(({ id, name, ownerName, expiresAt }) => accessKeyWant({ id, name, owner: ownerName, endsAt: expiresAt }, now));
  return { wants, leftOut: count - items.length };
}

async function authorityWantsOf({ authorities }: Stores, now: number): Promise<Want[]> {
  const signing = (await authorities.list()).filter(({ state }) => state === 'active').map(describeAuthority);
  return authorityWants(
    signing.map(({ id, name, kind, notAfter }) => ({ id, name, kind, endsAt: notAfter })),
    now,
  );
}
