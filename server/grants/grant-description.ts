/** Grants as people read them: names for ids, and how the connector fared. */
import { toTime } from '../../shared/clock.ts';
import { DomainError } from '../../shared/api/problem.ts';
import { formatResourceName, parseSubjectName, serverResource } from '../../shared/resource-name.ts';
import type { Grant } from '../../shared/api/grants.ts';
import type { GrantId, Subject } from '../../shared/api/values.ts';
import type { DestinationRecord, DestinationStore } from '../destinations/destination-store.ts';
import type { GroupStore } from '../identity/group-store.ts';
import type { IdentityStore } from '../identity/identity-store.ts';
import type { GrantRecord, GrantStateRecord, GrantStore, GrantSubject } from './grant-store.ts';

interface Stores {
  readonly grants: GrantStore;
  readonly identities: IdentityStore;
  readonly groups: GroupStore;
  readonly destinations: DestinationStore;
}

/** In the order given; four reads however many grants. */
export async function describeGrants(stores: Stores, records: readonly GrantRecord[]): Promise<Grant[]> {
  const nameOf = await subjectsOf(stores, records);
  const placeOf = await placesOf(stores, records);
  const states = Map.groupBy(await stores.grants.statesOf(records.map(({ id }) => id)), ({ grantId }) => grantId);
  return records.map((record) => ({
    id: record.id,
    subject: nameOf(record),
    role: record.role,
    resource: resourceOf(record, placeOf(record)),
    destinationId: record.destinationId,
    until: record.until,
    mfaSeconds: record.mfaSeconds,
    reason: record.reason,
    createdAt: record.createdAt,
    createdBy: record.createdBy,
    state: overallState(record, states.get(record.id) ?? []),
  }));
}

export async function describeGrant(stores: Stores, record: GrantRecord): Promise<Grant> {
  const [described] = await describeGrants(stores, [record]);
  if (described === undefined) throw new Error('one record gives one description');
  return described;
}

/** Subjects of grants, by their present names. */
export async function subjectsOf(
  stores: { readonly identities: Pick<IdentityStore, 'findMany'>; readonly groups: Pick<GroupStore, 'findMany'> },
  records: readonly GrantRecord[],
): Promise<(record: GrantRecord) => Subject> {
  const ids = [...new Set(records.map(({ subject }) => subject.id))];
  const identities = await stores.identities.findMany(ids.filter((id) => !id.startsWith('grp_')));
  const groups = await stores.groups.findMany(ids.filter((id) => id.startsWith('grp_')));
  const names = new Map([...identities, ...groups].map(({ id, name }) => [id as string, name]));
  return ({ subject }) => ({ ...subject, name: names.get(subject.id) ?? subject.id });
}

/** Destinations of grants; null: on the server itself. */
export async function placesOf(
  { destinations }: { readonly destinations: Pick<DestinationStore, 'findMany'> },
  records: readonly GrantRecord[],
): Promise<(record: GrantRecord) => DestinationRecord | null> {
  const found = await destinations.findMany([...new Set(records.map(({ destinationId }) => destinationId).filter((id) => id !== null))]);
  const byId = new Map(found.map((destination) => [destination.id, destination]));
  return ({ destinationId }) => (destinationId === null ? null : (byId.get(destinationId) ?? null));
}

export async function existingGrant(grants: Pick<GrantStore, 'findInForce'>, id: GrantId, now: number): Promise<GrantRecord> {
  const record = await grants.findInForce(id, toTime(now));
  if (record === undefined) throw new DomainError('grant.not-found', 'There is no such grant in force. See: infra grants list');
  return record;
}

/** A failure at one connector is what people must see; rights on the server itself need none. */
function overallState(record: GrantRecord, states: readonly GrantStateRecord[]): Grant['state'] {
  if (record.destinationId === null) return { state: 'applied', reason: null, at: record.createdAt };
  const shown = states.find(({ state }) => state === 'failed') ?? states[0];
  return shown === undefined ? { state: 'pending', reason: null, at: null } : { state: shown.state, reason: shown.reason, at: shown.at };
}

/** A subject by its name: `ana@example.com`, `group:platform`, `workload:deploy`. */
export async function findSubject(stores: Pick<Stores, 'identities' | 'groups'>, text: string): Promise<Subject> {
  const name = parseSubjectName(text);
  if (name === undefined)
    throw new DomainError('request.invalid', 'subject: must be an email, group:NAME or workload:NAME', {
      fields: [{ path: 'subject', message: 'must be an email, group:NAME or workload:NAME' }],
    });
  if (name.kind === 'group') {
    const group = await stores.groups.findNamed(name.name);
    if (group === undefined)
      throw new DomainError('group.not-found', `There is no group ${name.name}. Add it first: infra groups add ${name.name}`);
    return { kind: 'group', id: group.id, name: group.name };
  }
  const identity = await stores.identities.findByName(name.kind, name.name);
  if (identity === undefined)
    throw new DomainError(
      'identity.not-found',
      `There is no ${name.kind} ${name.name}. Add it first: infra ${name.kind}s add ${name.name}`,
    );
  return { kind: name.kind, id: identity.id, name: identity.name };
}

/** The subject of a stored grant, by its present name. */
export async function subjectOf(stores: Pick<Stores, 'identities' | 'groups'>, subject: GrantSubject): Promise<Subject> {
  const found = subject.kind === 'group' ? await stores.groups.find(subject.id) : await stores.identities.find(subject.id);
  return { ...subject, name: found?.name ?? subject.id };
}

export const resourceOf = (record: GrantRecord, destination: { readonly name: string } | null): string =>
  formatResourceName({
    destination: destination?.name ?? serverResource,
    ...(record.namespace === null ? {} : { namespace: record.namespace }),
  });
