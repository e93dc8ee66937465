/** Whose leases of one destination are: for those that come from a connector, which is believed about its own destination alone. */
import type { IdentityId } from '../../shared/api/values.ts';
import { toTime, type Clock } from '../../shared/clock.ts';
import type { IdentityKind, IdentityStore } from '../identity/identity-store.ts';
import type { LeaseStore } from './lease-store.ts';

export interface LeaseOwner {
  readonly id: IdentityId;
  readonly kind: IdentityKind;
  readonly name: string;
}

/** By lease; those of other destinations, and those whose session has ended, are left out. */
export type LeaseOwners = (destinationId: string, leaseIds: readonly string[]) => Promise<ReadonlyMap<string, LeaseOwner>>;

export interface LeaseOwnersOptions {
  readonly read: { readonly leases: Pick<LeaseStore, 'unendedAt'>; readonly identities: Pick<IdentityStore, 'findMany'> };
  readonly clock: Clock;
}

export const createLeaseOwners =
  ({ read, clock }: LeaseOwnersOptions): LeaseOwners =>
  async (destinationId, leaseIds) => {
    if (leaseIds.length === 0) return new Map();
    const leases = await read.leases.unendedAt(destinationId, toTime(clock.now()), leaseIds);
    const identities = await read.identities.findMany([...new Set(leases.map(({ identityId }) => identityId))]);
    const byId = new Map(identities.map(({ id, kind, name }) => [id, { id, kind, name }]));
    return new Map(
      leases.flatMap(({ id, identityId }) => {
        const owner = byId.get(identityId);
        return owner === undefined ? [] : [[id, owner] as const];
      }),
    );
  };
