/** Grants: the only source of allow. Adding and removing tells connectors in the same transaction. */
import { fromTime, toTime, type Clock } from '../../shared/clock.ts';
import { newId } from '../../shared/id.ts';
import type { Grant, Reachable } from '../../shared/api/grants.ts';
import type { Page, PageRequest } from '../../shared/api/pagination.ts';
import { DomainError } from '../../shared/api/problem.ts';
import { parseResourceName, serverResource } from '../../shared/resource-name.ts';
import type { Change, GrantId } from '../../shared/api/values.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import { authorOf, type Act, type Caller } from '../audit/caller.ts';
import type { Directory } from '../destinations/directory.ts';
import type { DestinationRecord, DestinationStore } from '../destinations/destination-store.ts';
import type { GroupStore } from '../identity/group-store.ts';
import type { IdentityStore } from '../identity/identity-store.ts';
import type { ChangeFeed } from '../storage/change-feed.ts';
import type { Transact } from '../storage/transact.ts';
import type { AccessChanges } from './access-changes.ts';
import { describeGrants, findSubject, resourceOf, subjectOf } from './grant-description.ts';
import { checkGrant, covers, mfaFault, prefixFault, type GrantFault } from './grant-rules.ts';
import type { GrantRecord, GrantStore } from './grant-store.ts';

interface Stores {
  readonly grants: GrantStore;
  readonly identities: IdentityStore;
  readonly groups: GroupStore;
  readonly destinations: DestinationStore;
  readonly accessChanges: AccessChanges;
  readonly audit: AuditLog;
  readonly feed: ChangeFeed;
}
export interface GrantServiceOptions {
  readonly read: Pick<Stores, 'grants' | 'identities' | 'groups' | 'destinations'>;
  readonly transact: Transact<Stores>;
  readonly directory: Directory;
  readonly rootCertificate: string;
  readonly clock: Clock;
}
export interface GrantInput {
  readonly subject: string;
  readonly role: string;
  readonly resource: string;
  readonly until?: string | undefined;
  readonly mfaSeconds?: number | undefined;
  readonly reason?: string | undefined;
}
export interface GrantListFilter extends PageRequest {
  readonly subject?: string | undefined;
  readonly resource?: string | undefined;
  readonly destination?: string | undefined;
  readonly role?: string | undefined;
}

export type GrantService = ReturnType<typeof createGrantService>;

export function createGrantService({ read, transact, directory, rootCertificate, clock }: GrantServiceOptions) {
  return {
    list: async (filter: GrantListFilter): Promise<Page<Grant>> => {
      const subject = filter.subject === undefined ? undefined : await findSubject(read, filter.subject);
      const place = filter.resource === undefined ? {} : await placeOf(read.destinations, filter.resource);
      const page = await read.grants.list({
        destinationId: filter.destination,
        ...place,
        limit: filter.limit,
        cursor: filter.cursor,
        at: toTime(clock.now()),
        subjectId: subject?.id,
        role: filter.role,
      });
      return { items: await describeGrants(read, page.items), nextCursor: page.nextCursor };
    },

    get: async (id: GrantId): Promise<Grant> => describeOne(read, await existing(read.grants, id, clock.now())),

    create: async (input: GrantInput, caller: Caller): Promise<{ grant: Grant; change: Change }> =>
      transact(async (stores) => {
        const act: Act = { by: authorOf(caller), now: clock.now() };
        const { role, resource, until, mfaSeconds } = input;
        const checked = checkGrant({ role, resource, until, mfaSeconds }, toTime(act.now));
        if ('field' in checked) throw invalid(checked);
        const subject = await findSubject(stores, input.subject);
        const destination =
          checked.resource.destination === serverResource ? null : await liveDestination(stores.destinations, checked.resource.destination);
        const fault =
          mfaFault(subject.kind, mfaSeconds) ?? (destination === null ? undefined : prefixFault(role, destination.settings.userPrefix));
        if (fault !== undefined) throw invalid(fault);
        const record: GrantRecord = {
          // An id made with the prefix of grants is one.
          id: newId('grant', act.now) as GrantId,
          subject,
          role,
          destinationId: destination?.id ?? null,
          namespace: checked.resource.namespace ?? null,
          until: until ?? null,
          mfaSeconds: mfaSeconds ?? null,
          reason: input.reason ?? null,
          createdAt: toTime(act.now),
          createdBy: caller.identity.name,
        };
        await refuseDuplicate(stores.grants, record, toTime(act.now));
        await stores.grants.insert(record);
        await stores.accessChanges.grantsChanged([record], act);
        const details = {
          grant: record.id,
          subject,
          role: record.role,
          resource,
          until: record.until,
          mfaSeconds: record.mfaSeconds,
          reason: record.reason,
        };
        await stores.audit.record({ event: 'grant.added', act, ...at(destination), details });
        return { grant: await describeOne(stores, record), change: stores.feed.change() };
      }),

    remove: async (id: GrantId, caller: Caller): Promise<{ change: Change }> =>
      transact(async (stores) => {
        const act: Act = { by: authorOf(caller), now: clock.now() };
        const record = await existing(stores.grants, id, act.now);
        await endGrants(stores, [record], 'removed', act);
        await stores.accessChanges.assertAdminRemains();
        return { change: stores.feed.change() };
      }),

    /** What the caller may reach now. */
    mine: async (caller: Caller): Promise<{ reachable: Reachable[]; caCertificates: string }> => {
      const held = await read.grants.ofIdentity(caller.identity.id, toTime(clock.now()));
      const destinations = await read.destinations.findMany([
        ...new Set(held.map(({ destinationId }) => destinationId).filter((id) => id !== null)),
      ]);
      const groups = new Map((await read.groups.groupsOf(caller.identity.id)).map(({ id, name }) => [id as string, name]));
      const entries = await directory(destinations);
      const reachable = destinations.flatMap((destination, position) => {
        const entry = entries[position];
        const here = held.filter(({ destinationId }) => destinationId === destination.id);
        return entry === undefined ? [] : [{ destination: entry, grants: here.map((grant) => describeHeld(grant, destination, groups)) }];
      });
      return {
        reachable: reachable.sort((left, right) => left.destination.name.localeCompare(right.destination.name)),
        caCertificates: rootCertificate,
      };
    },
  };
}

/** Ends grants with their audit events and tells connectors. */
export async function endGrants(
  stores: Pick<Stores, 'grants' | 'identities' | 'groups' | 'destinations' | 'accessChanges' | 'audit'>,
  records: readonly GrantRecord[],
  reason: string,
  act: Act,
): Promise<void> {
  await stores.grants.end(
    records.map(({ id }) => id),
    toTime(act.now),
    reason,
  );
  await stores.accessChanges.grantsChanged(records, act);
  for (const record of records) {
    const destination = record.destinationId === null ? null : ((await stores.destinations.find(record.destinationId)) ?? null);
    const subject = await subjectOf(stores, record.subject);
    await stores.audit.record({
      event: 'grant.removed',
      act,
      ...at(destination),
      details: { grant: record.id, subject, role: record.role, resource: resourceOf(record, destination), reason },
    });
  }
}

const invalid = ({ field, message }: GrantFault): DomainError =>
  new DomainError('request.invalid', `body.${field}: ${message}`, { fields: [{ path: `body.${field}`, message }] });

const at = (destination: DestinationRecord | null) =>
  destination === null ? {} : { destination: { id: destination.id, name: destination.name } };

const describeOne = async (
  stores: Pick<Stores, 'grants' | 'identities' | 'groups' | 'destinations'>,
  record: GrantRecord,
): Promise<Grant> => {
  const [described] = await describeGrants(stores, [record]);
  if (described === undefined) throw new Error('one record gives one description');
  return described;
};

function describeHeld(
  grant: GrantRecord,
  destination: DestinationRecord,
  groups: ReadonlyMap<string, string>,
): Reachable['grants'][number] {
  return {
    id: grant.id,
    role: grant.role,
    resource: resourceOf(grant, destination),
    until: grant.until,
    mfaSeconds: grant.mfaSeconds,
    via: grant.subject.kind === 'group' ? (groups.get(grant.subject.id) ?? null) : null,
  };
}

async function existing(grants: GrantStore, id: GrantId, now: number): Promise<GrantRecord> {
  const record = await grants.findInForce(id, toTime(now));
  if (record === undefined) throw new DomainError('grant.not-found', 'There is no such grant in force. See: infra grants list');
  return record;
}

async function liveDestination(destinations: DestinationStore, name: string): Promise<DestinationRecord> {
  const destination = await destinations.findLiveByName(name);
  if (destination === undefined)
    throw new DomainError('destination.not-found', `There is no destination ${name}. See: infra destinations list`);
  return destination;
}

async function placeOf(
  destinations: DestinationStore,
  resource: string,
): Promise<{ destinationId: string | null; namespace: string | null }> {
  const parsed = parseResourceName(resource);
  if (parsed === undefined || parsed.destination === serverResource) return { destinationId: null, namespace: null };
  return { destinationId: (await liveDestination(destinations, parsed.destination)).id, namespace: parsed.namespace ?? null };
}

async function refuseDuplicate(grants: GrantStore, wished: GrantRecord, now: string): Promise<void> {
  const page = await grants.list({
    at: now,
    limit: 1000,
    subjectId: wished.subject.id,
    role: wished.role,
    destinationId: wished.destinationId,
    namespace: wished.namespace,
  });
  const standing = page.items.find((grant) => grant.namespace === wished.namespace && covers(grant, wished));
  if (standing === undefined) return;
  const until = standing.until === null ? 'without an end' : `until ${toTime(fromTime(standing.until))}`;
  throw new DomainError(
    'grant.duplicate',
    `This grant stands already as ${standing.id}, ${until}. To shorten it or ask for a second factor, remove it first: infra grants remove ${standing.id}`,
  );
}
