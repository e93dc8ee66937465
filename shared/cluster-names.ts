/** What people and their rights are called in a cluster: every name is prefixed, so nothing that is bound natively to an email or a group is inherited. */
import { isNamespaceName, isRoleName } from './resource-name.ts';

/** The role that lends a group's own name and binds nothing. */
export const connectRole = 'connect';

/** `infra:ana@example.com`, `infra:workload:deploy`. @param prefix a setting of the destination. */
export function clusterUserOf(
  identity: { readonly id: string; readonly kind: 'user' | 'workload'; readonly name: string },
  prefix: string,
): string {
  const name = identity.kind === 'workload' ? `workload:${identity.name}` : identity.name;
  // Header values are bytes whose encoding nobody agrees on; beyond printable ASCII the id stands for the name.
  return /^[\x21-\x7e]+$/.test(name) ? `${prefix}${name}` : `${prefix}${identity.id}`;
}

/** `infra:view@team-a`, `infra:cluster-admin@*`; undefined when the grant lends no group. `group`: through which it is held. */
export function clusterGroupOf(grant: {
  readonly role: string;
  readonly namespace: string | null;
  readonly group: string | null;
}): string | undefined {
  if (grant.role === connectRole) return grant.group === null || !isPlainAscii(grant.group) ? undefined : `infra:group:${grant.group}`;
  if (!isRoleName(grant.role) || (grant.namespace !== null && !isNamespaceName(grant.namespace))) return undefined;
  return `infra:${grant.role}@${grant.namespace ?? '*'}`;
}

const isPlainAscii = (text: string): boolean => /^[\x21-\x7e]{1,200}$/.test(text);
