/** Who holds a role on a resource now: grants at the place, groups expanded. Changes nothing. */
import { toTime, type Clock } from '../../shared/clock.ts';
import type { Holder } from '../../shared/api/explanations.ts';
import type { DestinationStore } from '../destinations/destination-store.ts';
import type { GroupStore } from '../identity/group-store.ts';
import type { IdentityStore } from '../identity/identity-store.ts';
import { placeOf } from './explain-place.ts';
import { gives } from './explain-rules.ts';
import { resourceOf } from './grant-description.ts';
import type { GrantRecord, GrantStore } from './grant-store.ts';

interface Stores {
  readonly grants: GrantStore;
  readonly identities: IdentityStore;
  readonly groups: GroupStore;
  readonly destinations: DestinationStore;
}

export type WhoCan = ReturnType<typeof createWhoCan>;

const holdersShown = 1000;

export function createWhoCan({ read, clock }: { readonly read: Stores; readonly clock: Clock }) {
  return async (question: { readonly role: string; readonly resource: string }): Promise<{ count: number; holders: Holder[] }> => {
    const { destination, asked } = await placeOf(read.destinations, question);
    const now = toTime(clock.now());
    const inForce = destination === null ? await onServer(read.grants, now) : await read.grants.atDestination(destination.id, now);
    const held = await heldBy(
      read,
      inForce.filter((grant) => gives(grant, asked) === 'all'),
    );
    const identities = await read.identities.findMany([...new Set(held.map(({ identityId }) => identityId))]);
    const byId = new Map(identities.map((identity) => [identity.id as string, identity]));
    const holders = held.flatMap(({ identityId, grant, group }): Holder[] => {
      const identity = byId.get(identityId);
      // Whom a grant asks for a second factor that they cannot have does not hold it.
      if (identity === undefined || (identity.kind === 'workload' && grant.mfaSeconds !== null)) return [];
      const { id, kind, name, status } = identity;
      const { id: grantId, role, until, mfaSeconds } = grant;
      return [
        {
          identity: { id, kind, name, status },
          grant: { id: grantId, role, resource: resourceOf(grant, destination), until, mfaSeconds },
          group,
        },
      ];
    });
    holders.sort((one, other) => one.identity.name.localeCompare(other.identity.name) || (one.grant.id < other.grant.id ? -1 : 1));
    return { count: holders.length, holders: holders.slice(0, holdersShown) };
  };
}

interface HeldBy {
  readonly identityId: string;
  readonly grant: GrantRecord;
  readonly group: string | null;
}

async function heldBy({ groups }: Stores, grants: readonly GrantRecord[]): Promise<HeldBy[]> {
  const ids = new Set(grants.filter(({ subject }) => subject.kind === 'group').map(({ subject }) => subject.id));
  const names = new Map((await groups.findMany([...ids])).map(({ id, name }) => [id as string, name]));
  const members = new Map(await Promise.all([...ids].map(async (id) => [id, await groups.memberIds(id)] as const)));
  return grants.flatMap((grant): HeldBy[] =>
    grant.subject.kind === 'group'
      ? (members.get(grant.subject.id) ?? []).map((identityId) => ({ identityId, grant, group: names.get(grant.subject.id) ?? null }))
      : [{ identityId: grant.subject.id, grant, group: null }],
  );
}

/** Few: who may administer infra itself. */
async function onServer(grants: GrantStore, at: string): Promise<GrantRecord[]> {
  const all: GrantRecord[] = [];
  let cursor: string | undefined;
  do {
    const page = await grants.list({ at, destinationId: null, limit: 1000, cursor });
    all.push(...page.items);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return all;
}
