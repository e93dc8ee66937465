/** Whom a request asks to act as (`kubectl --as`, `--as-group`), read from Kubernetes' own headers: pure. Strict, so that two readers cannot differ. */

export interface AskedIdentity {
  /** As the cluster names it; `system:serviceaccount:NAMESPACE:NAME` for a service account. */
  readonly user: string;
  /** Distinct, in the order asked. */
  readonly groups: readonly string[];
}

export type AskedResult =
  | { readonly kind: 'asked'; readonly asked: AskedIdentity }
  | { readonly kind: 'refused'; readonly reason: 'BadRequest' | 'Forbidden'; readonly why: string };

/** Some servers read `_` as `-`: a header in any such spelling is one of these, and refused, so that nobody believes it had no effect. */
export const isAskingHeader = (name: string): boolean => name.replaceAll('_', '-').startsWith('impersonate-');

/** @param headers those that ask, as they were sent: name, value, name, value. */
export function readAsked(headers: readonly string[]): AskedResult {
  let user: string | undefined;
  const groups = new Set<string>();
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const name = headers[index] ?? '';
    const value = headers[index + 1] ?? '';
    const isUser = spells(name, 'Impersonate-User');
    if (!isUser && !spells(name, 'Impersonate-Group')) return unknownHeader(name);
    // What is in the names is judged with the grants; here only what headers could hide.
    if (!/^[\x21-\x7e]{1,300}$/.test(value)) return bad(`${name} must hold one name of printable ASCII characters without spaces`);
    if (isUser ? user !== undefined : groups.has(value)) return bad(`${name} was sent twice for the same`);
    if (isUser) user = value;
    else groups.add(value);
  }
  return user === undefined
    ? bad('a group can only be asked for together with a user: --as USER --as-group GROUP')
    : { kind: 'asked', asked: { user, groups: [...groups] } };
}

/** As client-go spells it, or in the small letters of HTTP/2. */
const spells = (name: string, header: string): boolean => name === header || name === header.toLowerCase();

function unknownHeader(name: string): AskedResult {
  const lower = name.toLowerCase();
  if (lower === 'impersonate-uid' || lower.startsWith('impersonate-extra-'))
    return forbidden('acting as somebody else goes by user and group alone (--as, --as-group); leave --as-uid and --as-user-extra out');
  return forbidden(
    `the header ${JSON.stringify(name.slice(0, 60))} is not passed on; to act as somebody else spell it Impersonate-User or Impersonate-Group`,
  );
}

const bad = (why: string): AskedResult => ({ kind: 'refused', reason: 'BadRequest', why });
const forbidden = (why: string): AskedResult => ({ kind: 'refused', reason: 'Forbidden', why });
