/** What may be granted where: the rules of roles and resources, before anything is looked up. */
import { parseImpersonateRole } from '../../shared/impersonate-role.ts';
import { isImpersonateRole, parseResourceName, serverResource, type ResourceName } from '../../shared/resource-name.ts';

export interface GrantWish {
  readonly role: string;
  readonly resource: string;
  readonly until: string | undefined;
  readonly mfaSeconds: number | undefined;
}
export interface GrantFault {
  readonly field: 'role' | 'resource' | 'until' | 'mfaSeconds';
  readonly message: string;
}

export const serverRoles = ['admin', 'view'] as const;

/** The resource taken apart, or what is wrong with the wish. `now` as RFC 3339. */
export function checkGrant(wish: GrantWish, now: string): { readonly resource: ResourceName } | GrantFault {
  const resource = parseResourceName(wish.resource);
  if (resource === undefined)
    return { field: 'resource', message: 'must be DESTINATION or DESTINATION.NAMESPACE, such as prod or prod.web' };
  if (wish.until !== undefined && wish.until <= now)
    return { field: 'until', message: 'is in the past; give a later time, or leave it out for a grant without an end' };
  if (resource.destination === serverResource) {
    if (wish.mfaSeconds !== undefined)
      return {
        field: 'mfaSeconds',
        message: 'is for grants on destinations: rights on infra itself cannot ask for a second factor; leave it out',
      };
    return serverRoles.some((role) => role === wish.role) ? { resource } : { field: 'role', message: 'on infra is admin or view' };
  }
  if (wish.role.startsWith('role/') && resource.namespace === undefined) {
    return {
      field: 'resource',
      message: `must name a namespace for ${wish.role}, such as ${resource.destination}.web: a Role lives in one`,
    };
  }
  return (isImpersonateRole(wish.role) ? impersonateFault(wish.role, resource) : undefined) ?? { resource };
}

/** Users and groups are the cluster's, a service account is its namespace's. */
function impersonateFault(role: string, { destination, namespace }: ResourceName): GrantFault | undefined {
  const target = parseImpersonateRole(role);
  if ('fault' in target) return { field: 'role', message: target.fault };
  if (namespace === undefined) return undefined;
  if (target.kind !== 'serviceaccount')
    return {
      field: 'resource',
      message: `must be the whole cluster for ${role}: a ${target.kind} is of no namespace; name ${destination}`,
    };
  return namespace === target.namespace
    ? undefined
    : { field: 'resource', message: `must be ${destination}.${target.namespace}, the service account's own namespace, or ${destination}` };
}

/** A user whose name begins like those that infra gives people at this destination could be one of them. */
export function prefixFault(role: string, userPrefix: string): GrantFault | undefined {
  return role.startsWith(`impersonate:user:${userPrefix}`)
    ? {
        field: 'role',
        message: `may not name a user that begins with ${userPrefix}, which is infra's own there; grant the role itself instead`,
      }
    : undefined;
}

/** A program cannot prove one, so for it such a grant would never hold. */
export function mfaFault(kind: 'user' | 'group' | 'workload', mfaSeconds: number | undefined): GrantFault | undefined {
  return kind === 'workload' && mfaSeconds !== undefined
    ? {
        field: 'mfaSeconds',
        message: 'cannot be asked of a workload, which has no second factor; leave it out, and give the grant an end instead',
      }
    : undefined;
}

interface GrantTerms {
  readonly until: string | null;
  readonly mfaSeconds: number | null;
}

/** Whether a grant that stands makes another one pointless: the same thing for at least as long, on no harder terms. */
export const covers = (standing: GrantTerms, wished: GrantTerms): boolean =>
  (standing.until === null || (wished.until !== null && standing.until >= wished.until)) &&
  (standing.mfaSeconds === null || (wished.mfaSeconds !== null && standing.mfaSeconds >= wished.mfaSeconds));

/** The sentence for somebody who lacks a grant, with the command that would give it. */
export const missingGrant = (name: string, resource: string): string =>
  `${name} has no grant on ${resource}. Ask an admin for: infra grants add ${name} --role ROLE ${resource} (ROLE: view, edit, admin …). What there is: infra explain ${name} ${resource}`;
