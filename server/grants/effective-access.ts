/** Who holds what, from grants and memberships: the rule behind what connectors let in and what people see as theirs. */
import { isImpersonateRole } from '../../shared/resource-name.ts';
import type { DesiredGrant, DesiredIdentity, DesiredMfaGrant } from '../../shared/api/connectors.ts';

export interface HeldGrant {
  readonly id: DesiredGrant['id'];
  readonly subject: { readonly kind: 'user' | 'group' | 'workload'; readonly id: string };
  readonly role: string;
  readonly namespace: string | null;
  readonly until: string | null;
  readonly mfaSeconds: number | null;
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
    const own = (bySubject.get(id) ?? []).map((grant): Holding => ({ grant, group: null }));
    const throughGroups = (byIdentity.get(id) ?? []).flatMap((membership) =>
      (bySubject.get(membership.groupId) ?? []).map((grant): Holding => ({ grant, group: membership.groupName })),
    );
    // Through a group a workload may hold a grant that asks for a second factor, which it never has.
    const held = [...own, ...throughGroups].filter(({ grant }) => kind === 'user' || grant.mfaSeconds === null);
    if (held.length === 0) continue;
    desired.push({ id, kind, name, status, ...apart(held) });
  }
  return desired;
}

interface Holding {
  readonly grant: HeldGrant;
  /** Through which it is held. */
  readonly group: string | null;
}

/** What not every connector knows stands in lists of its own, which those that do not leave out. */
function apart(held: readonly Holding[]): Pick<DesiredIdentity, 'grants' | 'impersonateGrants' | 'mfaGrants'> {
  const plain = held.filter(({ grant }) => grant.mfaSeconds === null).map(toDesired);
  const mfaGrants = held.flatMap(toDesiredMfa);
  const impersonateGrants = plain.filter(({ role }) => isImpersonateRole(role));
  return {
    grants: plain.filter(({ role }) => !isImpersonateRole(role)),
    ...(impersonateGrants.length === 0 ? {} : { impersonateGrants }),
    ...(mfaGrants.length === 0 ? {} : { mfaGrants }),
  };
}

const toDesired = ({ grant: { id, role, namespace, until }, group }: Holding): DesiredGrant => ({ id, role, namespace, until, group });

const toDesiredMfa = (holding: Holding): DesiredMfaGrant[] => {
  const { mfaSeconds } = holding.grant;
  return mfaSeconds === null ? [] : [{ ...toDesired(holding), mfaSeconds }];
};

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
