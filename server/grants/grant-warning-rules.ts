/** What speaks against a grant that may be made: pure. */
import type { GrantPreview } from '../../shared/api/grants.ts';
import { connectRole } from '../../shared/cluster-names.ts';
import { isImpersonateRole } from '../../shared/resource-name.ts';
import type { Discovery } from '../../shared/api/destinations.ts';

export type GrantWarning = GrantPreview['warnings'][number];

export interface WarnedGrant {
  readonly subject: { readonly kind: 'user' | 'group' | 'workload'; readonly name: string };
  readonly role: string;
  readonly resource: string;
  readonly namespace: string | null;
  readonly mfaSeconds: number | null;
  readonly audience: {
    readonly count: number;
    readonly alreadyHold: number;
    readonly gains: { readonly count: number };
    readonly disabled: number;
    readonly workloads: number;
    readonly withoutFactor: number;
    readonly isForAsker: boolean;
  };
  /** Null: the server itself. */
  readonly destination: {
    readonly name: string;
    readonly discovery: Discovery | null;
    /** Null: in contact. `lastSeenAt` null: never was. */
    readonly absence: { readonly lastSeenAt: string | null } | null;
  } | null;
}

/** Who would have it first, then where. */
export const warningsOf = (grant: WarnedGrant): GrantWarning[] => [...ofPeople(grant), ...ofSecondFactors(grant), ...ofPlace(grant)];

function* ofPeople({ subject, role, resource, audience, destination }: WarnedGrant): Generator<GrantWarning> {
  const { count, alreadyHold, gains, disabled } = audience;
  const provider = subject.kind === 'group' && subject.name.includes('/') ? subject.name.slice(0, subject.name.indexOf('/')) : undefined;
  if (count === 0) yield { kind: 'nobody', sentence: `${subject.name} has no members: nobody can do anything by it until it has some.` };
  if (provider !== undefined)
    yield {
      kind: 'provider-group',
      sentence: `Who is in ${subject.name} is decided at ${provider}: whoever is named there later has this too.`,
    };
  if (count > 0 && gains.count === 0 && alreadyHold > 0)
    yield { kind: 'nothing-new', sentence: `${subject.kind === 'group' ? 'Everybody it is for' : subject.name} can do this already.` };
  if (disabled > 0)
    yield {
      kind: 'disabled',
      sentence:
        subject.kind === 'group'
          ? `${disabled} of ${count} are disabled and cannot use it.`
          : `${subject.name} is disabled and cannot use it. See: infra users enable ${subject.name}`,
    };
  if (isEverything(role, destination === null))
    yield {
      kind: 'everything',
      sentence:
        destination === null
          ? 'Admins of infra can give themselves and others any right on every destination.'
          : `cluster-admin may do everything in ${resource}: read its secrets, and change what infra itself runs on there.`,
    };
  if (audience.isForAsker) yield { kind: 'own-rights', sentence: 'This gives you yourself more than you have.' };
}

const isEverything = (role: string, isServer: boolean): boolean => role === (isServer ? 'admin' : 'cluster-admin');

function* ofSecondFactors({ subject, mfaSeconds, audience }: WarnedGrant): Generator<GrantWarning> {
  if (mfaSeconds === null) return;
  const { withoutFactor, workloads } = audience;
  if (withoutFactor > 0)
    yield {
      kind: 'second-factor-missing',
      sentence: `${subject.kind === 'user' ? `${subject.name} has` : `${withoutFactor} have`} no second factor yet and cannot use it before: infra mfa add`,
    };
  if (subject.kind === 'group' && workloads > 0)
    yield { kind: 'second-factor-workload', sentence: `${workloads} of its members are workloads, which cannot prove a second factor.` };
}

function* ofPlace({ role, namespace, destination }: WarnedGrant): Generator<GrantWarning> {
  if (destination === null) return;
  const { name, discovery, absence } = destination;
  if (absence !== null)
    yield absence.lastSeenAt === null
      ? { kind: 'never-connected', sentence: `No connector of ${name} was ever heard of: it holds once one is there.` }
      : {
          kind: 'offline',
          sentence: `No connector of ${name} is in contact, the last was at ${absence.lastSeenAt}: it holds once one is.`,
        };
  if (discovery === null) return;
  if (namespace !== null && !discovery.namespaces.includes(namespace))
    yield { kind: 'namespace-unknown', sentence: `${name} has no namespace ${namespace} now: it holds once there is one.` };
  if (!isKnownRole(role, namespace, discovery))
    yield {
      kind: 'role-unknown',
      sentence: `${name} has no ${role.startsWith('role/') ? `${role} in ${namespace ?? 'a namespace'}` : `ClusterRole ${role}`} that its connector may bind: it cannot be put in place there.`,
    };
}

function isKnownRole(role: string, namespace: string | null, { clusterRoles, roles }: Discovery): boolean {
  if (role === connectRole || isImpersonateRole(role)) return true;
  return role.startsWith('role/') ? roles.includes(`${namespace ?? ''}/${role.slice('role/'.length)}`) : clusterRoles.includes(role);
}
