/** Roles that let somebody act as another identity of a cluster (`kubectl --as`): how they are written, and whom nobody may act as. Pure. */
import { impersonateFamily, isImpersonateRole, isNamespaceName } from './resource-name.ts';

/** One identity of the cluster, by the kind that Kubernetes' own right to impersonate tells apart. */
export type ActingTarget =
  | { readonly kind: 'user' | 'group'; readonly name: string }
  | { readonly kind: 'serviceaccount'; readonly namespace: string; readonly name: string };

/** What passes unchanged through a header, a table, a log line and a command. */
const plainName = /^[A-Za-z0-9](?:[A-Za-z0-9@._+:/#=~-]{0,251}[A-Za-z0-9])?$/;
const serviceAccountName = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/;
const serviceAccountUser = 'system:serviceaccount:';

/** The target of `impersonate:user:NAME`, `impersonate:group:NAME` or `impersonate:serviceaccount:NAMESPACE/NAME`; else, in words, what is wrong. */
export function parseImpersonateRole(role: string): ActingTarget | { readonly fault: string } {
  const [kind = '', ...rest] = isImpersonateRole(role) ? role.slice(impersonateFamily.length).split(':') : [];
  const name = rest.join(':');
  const target = targetOf(kind, name);
  if (target === undefined || name === '')
    return { fault: 'must be impersonate:user:NAME, impersonate:group:NAME or impersonate:serviceaccount:NAMESPACE/NAME' };
  const fault = whyNobodyActsAs(target);
  return fault === undefined ? target : { fault };
}

function targetOf(kind: string, name: string): ActingTarget | undefined {
  if (kind === 'user' || kind === 'group') return { kind, name };
  if (kind !== 'serviceaccount') return undefined;
  const [namespace = '', account, ...more] = name.split('/');
  return account === undefined || more.length > 0 ? undefined : { kind, namespace, name: account };
}

export const formatImpersonateRole = (target: ActingTarget): string =>
  target.kind === 'serviceaccount'
    ? `${impersonateFamily}serviceaccount:${target.namespace}/${target.name}`
    : `${impersonateFamily}${target.kind}:${target.name}`;

/** A user by the name that the cluster knows; `system:serviceaccount:NAMESPACE:NAME` is a service account, as the kube-apiserver reads it. */
export function targetOfUser(user: string): ActingTarget {
  const [namespace = '', name = '', ...more] = user.startsWith(serviceAccountUser) ? user.slice(serviceAccountUser.length).split(':') : [];
  const isServiceAccount = more.length === 0 && isNamespaceName(namespace) && isServiceAccountName(name);
  return isServiceAccount ? { kind: 'serviceaccount', namespace, name } : { kind: 'user', name: user };
}

export const formatServiceAccountUser = ({ namespace, name }: { readonly namespace: string; readonly name: string }): string =>
  `${serviceAccountUser}${namespace}:${name}`;

/** Whatever a grant says: names that are Kubernetes' own or infra's carry rights that no grant may lend. */
export function whyNobodyActsAs(target: ActingTarget): string | undefined {
  if (target.kind === 'serviceaccount')
    return isNamespaceName(target.namespace) && isServiceAccountName(target.name)
      ? undefined
      : 'must name a service account as NAMESPACE/NAME, such as web/deployer';
  const { kind, name } = target;
  if (!plainName.test(name))
    return `must name a ${kind} by 1–253 letters, digits or @ . _ + : / # = ~ -, with a letter or digit first and last`;
  if (/^system:/i.test(name))
    return `may not name ${name}: names with system: are Kubernetes' own; for a service account write impersonate:serviceaccount:NAMESPACE/NAME`;
  return /^infra:/i.test(name) ? `may not name ${name}: names with infra: are infra's own; grant the role itself instead` : undefined;
}

const isServiceAccountName = (text: string): boolean => text.length <= 253 && serviceAccountName.test(text);
