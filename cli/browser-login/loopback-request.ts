/**
 * Which request is the answer to a login: everything about it is exact, and it carries the state that only the browser we sent off was given.
 * Others can reach the port: pages in the same browser (security.md, row 14), other programs on this machine.
 */
import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { loopbackPath } from '../../shared/api/browser-login.ts';

export type LoginAnswer =
  | { readonly kind: 'code'; readonly code: string }
  /** `error` is a problem code, `sentence` the server's own. */
  | { readonly kind: 'refused'; readonly error: string; readonly sentence: string };

export interface Expected {
  readonly port: number;
  readonly state: string;
}

type AskedRequest = Pick<IncomingMessage, 'method' | 'url' | 'headers' | 'headersDistinct'>;

/** Undefined: not ours to answer, whatever it is. */
export function readLoginAnswer(request: AskedRequest, { port, state }: Expected): LoginAnswer | undefined {
  if (request.method !== 'GET' || !isAskedForByAddress(request, port)) return undefined;
  const [path, query = ''] = splitOnce(request.url ?? '', '?');
  if (path !== loopbackPath) return undefined;
  const values = new URLSearchParams(query);
  if (!isSame(once(values, 'state') ?? '', state)) return undefined;
  const [code, error] = [once(values, 'code'), once(values, 'error')];
  // RFC 6749 §4.1.2: a code or an error, and no parameter twice.
  if (code !== undefined && !values.has('error')) return { kind: 'code', code };
  if (error === undefined || values.has('code') || !/^[a-z][a-z.-]{0,99}$/.test(error)) return undefined;
  return { kind: 'refused', error, sentence: (once(values, 'error_description') ?? '').slice(0, 500) };
}

/** A name that was pointed at 127.0.0.1 (DNS rebinding) stands in `Host`; a page's own requests have `Origin` or are no navigation. */
function isAskedForByAddress({ headers, headersDistinct }: AskedRequest, port: number): boolean {
  const hosts = headersDistinct['host'] ?? [];
  const mode = headers['sec-fetch-mode'];
  return hosts.length === 1 && hosts[0] === `127.0.0.1:${port}` && headers.origin === undefined && (mode ?? 'navigate') === 'navigate';
}

const once = (values: URLSearchParams, name: string): string | undefined => {
  const [value, ...more] = values.getAll(name);
  return more.length === 0 && value !== '' ? value : undefined;
};

function splitOnce(text: string, separator: string): [string, string?] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

function isSame(given: string, expected: string): boolean {
  const [left, right] = [Buffer.from(given), Buffer.from(expected)];
  return left.length === right.length && timingSafeEqual(left, right);
}
