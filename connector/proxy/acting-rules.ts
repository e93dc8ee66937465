/**
 * Whether somebody may act as the identity they ask for (`kubectl --as`): pure. Every name asked for needs a live grant of its own; names of
 * Kubernetes, of infra and of the connector itself are nobody's, whatever a grant says.
 */
import type { DesiredGrant } from '../../shared/api/connectors.ts';
import { fromTime } from '../../shared/clock.ts';
import {
  formatImpersonateRole,
  formatServiceAccountUser,
  targetOfUser,
  whyNobodyActsAs,
  type ActingTarget,
} from '../../shared/impersonate-role.ts';
import type { AskedIdentity } from './asked-rules.ts';
import { whyGuarded } from './guarded-rules.ts';
import { isDiscovery, isSelfReview, type RequestScope } from './scope-rules.ts';

export interface ActingQuestion {
  readonly asked: AskedIdentity;
  readonly scope: RequestScope;
  /** Those of `impersonate:…`. */
  readonly grants: readonly DesiredGrant[];
  /** Before the names of infra's own people here. */
  readonly userPrefix: string;
  /** The connector's own namespace. */
  readonly guardedNamespace: string | undefined;
  /** The connector's own service account. */
  readonly ownAccount: string | undefined;
  /** Milliseconds on the server's clock. */
  readonly now: number;
}

export type ActingDecision =
  /** Until the first of the names is granted no more. */
  | { readonly kind: 'may'; readonly until: number }
  /** `what` completes "may not act …"; the grant that is missing is one of `role`, in the namespace where that is enough. */
  | { readonly kind: 'needs'; readonly what: string; readonly role: string; readonly namespace: string | undefined }
  | { readonly kind: 'never'; readonly why: string };

export function decideActing(question: ActingQuestion): ActingDecision {
  const { asked, scope } = question;
  const targets = [targetOfUser(asked.user), ...asked.groups.map((name): ActingTarget => ({ kind: 'group', name }))];
  for (const target of targets) {
    const why = whyNobodyActsHere(target, question);
    if (why !== undefined) return { kind: 'never', why: `${target.kind === 'group' ? '--as-group' : '--as'} ${why}` };
  }
  let until = Number.POSITIVE_INFINITY;
  for (const target of targets) {
    const ends = lentUntil(target, question);
    if (ends <= question.now) return needed(target, question);
    until = Math.min(until, ends);
  }
  const guarded = whyGuarded(scope, question.guardedNamespace);
  return guarded === undefined
    ? { kind: 'may', until }
    : { kind: 'never', why: `${guarded}, and acting as somebody else changes nothing of that` };
}

/** Whatever a grant says, here: in words. */
export function whyNobodyActsHere(
  target: ActingTarget,
  { userPrefix, guardedNamespace, ownAccount }: Pick<ActingQuestion, 'userPrefix' | 'guardedNamespace' | 'ownAccount'>,
): string | undefined {
  if (target.kind === 'serviceaccount' && target.namespace === guardedNamespace)
    return `may not name a service account of ${guardedNamespace}: that namespace is the connector's own`;
  // Its namespace is not known to every connector that runs outside of its cluster.
  if (target.kind === 'serviceaccount' && formatServiceAccountUser(target) === ownAccount)
    return "may not name the connector's own service account";
  if (target.kind === 'user' && target.name.startsWith(userPrefix))
    return `may not name ${target.name}: names with ${userPrefix} are infra's own`;
  return whyNobodyActsAs(target);
}

/** The end of the longest grant that lends this name here; 0 without one. */
function lentUntil(target: ActingTarget, { grants, scope }: ActingQuestion): number {
  const role = formatImpersonateRole(target);
  const ownNamespace = target.kind === 'serviceaccount' && isInside(scope, target.namespace) ? target.namespace : null;
  let latest = 0;
  for (const grant of grants)
    if (grant.role === role && (grant.namespace === null || grant.namespace === ownNamespace)) latest = Math.max(latest, endOf(grant));
  return latest;
}

/** A grant on a namespace ends at its walls: what the service account may do elsewhere, or cluster-wide, is not lent. */
const isInside = (scope: RequestScope, namespace: string): boolean =>
  scope.namespace === namespace || (scope.namespace === '' && (isDiscovery(scope) || isSelfReview(scope)));

function needed(target: ActingTarget, { scope }: ActingQuestion): ActingDecision {
  const role = formatImpersonateRole(target);
  if (target.kind !== 'serviceaccount') {
    const what = target.kind === 'group' ? `in the group ${target.name}` : `as ${target.name}`;
    return { kind: 'needs', what, role, namespace: undefined };
  }
  const what = `as the service account ${target.name} of ${target.namespace}`;
  return isInside(scope, target.namespace)
    ? { kind: 'needs', what, role, namespace: target.namespace }
    : { kind: 'needs', what: `${what} outside of that namespace`, role, namespace: undefined };
}

const endOf = (grant: DesiredGrant): number => (grant.until === null ? Number.POSITIVE_INFINITY : fromTime(grant.until));
