/**
 * What the pages of the UI ask for, at a server with 100,000 users, 10,000 groups, 100,000 grants and 500 destinations: every request of a list (first page,
 * search, filter, a page far down) and of the overview, each the median of five, in one table.
 */
import { join } from 'node:path';
import { adminEmail, adminPassword, startServer, type RunningServer } from '../support/server.ts';
import { tempDir } from '../support/temp-dir.ts';
import type { Rules } from './outcome.ts';
import { fillCompany, type Company } from '../support/company.ts';

const budgetMilliseconds = 300;
const repetitions = 5;
const size = { users: 100_000, groups: 10_000, grants: 100_000, destinations: 500, auditEvents: 200_000 };

interface Request {
  readonly what: string;
  readonly path: string;
  readonly body?: object;
}

export async function uiReads(rules: Rules): Promise<void> {
  const dataDir = join(tempDir('infra-ui-reads'), 'data');
  const server = await startServer({ dataDir });
  try {
    await server.stop();
    const company = fillCompany(server.databaseFile, size);
    await server.start();
    const { secret } = await server.login(adminEmail, adminPassword);
    const slow: string[] = [];
    for (const request of requestsOf(company)) {
      const { milliseconds, bytes } = await measure(server, secret, request);
      rules.note(`${request.what.padEnd(44)} ${milliseconds.toFixed(0).padStart(5)} ms ${(bytes / 1024).toFixed(0).padStart(6)} KiB`);
      if (milliseconds > budgetMilliseconds) slow.push(`${request.what} (${milliseconds.toFixed(0)} ms)`);
    }
    rules.holds(
      slow.length === 0 ? `each within ${budgetMilliseconds} ms` : `over ${budgetMilliseconds} ms: ${slow.join(', ')}`,
      slow.length === 0,
    );
  } finally {
    await server.stop();
  }
}

function requestsOf(company: Company): readonly Request[] {
  const { deep } = company;
  const list = (name: string, queries: Readonly<Record<string, string>>): Request[] =>
    Object.entries(queries).map(([what, query]) => ({
      what: `${name}: ${what}`,
      path: `/api/v1/${name}${query === '' ? '' : `?${query}`}`,
    }));
  return [
    ...list('users', {
      'first page': '',
      'search, many': 'search=person',
      'search, one': 'search=person-99998%40',
      'search, none': 'search=zzzz',
      'provider, half of them': 'provider=okta',
      'provider, nobody': 'provider=nowhere',
      'local, few': 'provider=local',
      'group, ten': `group=${company.smallGroup}`,
      'group, everybody': `group=${company.everybody}`,
      disabled: 'status=disabled',
      'deep page': `cursor=${deep.user}`,
      '1000 rows': 'limit=1000',
    }),
    ...list('groups', {
      'first page': '',
      'search, one': 'search=team-9998',
      'search, none': 'search=zzzz',
      'of a provider': 'provider=okta',
      local: 'provider=local',
      'deep page': `cursor=${deep.group}`,
    }),
    ...list('workloads', { 'first page': '', search: 'search=job-1' }),
    ...list('destinations', {
      'first page': '',
      'all 500': 'limit=1000',
      search: 'search=cluster-49',
      'deep page': `cursor=${deep.destination}`,
    }),
    ...list('grants', {
      'first page': '',
      'search, a person': 'search=person-99998%40',
      'search, many': 'search=person',
      'search, a resource': 'search=cluster-499',
      'search, a namespace': 'search=cluster-499.web',
      'search, none': 'search=zzzz',
      'of a destination': `destination=${company.destination}`,
      'ends within a week': `endsBefore=${encodeURIComponent(company.inAWeek)}`,
      failed: 'state=failed',
      pending: 'state=pending',
      applied: 'state=applied',
      'deep page': `cursor=${deep.grant}`,
      '1000 rows': 'limit=1000',
    }),
    ...list('audit-events', {
      'first page': '',
      'a family, nearly all': 'event=request',
      'of a person': `actor=${company.user}`,
      'several events': 'event=grant,group.added,lease.issued',
      verb: 'verb=delete',
      refused: 'outcome=refused',
      'search, many': 'search=namespaces',
      'search, none': 'search=zzzz',
      'search in one event': 'search=pods&event=request',
      'deep page': `cursor=${deep.auditEvent}`,
    }),
    ...list('overview', { '': '' }).map((request) => ({ ...request, what: 'overview' })),
    ...list('settings', { '': '' }).map((request) => ({ ...request, what: 'settings' })),
    { what: 'why, of a user', path: `/api/v1/users/${company.user}/why` },
    { what: 'revocation impact of a user', path: `/api/v1/revocation-impact?user=${company.user}` },
    { what: 'revocation impact of a destination', path: `/api/v1/revocation-impact?destination=${company.destination}` },
    {
      what: 'grant preview, a group of ten',
      path: '/api/v1/grant-preview',
      body: { subject: 'group:team-0', role: 'view', resource: 'cluster-0' },
    },
  ];
}

async function measure(
  server: RunningServer,
  secret: string,
  { what, path, body }: Request,
): Promise<{ readonly milliseconds: number; readonly bytes: number }> {
  const times: number[] = [];
  let bytes = 0;
  for (let round = 0; round < repetitions; round++) {
    const startedAt = performance.now();
    const answer = await server.request(path, {
      headers: { authorization: `Bearer ${secret}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    times.push(performance.now() - startedAt);
    if (!answer.ok) throw new Error(`${what}: ${answer.status} ${text}`);
    bytes = text.length;
  }
  return { milliseconds: times.sort((one, other) => one - other)[Math.floor(repetitions / 2)] ?? 0, bytes };
}
