/** Who holds what, from grants and memberships: the rule behind what connectors let in and what people see as theirs. */
import { isImpersonateRole } from '../../shared/resource-name.ts';
import type { DesiredGrant, DesiredIdentity } from '../../shared/api/connectors.ts';

export interface HeldGrant {
  readonly id: DesiredGrant['id'];
  readonly subject: { readonly kind: 'user' | 'group' | 'workload'; readonly id: string };
  readonly role: string;
  readonly namespace: string | null;
  readonly until: string | null;
}
export interface KnownIdentity {
  readonly id: DesiredIdentity['id'];
  readonly kind: DesiredIdentity['kind'];
  readonly name: string;
  readonly status: DesiredIdentity['status'];
}
export interface Membership {
  readonly groupId: string;
  readonly groupName: string;
  readonly identityId: string;
}

/**
 * Each identity with the grants it holds itself or through a group; who holds nothing is left out.
 * `grants` are of one destination and in force; disabled identities keep their grants and their status says that they do not count.
 */
export function effectiveAccess(
  grants: readonly HeldGrant[],
  identities: readonly KnownIdentity[],
  memberships: readonly Membership[],
): DesiredIdentity[] {
  const bySubject = groupBy(grants, (grant) => grant.subject.id);
  const byIdentity = groupBy(memberships, (membership) => membership.identityId);
  const desired: DesiredIdentity[] = [];
  for (const { id, kind, name, status } of identities) {
    const own = (bySubject.get(id) ?? []).map((grant) => toDesired(grant, null));
    const throughGroups = (byIdentity.get(id) ?? []).flatMap((membership) =>
      (bySubject.get(membership.groupId) ?? []).map((grant) => toDesired(grant, membership.groupName)),
    );
    const held = [...own, ...throughGroups];
    if (held.length === 0) continue;
    desired.push({ id, kind, name, status, ...apart(held) });
  }
  return desired;
}

function apart(held: readonly DesiredGrant[]): Pick<DesiredIdentity, 'grants' | 'impersonateGrants'> {
  const impersonateGrants = held.filter(({ role }) => isImpersonateRole(role));
  const grants = held.filter(({ role }) => !isImpersonateRole(role));
  return impersonateGrants.length === 0 ? { grants } : { grants, impersonateGrants };
}

const toDesired = ({ id, role, namespace, until }: HeldGrant, group: string | null): DesiredGrant => ({
  id,
  role,
  namespace,
  until,
  group,
});

function groupBy<Item>(items: readonly Item[], keyOf: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}

/** The latest end among grants: null when one of them has none. */
export function longestUntil(grants: readonly { readonly until: string | null }[]): string | null {
  let latest = '';
  for (const { until } of grants) {
    if (until === null) return null;
    if (until > latest) latest = until;
  }
  return latest;
}
