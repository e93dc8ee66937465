/** Whether a request may pass, and with whose rights: pure. Deny unless a lease, an identity and a grant that are all alive say otherwise. */
import type { DesiredGrant, DesiredIdentity, DesiredLease } from '../../shared/api/connectors.ts';
import { fromTime } from '../../shared/clock.ts';
import { clusterGroupOf, clusterUserOf } from '../../shared/cluster-names.ts';
import { isImpersonateRole } from '../../shared/resource-name.ts';
import { proofNeeded } from '../../shared/second-factor.ts';
import { decideActing } from './acting-rules.ts';
import type { AskedIdentity } from './asked-rules.ts';
import { whyGuarded } from './guarded-rules.ts';
import { groupsOfGrants, type Impersonation } from './impersonation.ts';
import { proofWanted, withProven } from './proven-rules.ts';
import { isSelfReview, type RequestScope } from './scope-rules.ts';

/** One person as known here, their grants found by namespace. */
export interface IdentityRights {
  readonly identity: DesiredIdentity;
  readonly clusterWide: readonly DesiredGrant[];
  readonly byNamespace: ReadonlyMap<string, readonly DesiredGrant[]>;
}

export interface AccessQuestion {
  readonly scope: RequestScope;
  /** Whom they ask to act as; undefined: they act as themselves. */
  readonly asked: AskedIdentity | undefined;
  readonly identityId: string;
  readonly leaseId: string;
  readonly rights: IdentityRights | undefined;
  readonly lease: DesiredLease | undefined;
  readonly destination: { readonly name: string; readonly userPrefix: string };
  /** The connector's own namespace. */
  readonly guardedNamespace: string | undefined;
  /** The connector's own service account. */
  readonly ownAccount: string | undefined;
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
  /** What is said besides when the cluster's RBAC refuses it: more would be lent with a second factor. Printable ASCII. */
  readonly hint: string | undefined;
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
  return decideHeld({ ...question, lease, rights: rightsBy(lease, rights) });
}

/** Somebody alive with a lease that is: what of their rights is lent to this request. */
function decideHeld(question: AccessQuestion & { readonly lease: DesiredLease; readonly rights: IdentityRights }): AccessDecision {
  const { lease, rights, identityId, now } = question;
  if (question.asked !== undefined) return decideAsked(question, question.asked, { identity: rights.identity, lease });
  const clusterWide = rights.clusterWide.filter((grant) => isLive(grant, now));
  const grants = [...clusterWide, ...scopedGrants(question.scope, rights, now)];
  if (!justifies(question.scope, grants, rights, now)) return noGrant(question);
  const guarded = guardedRefusal(question, clusterWide);
  if (guarded !== undefined) return guarded;
  return {
    kind: 'allowed',
    impersonation: {
      user: clusterUserOf(rights.identity, question.destination.userPrefix),
      uid: identityId,
      groups: groupsOfGrants(grants),
      leaseId: question.leaseId,
    },
    until: Math.min(fromTime(lease.sessionExpiresAt), justifiedUntil(grants, rights, now)),
    hint: hintOf(question, rights.identity),
  };
}

/** Nothing of their own rights counts: one identity is lent, whole, or none. */
function decideAsked(
  question: AccessQuestion,
  asked: AskedIdentity,
  { identity, lease }: { readonly identity: DesiredIdentity; readonly lease: DesiredLease },
): AccessDecision {
  const { destination } = question;
  const decision = decideActing({ ...question, asked, userPrefix: destination.userPrefix, grants: identity.impersonateGrants ?? [] });
  if (decision.kind === 'never') return forbidden(decision.why, false);
  if (decision.kind === 'needs') {
    const { role, namespace, what } = decision;
    const applies = (grant: DesiredGrant): boolean => grant.role === role && (grant.namespace === null || grant.namespace === namespace);
    const wanted = proofWanted(identity, { lease, now: question.now, applies });
    if (wanted !== undefined) return forbidden(`to act ${what} in ${destination.name} ${identity.name} needs ${proofNeeded(wanted)}`, true);
    const resource = namespace === undefined ? destination.name : `${destination.name}.${namespace}`;
    return forbidden(
      `${identity.name} may not act ${what} in ${destination.name}; leave --as out, or ask an admin for: infra grants add ${subjectOf(identity)} --role ${role} ${resource}`,
      true,
    );
  }
  return {
    kind: 'allowed',
    impersonation: {
      user: asked.user,
      uid: undefined,
      groups: asked.groups,
      leaseId: question.leaseId,
      askedBy: clusterUserOf(identity, destination.userPrefix),
    },
    until: Math.min(fromTime(lease.sessionExpiresAt), decision.until),
    hint: undefined,
  };
}

/** Whether what was lent before may go on: the same person, and none of the groups gone. */
export function covers(now: Impersonation, lent: Impersonation): boolean {
  const groups = new Set(now.groups);
  return now.user === lent.user && now.askedBy === lent.askedBy && lent.groups.every((group) => groups.has(group));
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

/** With those that ask for a second factor, as far as this lease's session has proven one. */
function rightsBy(lease: DesiredLease, rights: IdentityRights): IdentityRights {
  if (rights.identity.mfaGrants === undefined || rights.identity.mfaGrants.length === 0) return rights;
  const kept = provenRights.get(lease);
  if (kept?.of === rights) return kept.proven;
  const identity = withProven(rights.identity, lease);
  const proven = identity === rights.identity ? rights : rightsOf(identity);
  provenRights.set(lease, { of: rights, proven });
  return proven;
}

/** Made once for a lease and rights as they stand, not for each request: news replaces these objects, and nothing changes within one. */
const provenRights = new WeakMap<DesiredLease, { readonly of: IdentityRights; readonly proven: IdentityRights }>();

function scopedGrants(scope: RequestScope, rights: IdentityRights, now: number): readonly DesiredGrant[] {
  if (scope.namespace !== '') return (rights.byNamespace.get(scope.namespace) ?? []).filter((grant) => isLive(grant, now));
  // Lending every group to questions about oneself makes the answers true and gives nothing away.
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
    const group = clusterGroupOf(grant) ?? '';
    latestByGroup.set(group, Math.max(latestByGroup.get(group) ?? 0, endOf(grant)));
  }
  if (latestByGroup.size > 0) return Math.min(...latestByGroup.values());
  return Math.max(...rights.identity.grants.filter((grant) => isLive(grant, now)).map(endOf));
}

const endOf = (grant: DesiredGrant): number => (grant.until === null ? Number.POSITIVE_INFINITY : fromTime(grant.until));

/** What `edit` holds of the connector's own, unless a cluster-wide `cluster-admin` grant says so. */
function guardedRefusal(question: AccessQuestion, clusterWide: readonly DesiredGrant[]): Denied | undefined {
  if (clusterWide.some((grant) => grant.role === 'cluster-admin')) return undefined;
  const why = whyGuarded(question.scope, question.guardedNamespace);
  if (why === undefined) return undefined;
  return forbidden(`${why}; ask an admin for a cluster-admin grant on ${question.destination.name} if that is really needed`, false);
}

const subjectOf = ({ kind, name }: DesiredIdentity): string => (kind === 'workload' ? `workload:${name}` : name);

const forbidden = (message: string, mayBeOutdated: boolean): Denied => ({ kind: 'denied', reason: 'Forbidden', message, mayBeOutdated });

const unauthorized = (message: string, mayBeOutdated: boolean): Denied => ({
  kind: 'denied',
  reason: 'Unauthorized',
  message,
  mayBeOutdated,
});

function noGrant(question: AccessQuestion): Denied {
  const { namespace } = question.scope;
  const identity = question.rights?.identity;
  const unproven = identity === undefined ? undefined : noProof(question, identity);
  if (unproven !== undefined) return unproven;
  const name = identity?.name ?? question.lastKnownName;
  const subject = identity === undefined ? (name ?? 'EMAIL') : subjectOf(identity);
  const where = namespace === '' ? '' : ` for namespace ${namespace}`;
  const resource = namespace === '' ? question.destination.name : `${question.destination.name}.${namespace}`;
  return forbidden(
    `${name ?? question.identityId} has no grant${where} in ${question.destination.name}. Ask an admin for: infra grants add ${subject} --role view ${resource} (what there is: infra explain ${subject} ${resource})`,
    true,
  );
}

/** How old a proof may be at most that would lend more here; undefined: none would. */
function proofThatHelps({ scope: { namespace }, lease, now }: AccessQuestion, identity: DesiredIdentity): number | undefined {
  if (lease === undefined || identity.mfaGrants === undefined) return undefined;
  const applies = (grant: DesiredGrant): boolean =>
    !isImpersonateRole(grant.role) && (grant.namespace === null || namespace === '' || grant.namespace === namespace);
  return proofWanted(identity, { lease, now, applies });
}

function hintOf(question: AccessQuestion, identity: DesiredIdentity): string | undefined {
  const wanted = proofThatHelps(question, identity);
  return wanted === undefined ? undefined : `more is granted here on condition of ${proofNeeded(wanted)}`;
}

/** A grant that lacks nothing but the second factor is not missing. */
function noProof(question: AccessQuestion, identity: DesiredIdentity): Denied | undefined {
  const wanted = proofThatHelps(question, identity);
  if (wanted === undefined) return undefined;
  const {
    scope: { namespace },
    destination,
  } = question;
  const where = namespace === '' ? '' : ` for namespace ${namespace}`;
  return forbidden(`what ${identity.name} is granted${where} in ${destination.name} needs ${proofNeeded(wanted)}`, true);
}
