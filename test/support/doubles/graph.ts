/** Microsoft Graph as far as groups go: it verifies the token, its roles, the query and the page it is asked for, and throttles. */
import { randomBytes } from 'node:crypto';
import { jwtVerify, type CryptoKey } from 'jose';
import type { Answer, Asked } from './double-server.ts';
import type { EntraDirectory, EntraGroup } from './entra-directory.ts';

export interface GraphScript {
  /** Application permissions that were consented to. */
  roles: string[];
  pageSize: number;
  /** How many questions are refused as too many, and what `Retry-After` says then; null: nothing. */
  throttle: { times: number; status?: number; retryAfter: string | null };
  /** Questions that came before they might. */
  early: number;
  /** Another place for the next page than its own. */
  nextLink: ((link: string) => string) | undefined;
  isDown: boolean;
}
export interface GraphSetting {
  readonly origin: () => string;
  readonly tenant: string;
  readonly directory: EntraDirectory;
  readonly publicKey: () => CryptoKey;
  readonly script: GraphScript;
}

export const honestGraph = (): GraphScript => ({
  ...{ roles: ['GroupMember.Read.All'], pageSize: 999, throttle: { times: 0, retryAfter: null } },
  ...{ early: 0, nextLink: undefined, isDown: false },
});

const error = (status: number, code: string, headers: Readonly<Record<string, string>> = {}): Answer => ({
  status,
  headers,
  json: { error: { code, message: 'CANARY of the Graph', innerError: { 'request-id': 'x' } } },
});
const readsGroups = ['GroupMember.Read.All', 'Group.Read.All', 'Directory.Read.All'];

export function newGraph(setting: GraphSetting): (asked: Asked) => Promise<Answer> {
  const pages = new Map<string, { readonly path: string; readonly from: number }>();
  let notBefore = 0;
  const throttled = (): Answer | undefined => {
    const { throttle } = setting.script;
    if (Date.now() < notBefore) setting.script.early += 1;
    if (throttle.times === 0) return undefined;
    throttle.times -= 1;
    notBefore = Date.now() + Number(throttle.retryAfter ?? 0) * 1000;
    return error(throttle.status ?? 429, 'TooManyRequests', throttle.retryAfter === null ? {} : { 'retry-after': throttle.retryAfter });
  };

  const page = ({ url, headers }: Asked, groups: readonly EntraGroup[], roles: readonly string[]): Answer => {
    const top = Number(url.searchParams.get('$top') ?? 100);
    const skip = url.searchParams.get('$skiptoken');
    if (!Number.isInteger(top) || top < 1 || top > 999) return error(400, 'Request_UnsupportedQuery');
    // A cast is an advanced query: it wants both.
    if (
      url.pathname.endsWith('microsoft.graph.group') &&
      !(headers['consistencylevel'] === 'eventual' && url.searchParams.get('$count') === 'true')
    )
      return error(400, 'Request_UnsupportedQuery');
    const known = skip === null ? { path: url.pathname, from: 0 } : pages.get(skip);
    if (known?.path !== url.pathname) return error(400, 'Directory_ExpiredPageToken');
    const size = Math.min(top, setting.script.pageSize);
    const value = groups.slice(known.from, known.from + size).map((group) => shown(url, group, roles));
    if (known.from + size >= groups.length) return { json: { '@odata.context': '$metadata#groups', value } };
    const token = randomBytes(12).toString('hex');
    pages.set(token, { path: url.pathname, from: known.from + size });
    const next = new URL(url.href.replace(url.origin, setting.origin()));
    next.searchParams.set('$skiptoken', token);
    return { json: { '@odata.context': '$metadata#groups', '@odata.nextLink': (setting.script.nextLink ?? String)(next.href), value } };
  };

  return async (asked) => {
    const { script, directory } = setting;
    if (script.isDown) return error(503, 'serviceNotAvailable');
    const roles = await rolesOf(asked, setting);
    if (roles === undefined) return error(401, 'InvalidAuthenticationToken');
    const refused = throttled();
    if (refused !== undefined) return refused;
    const oid = /^\/v1\.0\/users\/([^/]+)\/transitiveMemberOf\/microsoft\.graph\.group$/.exec(asked.url.pathname)?.[1];
    const mayRead = roles.some((role) => readsGroups.includes(role));
    if (oid !== undefined) {
      if (!mayRead && !roles.includes('User.Read.All')) return error(403, 'Authorization_RequestDenied');
      if (!directory.people.has(oid)) return error(404, 'Request_ResourceNotFound');
      return page(asked, directory.transitiveGroups(oid), roles);
    }
    if (asked.url.pathname !== '/v1.0/groups') return error(400, 'BadRequest');
    return mayRead ? page(asked, [...directory.groups.values()], roles) : error(403, 'Authorization_RequestDenied');
  };
}

async function rolesOf({ headers }: Asked, { origin, tenant, publicKey }: GraphSetting): Promise<readonly string[] | undefined> {
  try {
    const token = /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1] ?? '';
    const issuer = `https://sts.windows.net/${tenant}/`;
    const { payload } = await jwtVerify(token, publicKey(), { audience: origin(), issuer, algorithms: ['RS256'] });
    return Array.isArray(payload['roles']) ? payload['roles'].map(String) : [];
  } catch {
    return undefined;
  }
}

/** What is selected; without the right to read groups, that there is one. */
function shown(url: URL, group: EntraGroup, roles: readonly string[]): Record<string, unknown> {
  const selected = (url.searchParams.get('$select') ?? 'id,displayName,securityEnabled').split(',');
  const mayRead = roles.some((role) => readsGroups.includes(role));
  const whole: Record<string, unknown> = { id: group.id, displayName: group.displayName, securityEnabled: group.securityEnabled };
  const fields = selected.map((name) => [name, name === 'id' || mayRead ? (whole[name] ?? null) : null] as const);
  return { '@odata.type': '#microsoft.graph.group', ...Object.fromEntries(fields) };
}
