/**
 * The headers that go upstream, rebuilt from an allow-list: pure. Whatever a client could use to be somebody else is refused with words or
 * left behind; what is sent about the identity is added by the caller afterwards, last (CVE-2021-31999, CVE-2026-54763).
 */
import { notForHeaders } from './request-head.ts';
import { isAskingHeader, readAsked, type AskedIdentity } from './asked-rules.ts';

export type HeaderResult =
  | {
      readonly kind: 'clean';
      readonly headers: Record<string, string | string[]>;
      readonly upgrade: string | undefined;
      /** Whom the request asks to act as. */
      readonly asked?: AskedIdentity;
    }
  | { readonly kind: 'refused'; readonly reason: 'BadRequest' | 'Forbidden' | 'RequestHeaderFieldsTooLarge'; readonly why: string };

/** kubectl and what stands before it send a dozen. */
const mostHeaders = 200;

/** Single: sent twice, two parsers may choose differently. */
const single = new Set([
  'accept-language',
  'cache-control',
  'content-encoding',
  'content-length',
  'content-type',
  'date',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-unmodified-since',
  'kubectl-command',
  'kubectl-session',
  'range',
  'transfer-encoding',
  'user-agent',
]);
const repeatable = new Set(['accept', 'accept-encoding', 'x-stream-protocol-version']);
/** Only on an upgrade. */
const webSocket = new Set(['sec-websocket-key', 'sec-websocket-version', 'sec-websocket-protocol', 'sec-websocket-extensions']);

const connectionTokens = new Set(['close', 'keep-alive', 'upgrade', 'te']);
const upgradeProtocols = new Set(['websocket', 'spdy/3.1']);

/** `rawHeaders` as Node has them: name, value, name, value. */
export function cleanHeaders(rawHeaders: readonly string[], isUpgrade: boolean): HeaderResult {
  if (rawHeaders.length > mostHeaders * 2)
    return { kind: 'refused', reason: 'RequestHeaderFieldsTooLarge', why: `a request may have ${mostHeaders} headers at most` };
  const headers: Record<string, string | string[]> = {};
  let upgrade: string | undefined;
  let hosts = 0;
  let asking: string[] | undefined;
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] ?? '').toLowerCase();
    const value = rawHeaders[index + 1] ?? '';
    const refusal = refusalOf(name, value);
    if (refusal !== undefined) return refusal;
    if (isAskingHeader(name)) (asking ??= []).push(rawHeaders[index] ?? '', value);
    else if (name === 'host') hosts += 1;
    else if (name === 'upgrade' && isUpgrade) {
      if (upgrade !== undefined || !upgradeProtocols.has(value.toLowerCase()))
        return bad(`an upgrade to ${printable(value)} is not offered`);
      upgrade = value;
    } else if (notForHeaders.test(value)) return bad(`the header ${printable(name)} holds a character that no header can carry`);
    else if (single.has(name)) {
      if (headers[name] !== undefined) return bad(`the header ${name} was sent twice`);
      headers[name] = value;
    } else if (repeatable.has(name) || (isUpgrade && webSocket.has(name))) {
      const before = headers[name];
      headers[name] = before === undefined ? value : [...(Array.isArray(before) ? before : [before]), value];
    }
  }
  if (hosts !== 1) return bad('there must be one Host header');
  if (headers['content-length'] !== undefined && headers['transfer-encoding'] !== undefined)
    return bad('Content-Length and Transfer-Encoding exclude one another');
  if (asking === undefined) return { kind: 'clean', headers, upgrade };
  const asked = readAsked(asking);
  return asked.kind === 'refused' ? asked : { kind: 'clean', headers, upgrade, asked: asked.asked };
}

function refusalOf(name: string, value: string): HeaderResult | undefined {
  if (name === 'connection' || name === 'proxy-connection') {
    const stranger = value
      .toLowerCase()
      .split(',')
      .map((token) => token.trim())
      .find((token) => token !== '' && !connectionTokens.has(token));
    if (stranger !== undefined) return bad(`the Connection header may not name ${printable(stranger)}`);
  }
  if (name === 'transfer-encoding' && value.trim().toLowerCase() !== 'chunked')
    return bad('only the transfer encoding chunked is passed on');
  if (name === 'sec-websocket-protocol' && value.toLowerCase().includes('bearer.authorization'))
    return bad('a token in Sec-WebSocket-Protocol is not passed on: the client certificate says who you are');
  return undefined;
}

const bad = (why: string): HeaderResult => ({ kind: 'refused', reason: 'BadRequest', why });

const printable = (text: string): string => JSON.stringify(text.slice(0, 60));
