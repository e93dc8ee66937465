/**
 * Where the browser goes after it signed in: a path of this server, and nothing that any reader could take for more (row 20). Browsers and proxies
 * differ in what they make of backslashes, dots, control characters and doubled escapes, so what holds any of them is not mended but dropped.
 */
export const home = '/';
const longest = 2000;

/** Segments begin with no dot and hold no escape; an empty one would be a host (`//`). */
const path = /^(?:\/[A-Za-z0-9_~@-][A-Za-z0-9._~@:-]*)*\/?$/;
/** What the pages keep in their query and fragment: printable, without quotes, angle brackets and backslashes. */
const rest = /^(?:\?[A-Za-z0-9\-._~!$&()*+,;=:@/?%]*)?(?:#[A-Za-z0-9\-._~!$&()*+,;=:@/?%]*)?$/;
/** Escapes that stand for a control character, and broken ones. */
const oddEscape = /%(?:[01][0-9a-f]|7f|(?![0-9a-f]{2}))/i;

/** Addresses that are no pages of the UI: what is there acts, or begins a sign-in again. */
const isElsewhere = (pathname: string): boolean =>
  /^\/(?:login|api|scim|assets|device|setup|reset-password|passkeys)(?:\/|$)/i.test(pathname);

/** What was asked for, if it is plainly a page of ours; otherwise the first one. */
export function nextPath(asked: unknown): string {
  if (typeof asked !== 'string' || asked.length > longest) return home;
  const pathname = /^[^?#]*/.exec(asked)?.[0] ?? '';
  const tail = asked.slice(pathname.length);
  const isPlain = pathname !== '' && path.test(pathname) && rest.test(tail) && !oddEscape.test(tail);
  return isPlain && !isElsewhere(pathname) ? asked : home;
}
