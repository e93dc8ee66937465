/** Names of destinations, resources, roles and subjects: what may be typed, and how it is taken apart. */

/** The resource that stands for the server itself. */
export const serverResource = 'infra';

const dnsLabel = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
/** Kubernetes role names are path segments (`system:node` is one); `@` and `/` are left out because group names are built from them. */
const roleName = /^(?:role\/)?[A-Za-z0-9](?:[A-Za-z0-9:._-]{0,251}[A-Za-z0-9])?$/;
const plainName = /^[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?$/;

/** A destination's name: a DNS label (RFC 1123) other than `infra`. */
export const isDestinationName = (text: string): boolean => dnsLabel.test(text) && text !== serverResource;
export const isNamespaceName = (text: string): boolean => dnsLabel.test(text);
/** A role that is bound in the cluster. What begins like a role to act as somebody is none, whether or not it is well formed. */
export const isRoleName = (text: string): boolean => roleName.test(text) && !isImpersonateRole(text);

export const impersonateFamily = 'impersonate:';
export const isImpersonateRole = (text: string): boolean => text.startsWith(impersonateFamily);

/**
 * A local group's or a workload's name. Names that a cluster or a provider could claim (`system:…`, `infra:…`, `okta/…`) do not fit:
 * colon and slash are not in the alphabet, and `system` and `infra` themselves are reserved.
 */
export const isLocalName = (text: string): boolean => plainName.test(text) && text !== 'system' && text !== serverResource;

/** An identity provider's name, which stands before its groups' names. */
export const isProviderName = (text: string): boolean =>
  text.length <= 40 && dnsLabel.test(text) && !['local', 'system', serverResource].includes(text);

/**
 * The name of a provider's group as we take it: printable ASCII without what other places give a meaning to (colon, comma, quotes, brackets).
 * Taken exactly or not at all: changing it could make two groups one.
 */
export const isProviderGroupName = (text: string): boolean =>
  /^[A-Za-z0-9/._&-](?:[A-Za-z0-9 /._@+&()-]{0,198}[A-Za-z0-9/._@+&()-])?$/.test(text);

/** `platform`, or `okta/platform`; undefined when it is neither. */
export function parseGroupName(text: string): { readonly provider: string | null; readonly name: string } | undefined {
  if (isLocalName(text)) return { provider: null, name: text };
  const slash = text.indexOf('/');
  const [provider, name] = [text.slice(0, Math.max(slash, 0)), text.slice(slash + 1)];
  return isProviderName(provider) && isProviderGroupName(name) ? { provider, name } : undefined;
}

export interface ResourceName {
  readonly destination: string;
  /** Absent: the whole destination. */
  readonly namespace?: string;
}

/** `prod` or `prod.web`; undefined when the text is no resource name. */
export function parseResourceName(text: string): ResourceName | undefined {
  const [destination, namespace, ...more] = text.split('.');
  if (destination === undefined || !dnsLabel.test(destination) || more.length > 0) return undefined;
  if (namespace === undefined) return { destination };
  return isNamespaceName(namespace) && destination !== serverResource ? { destination, namespace } : undefined;
}

export const formatResourceName = (resource: ResourceName): string =>
  resource.namespace === undefined ? resource.destination : `${resource.destination}.${resource.namespace}`;

/**
 * An email as an account name: one `@`, no control, space, quote or separator characters, at most 254 octets (RFC 5321 §4.5.3.1.3).
 * Deliberately narrower than RFC 5322: what this refuses cannot be told apart safely in a table, a log line or a certificate. So must be the
 * form it is compared by: a wide comma or a ligature with a space in it is none.
 */
export const isEmail = (text: string): boolean => isPlainEmail(text) && isPlainEmail(emailKey(text));

function isPlainEmail(text: string): boolean {
  return (
    new TextEncoder().encode(text).length <= 254 &&
    /^[^\s@"'`<>()[\]\\,:;\p{C}\p{Z}]{1,64}@[^\s@"'`<>()[\]\\,:;/\p{C}\p{Z}]+\.[^\s@"'`<>()[\]\\,:;/\p{C}\p{Z}.]+$/u.test(text)
  );
}

/** The form by which two emails are the same account: compatibility-normalised and lower case, so look-alike widths and cases do not make two. */
export const emailKey = (email: string): string => email.normalize('NFKC').toLowerCase();

export type SubjectName =
  | { readonly kind: 'user'; readonly name: string }
  | { readonly kind: 'group'; readonly name: string }
  | { readonly kind: 'workload'; readonly name: string };

/** `ana@example.com`, `group:platform`, `workload:deploy`; undefined when the text names no subject. */
export function parseSubjectName(text: string): SubjectName | undefined {
  if (text.startsWith('group:')) return parseGroupName(text.slice(6)) === undefined ? undefined : { kind: 'group', name: text.slice(6) };
  if (text.startsWith('workload:')) return isLocalName(text.slice(9)) ? { kind: 'workload', name: text.slice(9) } : undefined;
  return isEmail(text) ? { kind: 'user', name: text } : undefined;
}

export const formatSubjectName = (subject: SubjectName): string =>
  subject.kind === 'user' ? subject.name : `${subject.kind}:${subject.name}`;
