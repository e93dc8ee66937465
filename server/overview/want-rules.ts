/** What wants a hand, and what that hand should do: pure. */
import type { Overview, Want } from '../../shared/api/overview.ts';
import { fromTime, toTime } from '../../shared/clock.ts';
import { isOlderVersion } from './version-rules.ts';

export interface ConnectorFact {
  readonly version: string;
  readonly online: boolean;
  readonly lastSeenAt: string | null;
  /** Milliseconds: from then on it refuses everybody without further contact. */
  readonly refusesFrom: number;
}
export interface DestinationFact {
  readonly id: string;
  readonly name: string;
  readonly connectors: readonly ConnectorFact[];
}
interface Named {
  readonly id: string;
  readonly name: string;
}
export interface FailedGrant {
  readonly id: string;
  readonly subject: Named;
  readonly role: string;
  readonly resource: string;
  readonly reason: string | null;
}
export interface FailingSync {
  readonly provider: Named;
  readonly accounts: number;
  readonly failing: number;
  readonly lastFailure: string | null;
}
export interface EndingThing {
  readonly id: string;
  readonly name: string;
  readonly endsAt: string;
}
export interface ScimTokenFact extends EndingThing {
  readonly provider: Named;
}

const minute = 60_000;
const day = 24 * 60 * minute;
export const secretNotice = 14 * day;
export const authorityNotice = 30 * day;

/** Not yet connected, in contact, or away. */
export function reachOf({ connectors }: DestinationFact): 'online' | 'offline' | 'never' {
  if (connectors.some(({ online }) => online)) return 'online';
  return connectors.some(({ lastSeenAt }) => lastSeenAt !== null) ? 'offline' : 'never';
}

export function destinationCounts(destinations: readonly DestinationFact[]): Overview['destinations'] {
  const of = (reach: 'online' | 'offline' | 'never'): number => destinations.filter((each) => reachOf(each) === reach).length;
  return { total: destinations.length, online: of('online'), offline: of('offline'), never: of('never') };
}

/** One a destination for its reach, and one for its connectors' age. */
export function destinationWants(destination: DestinationFact, serverVersion: string, now: number): Want[] {
  const { id, name } = destination;
  const subject = { kind: 'destination', id, name } as const;
  const wants: Want[] = [];
  const reach = reachOf(destination);
  if (reach === 'never')
    wants.push({
      ...{ kind: 'connector-never', severity: 'soon', subject },
      sentence: `No connector of ${name} was ever heard of, so nothing gets there.`,
      remedy: `Start one with a join token: infra destinations token ${name}`,
    });
  if (reach === 'offline') wants.push(awayWant(destination, now));
  const outdated = destination.connectors.find(({ version, lastSeenAt }) => lastSeenAt !== null && isOlderVersion(version, serverVersion));
  if (outdated !== undefined)
    wants.push({
      ...{ kind: 'connector-outdated', severity: 'soon', subject },
      sentence: `The connector of ${name} is version ${outdated.version}; this server is ${serverVersion}.`,
      remedy: 'Upgrade the connector to the version of the server.',
    });
  return wants;
}

function awayWant({ id, name, connectors }: DestinationFact, now: number): Want {
  const subject = { kind: 'destination', id, name } as const;
  const refusesFrom = Math.max(...connectors.map((connector) => connector.refusesFrom));
  const lastSeenAt =
    connectors
      .map((connector) => connector.lastSeenAt ?? '')
      .sort()
      .at(-1) ?? '';
  const remedy = `See whether it runs and reaches this server; what it says of itself is in its log: infra destinations show ${name}`;
  if (now >= refusesFrom)
    return {
      ...{ kind: 'connector-stale', severity: 'now', subject, remedy },
      sentence: `The connector of ${name} was last heard of at ${lastSeenAt} and refuses everybody since ${toTime(refusesFrom)}.`,
    };
  return {
    ...{ kind: 'connector-offline', severity: 'now', subject, remedy },
    sentence: `The connector of ${name} was last heard of at ${lastSeenAt}; it goes by what it knew, and refuses everybody from ${toTime(refusesFrom)}.`,
  };
}

export const grantWant = ({ id, subject, role, resource, reason }: FailedGrant): Want => ({
  ...{ kind: 'grant-failed', severity: 'now', subject: { kind: 'grant', id, name: subject.name } },
  sentence: `${subject.name} is granted ${role} on ${resource}, which is not in place there${reason === null ? '.' : `: ${reason}`}`,
  remedy: `Mend it there, or remove the grant: infra grants show ${id}`,
});

export const syncWant = ({ provider, accounts, failing, lastFailure }: FailingSync): Want => ({
  ...{ kind: 'provider-sync-failing', severity: failing === accounts ? 'now' : 'soon', subject: { kind: 'provider', ...provider } },
  sentence: `${provider.name} could not be asked about ${failing} of ${accounts} people the last time${lastFailure === null ? '.' : `: ${lastFailure}`}`,
  remedy: `Try it: infra providers test ${provider.name}`,
});

/** The last token of a provider's directory alone: another that lives on takes the place of one that ends. */
export function scimTokenWants(tokens: readonly ScimTokenFact[], now: number): Want[] {
  const last = new Map<string, ScimTokenFact>();
  for (const token of tokens) {
    const other = last.get(token.provider.id);
    if (other === undefined || other.endsAt < token.endsAt) last.set(token.provider.id, token);
  }
  return [...last.values()]
    .filter(({ endsAt }) => isNear(endsAt, now, secretNotice))
    .map(({ id, provider, endsAt }) => ({
      ...{ kind: 'scim-token-ending', severity: severityOf(endsAt, now), subject: { kind: 'scim-token', id, name: provider.name } },
      sentence: `The SCIM token of ${provider.name} ${ends(endsAt, now)}; without one its directory changes nothing here.`,
      remedy: `Make another and enter it there: infra scim-tokens add ${provider.name}`,
    }));
}

export const accessKeyWant = (key: EndingThing & { readonly owner: string }, now: number): Want => ({
  ...{ kind: 'access-key-ending', severity: severityOf(key.endsAt, now), subject: { kind: 'access-key', id: key.id, name: key.name } },
  sentence: `The access key ${key.name} of ${key.owner} ${ends(key.endsAt, now)}.`,
  remedy: 'If what uses it still runs, make another under a new name and put it there: infra keys add',
});

/** `kind` of those that sign. */
export function authorityWants(authorities: readonly (EndingThing & { readonly kind: 'root' | 'intermediate' })[], now: number): Want[] {
  return authorities
    .filter(({ endsAt }) => isNear(endsAt, now, authorityNotice))
    .map(({ id, name, kind, endsAt }) => ({
      ...{ kind: 'authority-ending', severity: severityOf(endsAt, now), subject: { kind: 'authority', id, name } },
      sentence: `The ${kind} certificate of the authority ${ends(endsAt, now)}; what it signed ends with it.`,
      remedy:
        kind === 'root'
          ? 'Plan a new installation: everything that trusts this one trusts its root.'
          : 'It is replaced by itself 120 days before; that it was not says that the server’s jobs do not run. See its log.',
    }));
}

/** @param admins lasting ones, counted up to two. */
export function adminWants(admins: number): Want[] {
  const subject = { kind: 'server', id: 'infra', name: 'infra' } as const;
  if (admins === 0)
    return [
      {
        ...{ kind: 'setup-pending', severity: 'now', subject },
        sentence: 'Nobody can administer infra for good.',
        remedy: 'On the server’s host: infra-server recover-admin',
      },
    ];
  if (admins > 1) return [];
  return [
    {
      ...{ kind: 'second-admin-missing', severity: 'soon', subject },
      sentence: 'One person alone can administer infra: without them nobody can.',
      remedy: 'Make another admin: infra grants add EMAIL --role admin infra',
    },
  ];
}

const kinds: readonly Want['kind'][] = [
  ...(['setup-pending', 'connector-stale', 'connector-offline', 'grant-failed', 'provider-sync-failing', 'authority-ending'] as const),
  ...(['scim-token-ending', 'access-key-ending', 'connector-never', 'connector-outdated', 'second-admin-missing'] as const),
];
const shownOfKind = 20;

/** The most pressing first, and of each kind no more than can be read. */
export function inOrder(wants: readonly Want[]): Want[] {
  const byKind = Map.groupBy(wants, ({ kind }) => kind);
  const shown = kinds.flatMap((kind) => (byKind.get(kind) ?? []).slice(0, shownOfKind));
  return [...shown.filter(({ severity }) => severity === 'now'), ...shown.filter(({ severity }) => severity === 'soon')];
}

const isNear = (endsAt: string, now: number, notice: number): boolean => fromTime(endsAt) - now < notice;
const severityOf = (endsAt: string, now: number): Want['severity'] => (isNear(endsAt, now, day) ? 'now' : 'soon');
const ends = (endsAt: string, now: number): string => (fromTime(endsAt) <= now ? `ended at ${endsAt}` : `ends at ${endsAt}`);
