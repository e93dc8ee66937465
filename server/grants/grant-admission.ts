/** Whether a grant may be: what making one, changing one and trying one ask alike. */
import { fromTime, toTime } from '../../shared/clock.ts';
import { DomainError } from '../../shared/api/problem.ts';
import type { Subject } from '../../shared/api/values.ts';
import { parseResourceName, serverResource } from '../../shared/resource-name.ts';
import type { DestinationRecord, DestinationStore } from '../destinations/destination-store.ts';
import type { GroupStore } from '../identity/group-store.ts';
import type { IdentityStore } from '../identity/identity-store.ts';
import { findSubject } from './grant-description.ts';
import { checkGrant, covers, mfaFault, prefixFault, type GrantFault } from './grant-rules.ts';
import type { GrantRecord, GrantStore } from './grant-store.ts';

export interface GrantInput {
  readonly subject: string;
  readonly role: string;
  readonly resource: string;
  readonly until?: string | undefined;
  readonly mfaSeconds?: number | undefined;
  readonly reason?: string | undefined;
}

interface Stores {
  readonly grants: Pick<GrantStore, 'list'>;
  readonly identities: IdentityStore;
  readonly groups: GroupStore;
  readonly destinations: DestinationStore;
}

export interface Admission {
  /** In the order in which they are found; none: it may be. */
  readonly faults: readonly DomainError[];
  /** Undefined: there is none of that name. */
  readonly subject: Subject | undefined;
  /** Null: the server itself; undefined: there is none of that name. */
  readonly destination: DestinationRecord | null | undefined;
  readonly namespace: string | null;
}

/** @param now RFC 3339. */
export async function admit(stores: Stores, wish: GrantInput, now: string): Promise<Admission> {
  const { role, mfaSeconds } = wish;
  const faults: DomainError[] = [];
  const checked = checkGrant({ role, resource: wish.resource, until: wish.until, mfaSeconds }, now);
  if ('field' in checked) faults.push(invalid(checked));
  const subject = await unless(faults, async () => findSubject(stores, wish.subject));
  const resource = parseResourceName(wish.resource);
  const destination =
    resource === undefined
      ? undefined
      : await unless(faults, async () =>
          resource.destination === serverResource ? null : liveDestination(stores.destinations, resource.destination),
        );
  const admission = { faults, subject, destination, namespace: resource?.namespace ?? null };
  if (subject === undefined || destination === undefined) return admission;
  const fault = termsFault({ role, mfaSeconds }, subject.kind, destination);
  if (fault !== undefined) faults.push(invalid(fault));
  if (faults.length > 0) return admission;
  const standing = await findStanding(stores.grants, { ...termsOf(wish), role, subject, destination, namespace: admission.namespace }, now);
  if (standing !== undefined)
    faults.push(
      duplicate(
        standing,
        `To shorten it or ask for a second factor, change it: infra grants change ${standing.id} --until TIME, or --mfa DURATION`,
      ),
    );
  return admission;
}

export const termsOf = ({ until, mfaSeconds }: Pick<GrantInput, 'until' | 'mfaSeconds'>): Pick<GrantRecord, 'until' | 'mfaSeconds'> => ({
  until: until ?? null,
  mfaSeconds: mfaSeconds ?? null,
});

/** What only the subject or the destination makes wrong. */
export const termsFault = (
  { role, mfaSeconds }: { readonly role: string; readonly mfaSeconds: number | undefined },
  kind: Subject['kind'],
  destination: DestinationRecord | null,
): GrantFault | undefined =>
  mfaFault(kind, mfaSeconds) ?? (destination === null ? undefined : prefixFault(role, destination.settings.userPrefix));

export interface Wished extends Pick<GrantRecord, 'role' | 'namespace' | 'until' | 'mfaSeconds'> {
  readonly subject: { readonly id: string };
  readonly destination: { readonly id: string } | null;
}

/** A grant of just the same that makes the wished one pointless; `besides`: not the grant itself. */
export async function findStanding(
  grants: Pick<GrantStore, 'list'>,
  wished: Wished,
  now: string,
  besides?: string,
): Promise<GrantRecord | undefined> {
  const { items } = await grants.list({
    at: now,
    limit: 1000,
    subjectId: wished.subject.id,
    role: wished.role,
    destinationId: wished.destination?.id ?? null,
    namespace: wished.namespace,
  });
  return items.find((grant) => grant.id !== besides && grant.namespace === wished.namespace && covers(grant, wished));
}

export function duplicate(standing: GrantRecord, remedy: string): DomainError {
  const until = standing.until === null ? 'without an end' : `until ${toTime(fromTime(standing.until))}`;
  return new DomainError('grant.duplicate', `This grant stands already as ${standing.id}, ${until}. ${remedy}`);
}

export const invalid = ({ field, message }: GrantFault): DomainError =>
  new DomainError('request.invalid', `body.${field}: ${message}`, { fields: [{ path: `body.${field}`, message }] });

export async function liveDestination(destinations: Pick<DestinationStore, 'findLiveByName'>, name: string): Promise<DestinationRecord> {
  const destination = await destinations.findLiveByName(name);
  if (destination === undefined)
    throw new DomainError('destination.not-found', `There is no destination ${name}. See: infra destinations list`);
  return destination;
}

/** What it gives, or a fault more. */
async function unless<Found>(faults: DomainError[], find: () => Promise<Found>): Promise<Found | undefined> {
  try {
    return await find();
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    faults.push(error);
    return undefined;
  }
}
