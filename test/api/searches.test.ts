/** Lists sifted: by part of a name whatever its case, by where things come from, by what they are in. What is typed is text, never a pattern. */
import { expect } from 'chai';
import Sqlite from 'better-sqlite3';
import type { AuditEvent } from '../../shared/api/audit.ts';
import { api } from '../../shared/api/index.ts';
import type { Call } from '../../shared/client.ts';
import { newId } from '../../shared/id.ts';
import { enrolConnector, type EnrolledConnector } from '../support/enrolled-connector.ts';
import { startOidcProvider, type OidcProvider } from '../support/oidc-provider.ts';
import { refusal } from '../support/refusal.ts';
import { adminEmail, startServer, type RunningServer } from '../support/server.ts';

describe('lists that are searched', function () {
  this.timeout(60_000);
  let server: RunningServer;
  let admin: Call;
  let idp: OidcProvider;
  let connector: EnrolledConnector;
  const grantIds: Record<string, string> = {};

  before(async () => {
    server = await startServer();
    idp = await startOidcProvider([]);
    admin = await server.admin();
    for (const email of ['Ana.Lima@example.com', 'bob_x@example.com', 'bobyx@example.com', 'per%cent@example.com'])
      await admin(api.users.create, { body: { email } });
    for (const name of ['deploy-web', 'deploy-api', 'robot']) await admin(api.workloads.create, { body: { name } });
    await admin(api.identityProviders.create, {
      body: { name: 'acme', kind: 'oidc', issuer: idp.issuer, clientId: 'infra', clientSecret: 'x', emailDomains: ['example.com'] },
    });
    for (const name of ['platform', 'web.crew', 'acme/Platform Team']) await admin(api.groups.create, { body: { name } });
    const [platform] = (await admin(api.groups.list, { query: { name: 'platform' } })).items;
    await admin(api.groups.addMember, { params: { id: platform!.id }, body: { identity: 'ana.lima@example.com' } });
    connector = await enrolConnector(server, 'prod-eu');
    await admin(api.destinations.create, { body: { name: 'prod-us' } });
    await admin(api.destinations.create, { body: { name: 'staging' } });
    await grant('ana', { subject: 'ana.lima@example.com', role: 'view', resource: 'prod-eu.web' });
    await grant('soon', { subject: 'bob_x@example.com', role: 'edit', resource: 'prod-us', until: inDays(2) });
    await grant('late', { subject: 'bobyx@example.com', role: 'edit', resource: 'staging', until: inDays(20) });
    await grant('group', { subject: 'group:platform', role: 'view', resource: 'prod-eu' });
    await grant('workload', { subject: 'workload:deploy-web', role: 'edit', resource: 'prod-eu.web' });
    await report();
  });
  after(async () => {
    await server.stop();
    await idp.stop();
  });

  const inDays = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString();
  async function grant(key: string, body: { subject: string; role: string; resource: string; until?: string }): Promise<void> {
    grantIds[key] = (await admin(api.grants.create, { body })).grant.id;
  }
  /** Of the grants at prod-eu one is in place, one could not be put there, and one was not told of. */
  async function report(): Promise<void> {
    const grants = [
      { id: grantIds['ana'], state: 'applied', reason: null },
      { id: grantIds['group'], state: 'failed', reason: 'There is no ClusterRole view.' },
    ];
    const body = JSON.stringify({
      ...{ replica: 'r', sequence: 1, version: 'test', clusterUid: null, address: '127.0.0.1:1', discovery: null, grants },
    });
    const answer = await connector.send({ method: 'POST', path: '/api/v1/connector/report', body });
    expect(answer.status, await answer.text()).to.equal(204);
  }
  const emails = async (query: object): Promise<string[]> => (await admin(api.users.list, { query })).items.map(({ email }) => email);

  const userSearches: readonly (readonly [query: Record<string, string>, emails: readonly string[]])[] = [
    [{ search: 'LIMA' }, ['Ana.Lima@example.com']],
    [{ search: ' ana.lima ' }, ['Ana.Lima@example.com']],
    [{ search: 'ｌｉｍａ' }, ['Ana.Lima@example.com']],
    [{ search: 'bob_' }, ['bob_x@example.com']],
    [{ search: '%' }, ['per%cent@example.com']],
    [{ search: '\\' }, []],
    [{ search: "' or 1=1 --" }, []],
    [{ search: 'bob', status: 'disabled' }, []],
    [{ provider: 'local', search: 'lima' }, ['Ana.Lima@example.com']],
    [{ provider: 'acme' }, []],
    [{ provider: 'nowhere' }, []],
  ];
  for (const [query, expected] of userSearches)
    it(`users by ${JSON.stringify(query)}`, async () => expect(await emails(query)).to.deep.equal(expected));

  it('users of a group, and of a group that is not there', async () => {
    const [platform] = (await admin(api.groups.list, { query: { name: 'platform' } })).items;
    expect(await emails({ group: platform!.id })).to.deep.equal(['Ana.Lima@example.com']);
    expect(await emails({ group: newId('group', Date.now()) })).to.deep.equal([]);
  });

  it('users of a provider are those with an account there that was not taken off', async () => {
    const database = new Sqlite(server.databaseFile);
    const [{ id: providerId } = { id: '' }] = (await admin(api.identityProviders.list, { query: { name: 'acme' } })).items;
    const insert = database.prepare(
      'INSERT INTO accounts (id, provider_id, subject, identity_id, email, state, created_at, last_login_at) SELECT ?, ?, ?, id, name, ?, created_at, created_at FROM identities WHERE name = ?',
    );
    for (const [email, state] of [
      ['bob_x@example.com', 'active'],
      ['bobyx@example.com', 'unlinked'],
      ['per%cent@example.com', 'ended'],
    ])
      insert.run(newId('account', Date.now()), providerId, email, state, email);
    database.close();
    expect(await emails({ provider: 'acme' })).to.deep.equal(['bob_x@example.com', 'per%cent@example.com']);
  });

  const groupSearches: readonly (readonly [query: Record<string, string>, names: readonly string[]])[] = [
    [{ search: 'PLAT' }, ['acme/Platform Team', 'platform']],
    [{ search: 'acme/plat' }, ['acme/Platform Team']],
    [{ search: 'web.c' }, ['web.crew']],
    [{ search: 'plat', provider: 'local' }, ['platform']],
    [{ provider: 'acme' }, ['acme/Platform Team']],
  ];
  for (const [query, expected] of groupSearches)
    it(`groups by ${JSON.stringify(query)}`, async () => {
      const { items } = await admin(api.groups.list, { query });
      expect(items.map(({ name }) => name)).to.have.members([...expected]);
    });

  it('workloads and destinations by part of their names', async () => {
    const workloads = await admin(api.workloads.list, { query: { search: 'Deploy' } });
    expect(workloads.items.map(({ name }) => name)).to.deep.equal(['deploy-api', 'deploy-web']);
    const destinations = await admin(api.destinations.list, { query: { search: 'PROD' } });
    expect(destinations.items.map(({ name }) => name)).to.deep.equal(['prod-eu', 'prod-us']);
    expect(destinations.items.map(({ connectors }) => connectors.map(({ version }) => version))).to.deep.equal([['test'], []]);
  });

  const grantSearches: readonly (readonly [query: Record<string, string>, keys: readonly string[]])[] = [
    [{ search: 'lima' }, ['ana']],
    [{ search: 'bob_' }, ['soon']],
    [{ search: 'group:plat' }, ['group']],
    [{ search: 'workload:deploy' }, ['workload']],
    [{ search: 'group:deploy' }, []],
    [{ search: 'prod' }, ['ana', 'soon', 'group', 'workload']],
    [{ search: 'eu.w' }, ['ana', 'workload']],
    [{ search: 'WEB' }, ['ana', 'workload']],
    [{ search: 'us.w' }, []],
    [{ search: 'infra' }, ['admin']],
    [{ endsBefore: inDays(7) }, ['soon']],
    [{ endsBefore: inDays(30) }, ['soon', 'late']],
    [{ endsBefore: inDays(30), search: 'bobyx' }, ['late']],
    [{ state: 'failed' }, ['group']],
    [{ state: 'applied' }, ['admin', 'ana']],
    [{ state: 'pending' }, ['soon', 'late', 'workload']],
    [{ state: 'pending', role: 'edit', search: 'eu' }, ['workload']],
  ];
  for (const [query, expected] of grantSearches)
    it(`grants by ${JSON.stringify(query).replace(/\d{4}-[^"]+/, 'a time')}`, async () => {
      const { items } = await admin(api.grants.list, { query });
      const keyOf = new Map(Object.entries(grantIds).map(([key, id]) => [id, key]));
      expect(items.map(({ id }) => keyOf.get(id) ?? 'admin')).to.have.members([...expected]);
    });

  it('pages go on within a search', async () => {
    const first = await admin(api.users.list, { query: { search: 'bob', limit: 1 } });
    expect(first.items.map(({ email }) => email)).to.deep.equal(['bob_x@example.com']);
    const second = await admin(api.users.list, { query: { search: 'bob', limit: 1, cursor: first.nextCursor ?? '' } });
    expect([second.items.map(({ email }) => email), second.nextCursor]).to.deep.equal([['bobyx@example.com'], null]);
  });

  const wrong: Readonly<Record<string, Record<string, string>>> = {
    'nothing to search for': { search: '   ' },
    'more than any name': { search: 'x'.repeat(201) },
    'control characters': { search: 'a\u0000b' },
    'a provider that cannot be one': { provider: 'A B' },
    'a group that is no id': { group: 'platform' },
  };
  for (const [what, query] of Object.entries(wrong))
    it(`${what} is refused, by the name of the field`, async () => {
      const problem = await refusal(admin(api.users.list, { query: query }));
      expect([problem.code, problem.fields?.[0]?.path]).to.deep.equal(['request.invalid', `query.${Object.keys(query)[0] ?? ''}`]);
    });

  describe('the audit', () => {
    const events = async (query: object): Promise<AuditEvent[]> =>
      (await admin(api.audit.list, { query: { limit: 1000, ...query } })).items;
    const access = (verb: string, path: string): object => ({
      ...{ id: newId('auditEvent', Date.now()), at: new Date().toISOString(), phase: 'completed', identityId: null, leaseId: null },
      ...{ impersonatedUser: '', impersonatedGroups: [], verb, path, apiGroup: '', resource: '', subresource: '', namespace: '', name: '' },
      ...{ status: 200, durationMilliseconds: 1, reason: '', sourceAddress: '127.0.0.1', userAgent: 'kubectl' },
    });
    before(async () => {
      const list = [
        access('get', '/api/v1/namespaces/web/pods/a'),
        access('list', '/api/v1/namespaces/web/pods'),
        access('delete', '/api/v1/namespaces/db/secrets/100%25'),
      ];
      const body = JSON.stringify({ replica: 'r', events: list });
      const answer = await connector.send({ method: 'POST', path: '/api/v1/connector/audit-events', body });
      expect(answer.status, await answer.text()).to.equal(204);
    });

    it('by several events and families', async () => {
      const names = new Set((await events({ event: 'group,workload.added,request' })).map(({ event }) => event));
      expect([...names].sort()).to.deep.equal(['group.added', 'group.member-added', 'request.completed', 'workload.added']);
    });
    it('by the verb of a request', async () => {
      const found = await events({ verb: 'delete' });
      expect(found.map(({ details }) => 'path' in details && details.path)).to.deep.equal(['/api/v1/namespaces/db/secrets/100%25']);
    });
    it('by part of a path or of who did it', async () => {
      expect((await events({ search: 'WEB/pods' })).map(({ details }) => 'verb' in details && details.verb)).to.have.members([
        'get',
        'list',
      ]);
      expect(await events({ search: '100%25' })).to.have.length(1);
      expect(await events({ search: '_00' })).to.have.length(0);
      const mine = await events({ search: adminEmail.slice(2, 12).toUpperCase(), event: 'group' });
      expect(mine.map(({ actor }) => actor.name)).to.deep.equal(mine.map(() => adminEmail));
      expect(mine).not.to.have.length(0);
    });
    it('a page within a search goes on', async () => {
      const all = (await events({ search: 'web/pods' })).map(({ id }) => id);
      const first = await admin(api.audit.list, { query: { search: 'web/pods', limit: 1 } });
      const second = await admin(api.audit.list, { query: { search: 'web/pods', limit: 1, cursor: first.nextCursor ?? '' } });
      expect([...first.items, ...second.items].map(({ id }) => id)).to.deep.equal(all);
      expect(second.nextCursor).to.equal(null);
    });
    it('one event, by its id; another id is none', async () => {
      const [newest] = await events({ event: 'grant.added' });
      expect(await admin(api.audit.get, { params: { id: newest!.id } })).to.deep.equal(newest);
      const none = await refusal(admin(api.audit.get, { params: { id: newId('auditEvent', 0) } }));
      expect(none.code).to.equal('audit-event.not-found');
    });
    it('names that are none are refused', async () => {
      for (const query of [{ event: 'grant;drop' }, { event: ',grant' }, { verb: 'GET' }, { search: '' }])
        expect((await refusal(admin(api.audit.list, { query: query }))).code, JSON.stringify(query)).to.equal('request.invalid');
    });
  });
});
