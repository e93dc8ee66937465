/**
 * What a path asks for, read as the kube-apiserver reads it (k8s.io/apiserver pkg/endpoints/request/requestinfo.go). Pure. Paths that two
 * parsers could read in two ways are refused, never tidied up: what passes here goes upstream byte for byte.
 */
export interface RequestInfo {
  readonly isResource: boolean;
  readonly verb: string;
  readonly apiGroup: string;
  readonly resource: string;
  readonly subresource: string;
  /** Empty: not inside a namespace. */
  readonly namespace: string;
  readonly name: string;
  /** Without the query. */
  readonly path: string;
}

export type RequestInfoResult =
  { readonly kind: 'read'; readonly info: RequestInfo } | { readonly kind: 'ambiguous'; readonly why: string };

const methods: Readonly<Record<string, string>> = {
  GET: 'get',
  HEAD: 'get',
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
  OPTIONS: 'options',
};
const specialVerbs = new Set(['proxy', 'watch']);
const subresourcesOfNamespaces = new Set(['status', 'finalize']);

export function readRequest(method: string, target: string): RequestInfoResult {
  const verb = methods[method];
  if (verb === undefined) return { kind: 'ambiguous', why: `the method ${method} is not passed on` };
  if (!target.startsWith('/')) return { kind: 'ambiguous', why: 'the request target must be a path' };
  if (!/^[\x21-\x7e]+$/.test(target) || target.includes('#'))
    return { kind: 'ambiguous', why: 'the path holds characters that must be encoded' };
  const queryAt = target.indexOf('?');
  const path = queryAt === -1 ? target : target.slice(0, queryAt);
  const query = queryAt === -1 ? '' : target.slice(queryAt + 1);
  const segments = decodeSegments(path);
  if (typeof segments === 'string') return { kind: 'ambiguous', why: segments };
  return { kind: 'read', info: classify({ verb, path, query, segments, isRead: method === 'GET' || method === 'HEAD' }) };
}

/** The decoded segments, or why the path is refused. */
function decodeSegments(path: string): readonly string[] | string {
  if (/[\\;]/.test(path)) return 'the path holds a backslash or semicolon';
  if (path.includes('//')) return 'the path holds an empty segment';
  if (/%(?:2e|2f|5c|3b|0|1|7f)/i.test(path)) return 'the path holds an encoded dot, slash, backslash, semicolon or control character';
  const segments: string[] = [];
  for (const part of path.slice(1).split('/')) {
    const decoded = decode(part);
    if (decoded === undefined) return 'the path is not valid percent-encoding';
    if (decoded === '.' || decoded === '..') return 'the path holds a dot segment';
    segments.push(decoded);
  }
  if (segments.at(-1) === '') segments.pop();
  return segments;
}

function decode(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}

interface Parts {
  readonly verb: string;
  readonly path: string;
  readonly query: string;
  readonly segments: readonly string[];
  readonly isRead: boolean;
}

function classify(parts: Parts): RequestInfo {
  const [prefix, ...afterPrefix] = parts.segments;
  const nonResource: RequestInfo = {
    isResource: false,
    verb: parts.verb,
    apiGroup: '',
    resource: '',
    subresource: '',
    namespace: '',
    name: '',
    path: parts.path,
  };
  if (prefix === 'api' && afterPrefix.length >= 2) return classifyResource(parts, '', afterPrefix.slice(1));
  if (prefix === 'apis' && afterPrefix.length >= 3) return classifyResource(parts, afterPrefix[0] ?? '', afterPrefix.slice(2));
  return nonResource;
}

function classifyResource(parts: Parts, apiGroup: string, afterVersion: readonly string[]): RequestInfo {
  const special = specialVerbs.has(afterVersion[0] ?? '') ? afterVersion[0] : undefined;
  const rest = special === undefined || afterVersion.length < 2 ? afterVersion : afterVersion.slice(1);
  const { namespace, within } = takeNamespace(rest);
  const [resource = '', name = '', subresource = ''] = within;
  // The apiserver's oldest form, /api/v1/proxy/…, has no subresource of its own.
  const verb = special === 'watch' ? 'watch' : readVerb(parts, name);
  return {
    isResource: true,
    verb,
    apiGroup,
    resource,
    subresource: special === 'proxy' ? 'proxy' : subresource,
    namespace,
    name,
    path: parts.path,
  };
}

function takeNamespace(rest: readonly string[]): { namespace: string; within: readonly string[] } {
  const [first, namespace, third] = rest;
  if (first !== 'namespaces' || namespace === undefined) return { namespace: '', within: rest };
  // `namespaces/x` and its status are the namespace itself, which RBAC also judges inside of it.
  const isNamespaceItself = third === undefined || subresourcesOfNamespaces.has(third);
  return { namespace, within: isNamespaceItself ? rest : rest.slice(2) };
}

function readVerb(parts: Parts, name: string): string {
  if (!parts.isRead) return parts.verb === 'delete' && name === '' ? 'deletecollection' : parts.verb;
  const watch = new URLSearchParams(parts.query).get('watch');
  if (watch !== null && watch !== 'false' && watch !== '0') return 'watch';
  return name === '' ? 'list' : 'get';
}
