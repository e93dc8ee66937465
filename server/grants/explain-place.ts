/** The place and the role that `explain` and `who-can` are asked about. */
import { DomainError } from '../../shared/api/problem.ts';
import { parseResourceName, serverResource } from '../../shared/resource-name.ts';
import type { DestinationRecord, DestinationStore } from '../destinations/destination-store.ts';
import type { Asked } from './explain-rules.ts';

export interface Place {
  /** Null: the server itself. */
  readonly destination: DestinationRecord | null;
  readonly asked: Asked;
}

/** Throws `destination.not-found`. */
export async function placeOf(
  destinations: Pick<DestinationStore, 'findLiveByName'>,
  { role, resource }: { readonly role?: string | undefined; readonly resource: string },
): Promise<Place> {
  // The endpoint's schema has made sure that it is one.
  const { destination: name, namespace } = parseResourceName(resource) ?? { destination: resource };
  if (name === serverResource) return { destination: null, asked: { role, namespace: undefined, isServer: true } };
  const destination = await destinations.findLiveByName(name);
  if (destination === undefined)
    throw new DomainError('destination.not-found', `There is no destination ${name}. See: infra destinations list`);
  return { destination, asked: { role, namespace, isServer: false } };
}
