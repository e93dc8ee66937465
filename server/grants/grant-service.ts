/** Grants: the only source of allow. Adding and removing tells connectors in the same transaction. */
import { toTime, type Clock } from '../../shared/clock.ts';
import { newId } from '../../shared/id.ts';
import type { Grant, Reachable } from '../../shared/api/grants.ts';
import type { Page, PageRequest } from '../../shared/api/pagination.ts';
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
import { admit, liveDestination, termsOf, type GrantInput } from './grant-admission.ts';
import { describeGrant, describeGrants, existingGrant, findSubject, resourceOf } from './grant-description.ts';
import { endGrants } from './grant-end.ts';
import type { GrantStateName } from './grant-list-store.ts';
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
export interface GrantListFilter extends PageRequest {
  readonly subject?: string | undefined;
  readonly resource?: string | undefined;
  readonly destination?: string | undefined;
  readonly role?: string | undefined;
  readonly search?: string | undefined;
  readonly endsBefore?: string | undefined;
  readonly state?: GrantStateName | undefined;
}

export type GrantService = ReturnType<typeof createGrantService>;

export function createGrantService({ read, transact, directory, rootCertificate, clock }: GrantServiceOptions) {
  return {
    list: async (filter: GrantListFilter): Promise<Page<Grant>> => {
      const subject = filter.subject === undefined ? undefined : await findSubject(read, filter.subject);
      const place = filter.resource === undefined ? {} : await placeOf(read.destinations, filter.resource);
      const page = await read.grants.list({
        ...filter,
        destinationId: filter.destination,
        ...place,
        at: toTime(clock.now()),
        subjectId: subject?.id,
      });
      return { items: await describeGrants(read, page.items), nextCursor: page.nextCursor };
    },

    get: async (id: GrantId): Promise<Grant> => describeGrant(read, await existingGrant(read.grants, id, clock.now())),

    create: async (input: GrantInput, caller: Caller): Promise<{ grant: Grant; change: Change }> =>
      transact(async (stores) => {
        const act: Act = { by: authorOf(caller), now: clock.now() };
        const { faults, subject, destination, namespace } = await admit(stores, input, toTime(act.now));
        const [fault] = faults;
        if (fault !== undefined) throw fault;
        if (subject === undefined || destination === undefined) throw new Error('what has no fault has its subject and its place');
        const record: GrantRecord = {
          // An id made with the prefix of grants is one.
          id: newId('grant', act.now) as GrantId,
          subject,
          role: input.role,
          destinationId: destination?.id ?? null,
          namespace,
          ...termsOf(input),
          reason: input.reason ?? null,
          createdAt: toTime(act.now),
          createdBy: caller.identity.name,
        };
        await stores.grants.insert(record);
        await stores.accessChanges.grantsChanged([record], act);
        const { id: grant, role, until, mfaSeconds, reason } = record;
        await stores.audit.record({
          event: 'grant.added',
          act,
          ...(destination === null ? {} : { destination: { id: destination.id, name: destination.name } }),
          details: { grant, subject, role, resource: input.resource, until, mfaSeconds, reason },
        });
        return { grant: await describeGrant(stores, record), change: stores.feed.change() };
      }),

    remove: async (id: GrantId, caller: Caller): Promise<{ change: Change }> =>
      transact(async (stores) => {
        const act: Act = { by: authorOf(caller), now: clock.now() };
        const record = await existingGrant(stores.grants, id, act.now);
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

async function placeOf(
  destinations: DestinationStore,
  resource: string,
): Promise<{ destinationId: string | null; namespace: string | null }> {
  const parsed = parseResourceName(resource);
  if (parsed === undefined || parsed.destination === serverResource) return { destinationId: null, namespace: null };
  return { destinationId: (await liveDestination(destinations, parsed.destination)).id, namespace: parsed.namespace ?? null };
}
