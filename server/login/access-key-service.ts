/** Access keys: made once, shown once, and gone with everything they opened. */
import { toTime, type Clock } from '../../shared/clock.ts';
import { newId } from '../../shared/id.ts';
import type { AccessKey } from '../../shared/api/access-keys.ts';
import type { Page, PageRequest } from '../../shared/api/pagination.ts';
import { DomainError } from '../../shared/api/problem.ts';
import type { AccessKeyId, Change } from '../../shared/api/values.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import { authorOf, type Act, type Caller } from '../audit/caller.ts';
import { identityNamed } from '../identity/group-service.ts';
import type { IdentityStore } from '../identity/identity-store.ts';
import type { ChangeFeed } from '../storage/change-feed.ts';
import type { Transact } from '../storage/transact.ts';
import type { AccessKeyStore, OwnedAccessKey } from './access-key-store.ts';
import { hashSecret, newSecret } from './secrets.ts';
import type { SessionEnd } from './session-end.ts';
import { listScope, mayCreateAccessKey, mayEnd } from './session-policy.ts';

interface Stores {
  readonly accessKeys: AccessKeyStore;
  readonly identities: IdentityStore;
  readonly sessionEnd: SessionEnd;
  readonly audit: AuditLog;
  readonly feed: ChangeFeed;
}
export interface AccessKeyServiceOptions {
  readonly read: Pick<Stores, 'accessKeys'>;
  readonly transact: Transact<Stores>;
  readonly clock: Clock;
}
export interface NewAccessKey {
  readonly name: string;
  readonly identity?: string | undefined;
  readonly expiresInSeconds: number;
  readonly idleSeconds?: number | undefined;
}

export type AccessKeyService = ReturnType<typeof createAccessKeyService>;

export function createAccessKeyService({ read, transact, clock }: AccessKeyServiceOptions) {
  return {
    list: async (
      filter: PageRequest & { readonly identity?: string | undefined; readonly all?: string | undefined },
      caller: Caller,
    ): Promise<Page<AccessKey>> => {
      const page = await read.accessKeys.list({
        limit: filter.limit,
        cursor: filter.cursor,
        identityId: listScope(caller, filter, 'access keys'),
      });
      return { items: page.items.map(describe), nextCursor: page.nextCursor };
    },

    create: async (input: NewAccessKey, caller: Caller): Promise<{ accessKey: AccessKey; secret: string }> => {
      // Before anything is looked up: who may not make keys for others learns nothing about them.
      mayCreateAccessKey(caller, input.identity === undefined || input.identity === caller.identity.name ? caller.identity.id : '');
      const secret = newSecret('key');
      return transact(async (stores) => {
        const act: Act = { by: authorOf(caller), now: clock.now() };
        const owner = input.identity === undefined ? caller.identity : await identityNamed(stores.identities, input.identity);
        const key: OwnedAccessKey = {
          // An id made with the prefix of access keys is one.
          id: newId('accessKey', act.now) as AccessKeyId,
          name: input.name,
          identityId: owner.id,
          ownerName: owner.name,
          createdAt: toTime(act.now),
          createdBy: caller.identity.name,
          expiresAt: toTime(act.now + input.expiresInSeconds * 1000),
          idleSeconds: input.idleSeconds ?? null,
          lastUsedAt: null,
        };
        await stores.accessKeys.insert(key, hashSecret(secret));
        await stores.audit.record({
          event: 'access-key.added',
          act,
          details: { accessKey: { id: key.id, name: key.name }, owner: { id: owner.id, name: owner.name }, expiresAt: key.expiresAt },
        });
        return { accessKey: describe(key), secret };
      });
    },

    remove: async (id: AccessKeyId, caller: Caller): Promise<{ change: Change }> =>
      transact(async (stores) => {
        const key = await stores.accessKeys.find(id);
        if (key === undefined || !mayEnd(caller, key.identityId))
          throw new DomainError('access-key.not-found', 'There is no such access key of yours. See: infra keys list');
        await removeAccessKey(stores, key, { by: authorOf(caller), now: clock.now() });
        return { change: stores.feed.change() };
      }),
  };
}

/** Takes a key away with the sessions it opened, and their leases. */
export async function removeAccessKey(
  stores: Pick<Stores, 'accessKeys' | 'sessionEnd' | 'audit'>,
  key: OwnedAccessKey,
  act: Act,
): Promise<void> {
  await stores.sessionEnd.endAllOf({ accessKeyId: key.id }, 'access key removed', act);
  await stores.accessKeys.remove(key.id);
  await stores.audit.record({
    event: 'access-key.removed',
    act,
    details: { accessKey: { id: key.id, name: key.name }, owner: { id: key.identityId, name: key.ownerName } },
  });
}

const describe = (key: OwnedAccessKey): AccessKey => ({
  id: key.id,
  name: key.name,
  identity: { id: key.identityId, name: key.ownerName },
  createdAt: key.createdAt,
  expiresAt: key.expiresAt,
  idleSeconds: key.idleSeconds,
  lastUsedAt: key.lastUsedAt,
  createdBy: key.createdBy,
});
