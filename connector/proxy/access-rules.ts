/** Whether a request may pass, and with whose rights: pure. Deny unless a lease, an identity and a grant that are all alive say otherwise. */
import type { DesiredGrant, DesiredIdentity, DesiredLease } from '../../shared/api/connectors.ts';
import { fromTime } from '../../shared/clock.ts';
import { groupOfGrant, groupsOfGrants, impersonatedUser, type Impersonation } from './impersonation.ts';

/** The part of a request's meaning that rights depend on. */
export interface RequestScope {
  readonly isResource: boolean;
  readonly verb: string;
  readonly apiGroup: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
}

/** One person as known here, their grants found by namespace. */
export interface IdentityRights {
  readonly identity: DesiredIdentity;
  readonly clusterWide: readonly DesiredGrant[];
  readonly byNamespace: ReadonlyMap<string, readonly DesiredGrant[]>;
}

export interface AccessQuestion {
  readonly scope: RequestScope;
  readonly identityId: string;
  readonly leaseId: string;
  readonly rights: IdentityRights | undefined;
  readonly lease: DesiredLease | undefined;
  readonly destination: { readonly name: string; readonly userPrefix: string };
  /** The connector's own namespace. */
  readonly guardedNamespace: string | undefined;
  /** For the sentence, when the identity has no rights here any more. */
  readonly lastKnownName: string | undefined;
  /** Milliseconds on the server's clock. */
  readonly now: number;
}

export interface Allowed {
  readonly kind: 'allowed';
  readonly impersonation: Impersonation;
  /** When at the latest this must be decided anew: end of session, or of a grant that lends one of the groups. */
  readonly until: number;
}

export interface Denied {
  readonly kind: 'denied';
  readonly reason: 'Unauthorized' | 'Forbidden';
  readonly message: string;
  /** Asking the server for anything newer could turn this around. */
  readonly mayBeOutdated: boolean;
}

export type AccessDecision = Allowed | Denied;

export function decideAccess(question: AccessQuestion): AccessDecision {
  const { lease, rights, identityId, now } = question;
  if (lease?.identityId !== identityId) return unauthorized('this credential is not known here; log in again with: infra login', true);
  if (lease.status === 'revoked') return unauthorized('this credential was revoked; log in again with: infra login', false);
  if (fromTime(lease.sessionExpiresAt) <= now) return unauthorized('your session has ended; log in again with: infra login', false);
  if (rights === undefined) return noGrant(question);
  if (rights.identity.status !== 'active') return unauthorized(`${rights.identity.name} is disabled; ask an admin`, true);

  const clusterWide = rights.clusterWide.filter((grant) => isLive(grant, now));
  const grants = [...clusterWide, ...scopedGrants(question.scope, rights, now)];
  if (!justifies(question.scope, grants, rights, now)) return noGrant(question);
  const forbidden = guardedRefusal(question, clusterWide);
  if (forbidden !== undefined) return { kind: 'denied', reason: 'Forbidden', message: forbidden, mayBeOutdated: false };
  return {
    kind: 'allowed',
    impersonation: {
      user: impersonatedUser(rights.identity, question.destination.userPrefix),
      uid: identityId,
      groups: groupsOfGrants(grants),
      leaseId: question.leaseId,
    },
    until: Math.min(fromTime(lease.sessionExpiresAt), justifiedUntil(grants, rights, now)),
  };
}

/** Whether what was lent before may go on: the same person, and none of the groups gone. */
export function covers(now: Impersonation, lent: Impersonation): boolean {
  const groups = new Set(now.groups);
  return now.user === lent.user && lent.groups.every((group) => groups.has(group));
}

export const isLive = (grant: DesiredGrant, now: number): boolean => grant.until === null || fromTime(grant.until) > now;

export function rightsOf(identity: DesiredIdentity): IdentityRights {
  const byNamespace = new Map<string, DesiredGrant[]>();
  for (const grant of identity.grants) {
    if (grant.namespace === null) continue;
    const others = byNamespace.get(grant.namespace);
    if (others === undefined) byNamespace.set(grant.namespace, [grant]);
    else others.push(grant);
  }
  return { identity, clusterWide: identity.grants.filter((grant) => grant.namespace === null), byNamespace };
}

function scopedGrants(scope: RequestScope, rights: IdentityRights, now: number): readonly DesiredGrant[] {
  if (scope.namespace !== '') return (rights.byNamespace.get(scope.namespace) ?? []).filter((grant) => isLive(grant, now));
  // `kubectl auth whoami` and `can-i` ask about oneself: lending every group there makes the answers true and gives nothing away.
  return isSelfReview(scope) ? rights.identity.grants.filter((grant) => grant.namespace !== null && isLive(grant, now)) : [];
}

/** Inside a namespace a grant for it is needed; outside (discovery, cluster-wide lists) any live grant here opens the door, and RBAC judges the rest. */
function justifies(scope: RequestScope, grants: readonly DesiredGrant[], rights: IdentityRights, now: number): boolean {
  return grants.length > 0 || (scope.namespace === '' && rights.identity.grants.some((grant) => isLive(grant, now)));
}

/** Earliest moment at which one of the groups is lent by no grant any more, or with no group at all, at which the last grant ends. */
function justifiedUntil(grants: readonly DesiredGrant[], rights: IdentityRights, now: number): number {
  const latestByGroup = new Map<string, number>();
  for (const grant of grants) {
    const group = groupOfGrant(grant) ?? '';
    latestByGroup.set(group, Math.max(latestByGroup.get(group) ?? 0, endOf(grant)));
  }
  if (latestByGroup.size > 0) return Math.min(...latestByGroup.values());
  return Math.max(...rights.identity.grants.filter((grant) => isLive(grant, now)).map(endOf));
}

const endOf = (grant: DesiredGrant): number => (grant.until === null ? Number.POSITIVE_INFINITY : fromTime(grant.until));

const selfReviews: Readonly<Record<string, readonly string[]>> = {
  'authentication.k8s.io': ['selfsubjectreviews'],
  'authorization.k8s.io': ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'],
};
const isSelfReview = (scope: RequestScope): boolean =>
  scope.verb === 'create' && (selfReviews[scope.apiGroup] ?? []).includes(scope.resource);

const readVerbs = new Set(['get', 'list', 'watch']);

/**
 * Rights that would outlive a revocation or lead to the connector's own account (`edit` holds them all), kept for a cluster-wide
 * `cluster-admin` grant: minting service-account tokens anywhere; in the connector's namespace everything but reading what is neither
 * secret nor pod; and lists of all namespaces' secrets, which would show the connector's.
 */
function guardedRefusal(question: AccessQuestion, clusterWide: readonly DesiredGrant[]): string | undefined {
  const { scope, guardedNamespace } = question;
  if (clusterWide.some((grant) => grant.role === 'cluster-admin')) return undefined;
  const needed = `ask an admin for a cluster-admin grant on ${question.destination.name} if that is really needed`;
  if (scope.resource === 'serviceaccounts' && scope.subresource === 'token' && scope.verb === 'create')
    return `minting service-account tokens is not possible through infra, as they outlive a revocation; ${needed}`;
  if (guardedNamespace === undefined || !scope.isResource || (scope.apiGroup !== '' && readVerbs.has(scope.verb))) return undefined;
  if (scope.namespace === '' && scope.resource === 'secrets' && readVerbs.has(scope.verb))
    return `secrets of all namespaces include the connector's own; name a namespace with -n, or ${needed}`;
  if (scope.namespace !== guardedNamespace) return undefined;
  const isHarmless = readVerbs.has(scope.verb) && scope.subresource === '' && scope.resource !== 'secrets' && scope.resource !== 'pods';
  return isHarmless ? undefined : `the namespace ${guardedNamespace} is the connector's own; ${needed}`;
}

const unauthorized = (message: string, mayBeOutdated: boolean): Denied => ({
  kind: 'denied',
  reason: 'Unauthorized',
  message,
  mayBeOutdated,
});

function noGrant(question: AccessQuestion): Denied {
  const { namespace } = question.scope;
  const identity = question.rights?.identity;
  const name = identity?.name ?? question.lastKnownName;
  const subject = name === undefined ? 'EMAIL' : identity?.kind === 'workload' ? `workload:${name}` : name;
  const where = namespace === '' ? '' : ` for namespace ${namespace}`;
  const resource = namespace === '' ? question.destination.name : `${question.destination.name}.${namespace}`;
  return {
    kind: 'denied',
    reason: 'Forbidden',
    message: `${name ?? question.identityId} has no grant${where} in ${question.destination.name}. Ask an admin for: infra grants add ${subject} --role view ${resource}`,
    mayBeOutdated: true,
  };
}
