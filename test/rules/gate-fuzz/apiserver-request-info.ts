/**
 * How a kube-apiserver reads a request line, written anew from k8s.io/apiserver pkg/endpoints/request/requestinfo.go and Go's net/url, without
 * a look at the connector's own reading: the two must agree.
 */
export interface ApiserverRequestInfo {
  readonly isResource: boolean;
  readonly verb: string;
  readonly apiGroup: string;
  readonly namespace: string;
  readonly resource: string;
  readonly subresource: string;
  readonly name: string;
}

const none: ApiserverRequestInfo = { isResource: false, verb: '', apiGroup: '', namespace: '', resource: '', subresource: '', name: '' };

/** Undefined: Go answers 400, or the apiserver 500, before anything is asked for. */
export function readAsApiserver(method: string, target: string): ApiserverRequestInfo | undefined {
  const [rawPath, query] = cutAt(target, '?');
  const path = unescapeAsGo(rawPath);
  if (path === undefined) return undefined;
  const trimmed = path.replace(/^\/+|\/+$/g, '');
  let parts = trimmed === '' ? [] : trimmed.split('/');
  const nonResource = { ...none, verb: method.toLowerCase() };
  if (parts.length < 3 || (parts[0] !== 'api' && parts[0] !== 'apis')) return nonResource;
  let apiGroup = '';
  const isGrouped = parts[0] === 'apis';
  parts = parts.slice(1);
  if (isGrouped) {
    if (parts.length < 3) return nonResource;
    apiGroup = parts[0] ?? '';
    parts = parts.slice(1);
  }
  parts = parts.slice(1);
  let verb = { POST: 'create', GET: 'get', HEAD: 'get', PUT: 'update', PATCH: 'patch', DELETE: 'delete' }[method] ?? '';
  if (parts[0] === 'proxy' || parts[0] === 'watch') {
    if (parts.length < 2) return undefined;
    verb = parts[0];
    parts = parts.slice(1);
  }
  let namespace = '';
  if (parts[0] === 'namespaces' && parts.length > 1) {
    namespace = parts[1] ?? '';
    if (parts.length > 2 && parts[2] !== 'status' && parts[2] !== 'finalize') parts = parts.slice(2);
  }
  const [resource = '', name = '', third = ''] = parts;
  const subresource = verb === 'proxy' ? '' : third;
  if (name === '' && verb === 'get') verb = asksToWatch(query) ? 'watch' : 'list';
  if (name === '' && verb === 'delete') verb = 'deletecollection';
  return { isResource: true, verb, apiGroup, namespace, resource, subresource, name };
}

/** Go's url.PathUnescape, byte for byte; as latin1. */
function unescapeAsGo(path: string): string | undefined {
  if (/%(?![0-9a-fA-F]{2})/.test(path)) return undefined;
  return path.replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/** Go's url.ParseQuery leaves out pairs with a semicolon or a broken escape; of several values the first counts. */
function asksToWatch(query: string): boolean {
  for (const pair of query.split('&')) {
    if (pair.includes(';')) continue;
    const [key, value] = cutAt(pair, '=').map((text) => unescapeAsGo(text.replaceAll('+', ' ')));
    if (key !== 'watch' || value === undefined) continue;
    return !['false', '0'].includes(value.toLowerCase());
  }
  return false;
}

function cutAt(text: string, separator: string): readonly [string, string] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}
