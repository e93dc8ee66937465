/** What ends with an identity provider: every session, lease and membership it fed. Bound to a transaction. */
import type { Act } from '../audit/caller.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import type { AccessEffects } from './access-effects.ts';
import { hasWayIn } from './account-rules.ts';
import type { AccountStore } from './account-store.ts';
import type { GroupStore } from './group-store.ts';
import { leave } from './provider-groups.ts';
import type { Provider } from './provider-store.ts';
import type { PasswordRecords } from './user-service.ts';

interface Stores {
  readonly accounts: AccountStore;
  readonly groups: GroupStore;
  readonly passwords: Pick<PasswordRecords, 'stateOf'>;
  readonly effects: Pick<AccessEffects, 'membershipChanged' | 'revokeIdentity' | 'endProviderSessions'>;
  readonly audit: AuditLog;
}
export interface ProviderEnded {
  readonly sessionsEnded: number;
  readonly leasesRevoked: number;
  readonly membershipsEnded: number;
}

/** Closes the way in; accounts and groups stay, so that enabling it again finds them. */
export async function endProvider(stores: Stores, provider: Provider, reason: string, act: Act): Promise<ProviderEnded> {
  const own = await stores.effects.endProviderSessions({ providerId: provider.id }, reason, act);
  await stores.accounts.endOfProvider(provider.id);
  let { sessionsEnded, leasesRevoked } = own;
  for (const identityId of await leftWithoutWayIn(stores, provider.id)) {
    // Access keys open sessions too; theirs must not outlive the person's last way in.
    const ended = await stores.effects.revokeIdentity(identityId, reason, act);
    sessionsEnded += ended.sessionsEnded;
    leasesRevoked += ended.leasesRevoked;
  }
  return { sessionsEnded, leasesRevoked, membershipsEnded: await endMemberships(stores, provider, act) };
}

/** People with an account here who can log in by nothing else, now that it is ended. */
async function leftWithoutWayIn(stores: Stores, providerId: string): Promise<string[]> {
  const left: string[] = [];
  for (const { identityId } of await stores.accounts.ofProvider(providerId)) {
    const isIn = hasWayIn(await stores.passwords.stateOf(identityId), await stores.accounts.ofIdentity(identityId));
    if (!isIn) left.push(identityId);
  }
  return left;
}

async function endMemberships(stores: Stores, provider: Provider, act: Act): Promise<number> {
  let ended = 0;
  for (const group of await stores.groups.ofProvider(provider.name)) {
    for (const member of await stores.groups.allMembers(group.id)) {
      await leave(stores, group, member, act);
      ended += 1;
    }
  }
  return ended;
}
