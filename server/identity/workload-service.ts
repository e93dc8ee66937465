/** Workloads: identities of programs. They log in with access keys, or with tokens that trust rules take, and hold grants like people. */
import { newId } from '../../shared/id.ts';
import { toTime, type Clock } from '../../shared/clock.ts';
import type { Page, PageRequest } from '../../shared/api/pagination.ts';
import { DomainError } from '../../shared/api/problem.ts';
import type { Change, IdentityId, WorkloadId } from '../../shared/api/values.ts';
import type { Workload } from '../../shared/api/workloads.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import { authorOf, type Caller } from '../audit/caller.ts';
import type { ChangeFeed } from '../storage/change-feed.ts';
import type { Transact } from '../storage/transact.ts';
import type { AccessEffects } from './access-effects.ts';
import type { AccountStore } from './account-store.ts';
import type { GroupStore } from './group-store.ts';
import type { Identity, IdentityFilter, IdentityStore } from './identity-store.ts';
import { named, removeIdentity } from './user-service.ts';

interface Stores {
  readonly identities: IdentityStore;
  readonly groups: GroupStore;
  readonly accounts: Pick<AccountStore, 'removeOfIdentity'>;
  readonly effects: AccessEffects;
  readonly audit: AuditLog;
  readonly feed: ChangeFeed;
}

export interface WorkloadServiceOptions {
  readonly read: Pick<Stores, 'identities'>;
  readonly transact: Transact<Stores>;
  readonly clock: Clock;
}

export type WorkloadService = ReturnType<typeof createWorkloadService>;

export function createWorkloadService({ read, transact, clock }: WorkloadServiceOptions) {
  return {
    list: async (filter: Pick<IdentityFilter, 'name' | 'search'> & PageRequest): Promise<Page<Workload>> => {
      const page = await read.identities.list({ ...filter, kind: 'workload' });
      return { items: page.items.map(describe), nextCursor: page.nextCursor };
    },

    get: async (id: WorkloadId): Promise<Workload> => describe(await existing(read.identities, id)),

    create: async (name: string, caller: Caller): Promise<Workload> =>
      transact(async (stores) => {
        const act = { by: authorOf(caller), now: clock.now() };
        // An id made with the prefix of workloads is one.
        const identity: Identity = {
          id: newId('workload', act.now) as IdentityId,
          kind: 'workload',
          name,
          status: 'active',
          createdAt: toTime(act.now),
          lastLoginAt: null,
        };
        await stores.identities.insert(identity);
        await stores.audit.record({ event: 'workload.added', act, details: { workload: named(identity) } });
        return describe(identity);
      }),

    remove: async (id: WorkloadId, caller: Caller): Promise<{ change: Change }> =>
      transact(async (stores) => {
        const act = { by: authorOf(caller), now: clock.now() };
        const identity = await existing(stores.identities, id);
        await removeIdentity(stores, identity, act);
        await stores.effects.assertAdminRemains();
        await stores.audit.record({ event: 'workload.removed', act, details: { workload: named(identity) } });
        return { change: stores.feed.change() };
      }),
  };
}

async function existing(identities: IdentityStore, id: WorkloadId): Promise<Identity> {
  const identity = await identities.find(id);
  if (identity?.kind === 'workload') return identity;
  throw new DomainError('identity.not-found', 'There is no such workload. See: infra workloads list');
}

const describe = (identity: Identity): Workload => ({
  // Only workloads come here.
  id: identity.id as string as WorkloadId,
  name: identity.name,
  status: identity.status,
  createdAt: identity.createdAt,
});
