/**
 * Which bindings there should be and what is to be done about those there are: pure. One binding per role and scope in use, whose only
 * subject is the group `infra:<role>@<scope>` that the gate lends; who holds it stands in an annotation for people to read.
 */
import type { DesiredGrant, DesiredIdentity } from '../../shared/api/connectors.ts';
import { fromTime } from '../../shared/clock.ts';
import { parseImpersonateRole } from '../../shared/impersonate-role.ts';
import { isImpersonateRole, isNamespaceName, isRoleName } from '../../shared/resource-name.ts';
import { whyNobodyActsHere } from '../proxy/acting-rules.ts';

export const managedByLabel = 'infra.internal/managed-by';
export const managedBy = 'infra';
export const destinationLabel = 'infra.internal/destination';
export const grantableLabel = 'infra.internal/grantable';
export const holdersAnnotation = 'infra.internal/held-by';

const builtInRoles = new Set(['view', 'edit', 'admin', 'cluster-admin']);
const bindsNothing = (role: string): boolean => role === 'connect' || isImpersonateRole(role);
const longestHolders = 1000;

export interface Binding {
  /** Null: a ClusterRoleBinding. */
  readonly namespace: string | null;
  readonly name: string;
  readonly roleKind: 'ClusterRole' | 'Role';
  readonly roleName: string;
  readonly group: string;
  readonly holders: string;
}

/** A binding in the cluster that carries our label. */
export interface FoundBinding {
  readonly namespace: string | null;
  readonly name: string;
  readonly destinationId: string;
  /** `ClusterRole/view`: what cannot be changed in place. */
  readonly roleRef: string;
  /** `Group/infra:view@*`, one each. */
  readonly subjects: readonly string[];
  readonly holders: string;
}

/** What the cluster offers to bind and where. */
export interface ClusterView {
  readonly namespaces: ReadonlySet<string>;
  /** ClusterRoles labelled as grantable. */
  readonly grantableClusterRoles: ReadonlySet<string>;
  readonly clusterRoles: ReadonlySet<string>;
  /** `namespace/name`. */
  readonly roles: ReadonlySet<string>;
}

export interface PlanInput {
  readonly destinationId: string;
  readonly destinationName: string;
  /** Before the names of infra's own people. */
  readonly userPrefix: string;
  /** The connector's own namespace. */
  readonly guardedNamespace: string | undefined;
  /** The connector's own service account. */
  readonly ownAccount: string | undefined;
  /** Destinations whose leftovers are ours to clear away. */
  readonly predecessors: readonly string[];
  readonly identities: Iterable<DesiredIdentity>;
  readonly found: readonly FoundBinding[];
  readonly cluster: ClusterView;
  readonly now: number;
}

export type BindingStep =
  | { readonly kind: 'create'; readonly binding: Binding }
  | { readonly kind: 'apply'; readonly binding: Binding }
  /** The role it refers to differs, which Kubernetes lets nobody change. */
  | { readonly kind: 'replace'; readonly binding: Binding }
  | { readonly kind: 'delete'; readonly namespace: string | null; readonly name: string };

export interface BindingPlan {
  readonly steps: readonly BindingStep[];
  /** Grants by the binding they need; a failed step is theirs. */
  readonly grantsByBinding: ReadonlyMap<string, readonly string[]>;
  /** Grants that need none. */
  readonly grantsWithout: readonly string[];
  /** Grants that cannot be had here, with the reason. */
  readonly impossible: ReadonlyMap<string, string>;
  /** When the next grant ends; undefined when none does. */
  readonly nextChangeAt: number | undefined;
}

export const keyOf = (binding: { readonly namespace: string | null; readonly name: string }): string =>
  `${binding.namespace ?? '*'}/${binding.name}`;

interface Wanted {
  readonly binding: Omit<Binding, 'holders'>;
  readonly grants: string[];
  readonly holders: Set<string>;
}

export function planBindings(input: PlanInput): BindingPlan {
  const wanted = new Map<string, Wanted>();
  const impossible = new Map<string, string>();
  const grantsWithout: string[] = [];
  let nextChangeAt: number | undefined;
  for (const identity of input.identities) {
    // A grant that asks for a second factor is bound like others: the gate lends its group while the proof holds.
    for (const grant of [...identity.grants, ...(identity.impersonateGrants ?? []), ...(identity.mfaGrants ?? [])]) {
      const until = grant.until === null ? undefined : fromTime(grant.until);
      if (until !== undefined && until <= input.now) continue;
      if (until !== undefined) nextChangeAt = Math.min(nextChangeAt ?? until, until);
      const obstacle = obstacleTo(grant, input);
      if (obstacle !== undefined) impossible.set(grant.id, obstacle);
      else if (bindsNothing(grant.role) || identity.status !== 'active') grantsWithout.push(grant.id);
      else want(wanted, bindingOf(grant, input.destinationId), grant.id, identity.name);
    }
  }
  const bindings = [...wanted.values()].map(({ binding, holders }) => ({ ...binding, holders: describeHolders(holders) }));
  return {
    steps: stepsTo(bindings, input),
    grantsByBinding: new Map([...wanted].map(([key, { grants }]) => [key, grants])),
    grantsWithout,
    impossible,
    nextChangeAt,
  };
}

function want(wanted: Map<string, Wanted>, binding: Omit<Binding, 'holders'>, grantId: string, holder: string): void {
  const key = keyOf(binding);
  const entry = wanted.get(key) ?? { binding, grants: [], holders: new Set<string>() };
  entry.grants.push(grantId);
  entry.holders.add(holder);
  wanted.set(key, entry);
}

/** Destination ids keep two infra servers on one cluster apart; `clusterrole` and `role` keep equal names of both kinds apart. */
function bindingOf(grant: DesiredGrant, destinationId: string): Omit<Binding, 'holders'> {
  const isRole = grant.role.startsWith('role/');
  const roleName = isRole ? grant.role.slice('role/'.length) : grant.role;
  return {
    namespace: grant.namespace,
    name: `infra:${destinationId}:${isRole ? 'role' : 'clusterrole'}:${roleName}`,
    roleKind: isRole ? 'Role' : 'ClusterRole',
    roleName,
    group: `infra:${grant.role}@${grant.namespace ?? '*'}`,
  };
}

/** One sentence: why, and what to do. */
function obstacleTo(grant: DesiredGrant, input: PlanInput): string | undefined {
  const { cluster, destinationName } = input;
  const { role, namespace } = grant;
  if (isImpersonateRole(role)) return obstacleToActing(role, input);
  if (!isRoleName(role) || (namespace !== null && !isNamespaceName(namespace))) return 'role or namespace is no valid name';
  if (namespace !== null && !cluster.namespaces.has(namespace))
    return `the namespace ${namespace} does not exist in ${destinationName}; the grant takes effect when it is created`;
  if (bindsNothing(role)) return undefined;
  if (role.startsWith('role/')) {
    if (namespace === null) return `${role} is a Role, which exists inside a namespace only; grant it on ${destinationName}.NAMESPACE`;
    return cluster.roles.has(`${namespace}/${role.slice('role/'.length)}`)
      ? undefined
      : `there is no Role ${role.slice('role/'.length)} in the namespace ${namespace} of ${destinationName}; the grant takes effect when it is created`;
  }
  if (!cluster.clusterRoles.has(role))
    return `there is no ClusterRole ${role} in ${destinationName} that may be granted (view, edit, admin, cluster-admin, or labelled ${grantableLabel}=true)`;
  return builtInRoles.has(role) || cluster.grantableClusterRoles.has(role)
    ? undefined
    : `the ClusterRole ${role} may not be granted; label it ${grantableLabel}=true to allow that`;
}

function obstacleToActing(role: string, input: PlanInput): string | undefined {
  const target = parseImpersonateRole(role);
  const why = 'fault' in target ? target.fault : whyNobodyActsHere(target, input);
  return why === undefined ? undefined : `the role ${why}; remove this grant`;
}

function stepsTo(bindings: readonly Binding[], input: PlanInput): readonly BindingStep[] {
  const leftovers = new Set(input.predecessors);
  const ours = new Map(input.found.filter((found) => found.destinationId === input.destinationId).map((found) => [keyOf(found), found]));
  const steps: BindingStep[] = [];
  for (const binding of bindings) {
    const found = ours.get(keyOf(binding));
    ours.delete(keyOf(binding));
    if (found === undefined) steps.push({ kind: 'create', binding });
    else if (found.roleRef !== `${binding.roleKind}/${binding.roleName}`) steps.push({ kind: 'replace', binding });
    else if (!isAsWanted(found, binding)) steps.push({ kind: 'apply', binding });
  }
  const unwanted = [...ours.values(), ...input.found.filter((found) => leftovers.has(found.destinationId))];
  return [...steps, ...unwanted.map(({ namespace, name }) => ({ kind: 'delete', namespace, name }) as const)];
}

const isAsWanted = (found: FoundBinding, binding: Binding): boolean =>
  found.subjects.length === 1 && found.subjects[0] === `Group/${binding.group}` && found.holders === binding.holders;

function describeHolders(holders: ReadonlySet<string>): string {
  const names = [...holders].sort();
  let text = '';
  for (const [index, name] of names.entries()) {
    const next = text === '' ? name : `${text}, ${name}`;
    if (next.length > longestHolders) return `${text} and ${names.length - index} more`;
    text = next;
  }
  return text;
}
