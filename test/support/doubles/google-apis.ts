/** Google's Admin SDK (groups of a person, directly) and Cloud Identity (transitively): tokens, scopes, privileges, pages and quotas as they have them. */
import { randomBytes } from 'node:crypto';
import type { Answer, Asked } from './double-server.ts';

interface Token {
  readonly admin: string;
  readonly scopes: readonly string[];
}
export interface GoogleApis {
  /** Who may read groups. */
  readonly admins: string[];
  /** By the email of a group or the subject of a person: the groups they are in directly. */
  readonly memberOf: Map<string, string[]>;
  readonly script: {
    isAdminSdkEnabled: boolean;
    isPremium: boolean;
    pageSize: number;
    /** Questions that are refused as too many, and how. */
    quota: { times: number; how: 'rateLimitExceeded' | 'userRateLimitExceeded' | '429' };
    isDown: boolean;
  };
  giveToken(token: Token): string;
  /** Undefined: no address of these. */
  answer(asked: Asked): Answer | undefined;
  /** Emails by subject, by which Cloud Identity knows people. */
  readonly emails: Map<string, string>;
  honest(): void;
}

const failed = (code: number, reason: string, status = 'PERMISSION_DENIED'): Answer => ({
  status: code,
  json: { error: { code, message: 'CANARY of Google', status, errors: [{ message: 'CANARY', domain: 'global', reason }] } },
});
const honestScript = (): GoogleApis['script'] => ({
  ...{ isAdminSdkEnabled: true, isPremium: true, pageSize: 200, isDown: false },
  quota: { times: 0, how: 'rateLimitExceeded' },
});

export function newGoogleApis(): GoogleApis {
  const tokens = new Map<string, Token>();
  const pages = new Map<string, { readonly of: string; readonly from: number }>();
  const apis: Omit<GoogleApis, 'answer'> = {
    admins: ['admin@example.com'],
    memberOf: new Map(),
    emails: new Map(),
    script: honestScript(),
    giveToken: (token) => {
      const text = `ya29.${randomBytes(16).toString('hex')}`;
      tokens.set(text, token);
      return text;
    },
    honest: () => void Object.assign(apis.script, honestScript()),
  };

  const pageOf = (of: string, all: readonly string[], pageToken: string | null, size: number) => {
    const known = pageToken === null ? { of, from: 0 } : pages.get(pageToken);
    if (known?.of !== of) return undefined;
    const items = all.slice(known.from, known.from + size);
    if (known.from + size >= all.length) return { items, next: {} };
    const nextPageToken = randomBytes(9).toString('base64url');
    pages.set(nextPageToken, { of, from: known.from + size });
    return { items, next: { nextPageToken } };
  };

  const adminSdk = ({ url }: Asked): Answer => {
    if (!apis.script.isAdminSdkEnabled) return failed(403, 'accessNotConfigured');
    const [userKey, maximum] = [url.searchParams.get('userKey') ?? '', Number(url.searchParams.get('maxResults') ?? 200)];
    if (userKey === '' || maximum > 200) return failed(400, 'badRequest', 'INVALID_ARGUMENT');
    const subject = [...apis.emails].find(([, email]) => email === userKey)?.[0] ?? userKey;
    const groups = apis.memberOf.get(subject) ?? (apis.admins.includes(userKey) ? [] : undefined);
    if (groups === undefined) return failed(404, 'notFound', 'NOT_FOUND');
    const page = pageOf(subject, groups, url.searchParams.get('pageToken'), Math.min(maximum, apis.script.pageSize));
    if (page === undefined) return failed(400, 'invalid', 'INVALID_ARGUMENT');
    const listed = page.items.map((email) => ({ kind: 'admin#directory#group', id: randomBytes(8).toString('hex'), email, name: email }));
    return { json: { kind: 'admin#directory#groups', ...(listed.length === 0 ? {} : { groups: listed }), ...page.next } };
  };

  const cloudIdentity = ({ url }: Asked): Answer => {
    const query = url.searchParams.get('query') ?? '';
    const email = /^member_key_id == '([^'\\]+)' && 'cloudidentity\.googleapis\.com\/groups\.discussion_forum' in labels$/.exec(query)?.[1];
    if (email === undefined) return failed(400, 'invalid', 'INVALID_ARGUMENT');
    if (!apis.script.isPremium) return failed(403, 'forbidden');
    const subject = [...apis.emails].find(([, address]) => address === email)?.[0] ?? email;
    const found = new Set<string>();
    const visit = (key: string): void => {
      for (const group of apis.memberOf.get(key) ?? []) {
        if (found.has(group)) continue;
        found.add(group);
        visit(group);
      }
    };
    visit(subject);
    const page = pageOf(email, [...found], url.searchParams.get('pageToken'), Number(url.searchParams.get('pageSize') ?? 200));
    if (page === undefined) return failed(400, 'invalid', 'INVALID_ARGUMENT');
    const memberships = page.items.map((id) => ({
      group: `groups/${id.length}`,
      groupKey: { id },
      relationType: 'DIRECT',
      displayName: id,
    }));
    return { json: { ...(memberships.length === 0 ? {} : { memberships }), ...page.next } };
  };

  const answer: GoogleApis['answer'] = (asked) => {
    const api = apiAt(asked.url.pathname);
    if (api === undefined) return undefined;
    const { script } = apis;
    if (script.isDown) return failed(503, 'backendError', 'UNAVAILABLE');
    const token = tokens.get(/^Bearer (.+)$/.exec(asked.headers.authorization ?? '')?.[1] ?? '');
    if (token === undefined) return failed(401, 'authError', 'UNAUTHENTICATED');
    if (!token.scopes.includes(api.scope)) return failed(403, 'insufficientPermissions');
    if (!apis.admins.includes(token.admin)) return failed(403, 'forbidden');
    if (script.quota.times > 0) {
      script.quota.times -= 1;
      return script.quota.how === '429' ? failed(429, 'rateLimitExceeded', 'RESOURCE_EXHAUSTED') : failed(403, script.quota.how);
    }
    return api.name === 'admin-sdk' ? adminSdk(asked) : cloudIdentity(asked);
  };
  return Object.assign(apis, { answer });
}

const scopeBase = 'https://www.googleapis.com/auth';
function apiAt(path: string): { readonly name: 'admin-sdk' | 'cloud-identity'; readonly scope: string } | undefined {
  if (path === '/admin/directory/v1/groups') return { name: 'admin-sdk', scope: `${scopeBase}/admin.directory.group.readonly` };
  return path === '/v1/groups/-/memberships:searchTransitiveGroups'
    ? { name: 'cloud-identity', scope: `${scopeBase}/cloud-identity.groups.readonly` }
    : undefined;
}
