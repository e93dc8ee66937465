/** How what the server says becomes what is known here: pure. Duplicates and late answers change nothing; a gap asks for the whole. */
import type { DesiredIdentity, DesiredLease, DesiredState } from '../../shared/api/connectors.ts';

export type DesiredDestination = DesiredState['destination'];

export interface KnownState {
  readonly epoch: string;
  readonly revision: number;
  readonly destination: DesiredDestination;
  readonly identities: ReadonlyMap<string, DesiredIdentity>;
  readonly leases: ReadonlyMap<string, DesiredLease>;
}

export type Advance =
  | { readonly kind: 'advanced'; readonly state: KnownState; readonly touched: Touched }
  /** Older than, or the same as, what is known. */
  | { readonly kind: 'unchanged' }
  /** A delta that does not start where we are: the whole state is needed. */
  | { readonly kind: 'gap' };

/** Identities whose rights may differ now. */
export type Touched = 'all' | ReadonlySet<string>;

export function advance(known: KnownState | undefined, incoming: DesiredState): Advance {
  if (incoming.kind === 'full') return advanceWhole(known, incoming);
  if (known === undefined || known.epoch !== incoming.epoch || incoming.since > known.revision) return { kind: 'gap' };
  if (incoming.revision < known.revision) return { kind: 'unchanged' };
  if (incoming.revision === known.revision && isEmptyDelta(incoming)) return { kind: 'unchanged' };
  const identities = new Map(known.identities);
  const leases = new Map(known.leases);
  const touched = new Set<string>();
  for (const id of incoming.removedIdentities) if (identities.delete(id)) touched.add(id);
  for (const identity of incoming.identities) {
    identities.set(identity.id, identity);
    touched.add(identity.id);
  }
  for (const id of incoming.removedLeases) {
    const lease = leases.get(id);
    if (lease !== undefined) touched.add(lease.identityId);
    leases.delete(id);
  }
  for (const lease of incoming.leases) {
    leases.set(lease.id, lease);
    touched.add(lease.identityId);
  }
  // A changed setting (the user prefix, say) can change what any open stream is entitled to.
  const sameSettings = JSON.stringify(known.destination) === JSON.stringify(incoming.destination);
  return { kind: 'advanced', state: stateOf(incoming, identities, leases), touched: sameSettings ? touched : 'all' };
}

function advanceWhole(known: KnownState | undefined, incoming: Extract<DesiredState, { kind: 'full' }>): Advance {
  if (known?.epoch === incoming.epoch && incoming.revision < known.revision) return { kind: 'unchanged' };
  const identities = new Map(incoming.identities.map((identity) => [identity.id as string, identity]));
  const leases = new Map(incoming.leases.map((lease) => [lease.id as string, lease]));
  return { kind: 'advanced', state: stateOf(incoming, identities, leases), touched: 'all' };
}

const isEmptyDelta = (delta: Extract<DesiredState, { kind: 'delta' }>): boolean =>
  delta.identities.length + delta.removedIdentities.length + delta.leases.length + delta.removedLeases.length === 0;

const stateOf = (
  incoming: DesiredState,
  identities: ReadonlyMap<string, DesiredIdentity>,
  leases: ReadonlyMap<string, DesiredLease>,
): KnownState => ({ epoch: incoming.epoch, revision: incoming.revision, destination: incoming.destination, identities, leases });

/** After the server has said that this connector is no longer one: nobody may come in, nothing is owned. */
export const dismissed = (known: KnownState): KnownState => ({ ...known, identities: new Map(), leases: new Map() });
