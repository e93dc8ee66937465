/** People and groups that a directory gives: whom they become, how they are found, what is told of it. */
import { expect } from 'chai';
import { api } from '../../../shared/api/index.ts';
import type { Call } from '../../../shared/client.ts';
import { loginByBrowser } from '../../support/browser.ts';
import {
  newScimClient,
  patchUrn,
  provision,
  scimClient,
  scimGroup,
  scimUser,
  type ScimClient,
  type ScimDocument,
} from '../../support/scim.ts';
import { federationStage, type FederationStage } from '../../security/federation-stage.ts';

describe('SCIM people and groups', function () {
  this.timeout(60_000);
  let stage: FederationStage;
  let admin: Call;
  let scim: ScimClient;
  before(async () => {
    stage = await federationStage();
    admin = await stage.server.admin();
    scim = await newScimClient(stage.server, stage.acme);
  });
  beforeEach(() => stage.evil.honest());
  after(async () => stage.stop());

  const is = (person: Record<string, unknown>): void => void (stage.evil.person = { email_verified: true, ...person });
  const idsOf = (body: ScimDocument): string[] => body.Resources.map(({ id }) => id);

  describe('a person who was given', () => {
    it('is a user at once, can be granted something, and comes in by the subject that externalId told', async () => {
      const id = await provision(scim, 'by-subject@example.com', { externalId: 'subject-1' });
      await admin(api.grants.create, { body: { subject: 'by-subject@example.com', role: 'view', resource: 'infra' } });
      is({ sub: 'subject-1', email: 'renamed-since@example.com' });
      const { session, call } = await loginByBrowser(stage.server, 'acme');
      expect(session.identity.id).to.equal(id);
      expect((await call(api.sessions.current, {})).serverRoles).to.include('view');
    });
    it('comes in by the verified address where externalId is no subject, once', async () => {
      const id = await provision(scim, 'upn@tenant.example', {
        externalId: 'nickname',
        emails: [{ value: 'By.Address@example.com', type: 'work' }],
      });
      is({ sub: 'pairwise', email: 'by.address@example.com' });
      expect((await loginByBrowser(stage.server, 'acme')).session.identity.id).to.equal(id);
      is({ sub: 'pairwise', email: 'moved@example.com' });
      expect((await loginByBrowser(stage.server, 'acme')).session.identity.id).to.equal(id);
    });
    it('is known by the primary address before the user name, and by any before none', async () => {
      const both = await scim.post(
        '/Users',
        scimUser('name@example.com', { emails: [{ value: 'other@example.com' }, { value: 'primary@example.com', primary: true }] }),
      );
      const outside = await scim.post(
        '/Users',
        scimUser('out@tenant.example', { emails: [{ value: 'x@out.example', primary: true }, { value: 'inside@example.com' }] }),
      );
      const emails = await Promise.all(
        [both, outside].map(async ({ body }) => (await admin(api.users.get, { params: { id: body.id } })).email),
      );
      expect(emails).to.deep.equal(['primary@example.com', 'inside@example.com']);
    });
    it('is the user whom an admin invited and who has not come yet, with the rights that wait there', async () => {
      const { user } = await admin(api.users.create, { body: { email: 'invited@example.com' } });
      expect(await provision(scim, 'Invited@example.com')).to.equal(user.id);
    });
    it('is the one who came by this provider before', async () => {
      is({ sub: 'came-before', email: 'came-before@example.com' });
      const { session } = await loginByBrowser(stage.server, 'acme');
      expect(await provision(scim, 'came-before@example.com', { externalId: 'came-before' })).to.equal(session.identity.id);
    });
    it('may be given deactivated', async () => {
      const { status, body } = await scim.post('/Users', scimUser('not-yet@example.com', { active: false }));
      expect([status, body.active]).to.deep.equal([201, false]);
    });
    it('is active where nothing is said, and stays deactivated when a PUT says nothing', async () => {
      const { body } = await scim.post('/Users', { userName: 'unsaid@example.com' });
      const path = `/Users/${body.id}`;
      expect(body.active).to.equal(true);
      await scim.patch(path, { op: 'replace', value: { active: false } });
      expect((await scim.put(path, { userName: 'unsaid@example.com' })).body.active).to.equal(false);
    });
    it('comes in again after an activation, with the same user', async () => {
      const id = await provision(scim, 'again@example.com', { externalId: 'again' });
      for (const active of [false, true]) await scim.patch(`/Users/${id}`, { op: 'replace', value: { active } });
      is({ sub: 'again', email: 'again@example.com' });
      expect((await loginByBrowser(stage.server, 'acme')).session.identity.id).to.equal(id);
    });
    it('who goes takes access and memberships along, and can be given anew', async () => {
      const id = await provision(scim, 'goes@example.com', { externalId: 'goes' });
      await scim.post('/Groups', scimGroup('goers', [id]));
      expect((await scim.remove(`/Users/${id}`)).status).to.equal(204);
      expect((await scim.get(`/Users/${id}`)).status).to.equal(404);
      expect((await scim.remove(`/Users/${id}`)).status).to.equal(404);
      expect((await scim.find('Groups', 'displayName eq "goers"')).body).to.not.have.nested.property('Resources[0].members');
      expect(await provision(scim, 'goes@example.com', { externalId: 'goes' })).to.not.equal(id);
    });
    it('an admin who removes the user takes it from the directory too', async () => {
      const id = await provision(scim, 'removed-here@example.com');
      await admin(api.users.remove, { params: { id: id } });
      expect((await scim.get(`/Users/${id}`)).status).to.equal(404);
    });
  });

  describe('lists', () => {
    it('come page by page, each person once, in one order', async () => {
      for (let index = 0; index < 7; index += 1) await provision(scim, `page-${index}@example.com`);
      const { body: whole } = await scim.get('/Users');
      const total = whole.totalResults;
      const seen: string[] = [];
      for (let startIndex = 1; startIndex <= total; startIndex += 3) {
        const { body } = await scim.get(`/Users?startIndex=${startIndex}&count=3`);
        expect(body).to.include({ totalResults: total, startIndex, itemsPerPage: Math.min(3, total - startIndex + 1) });
        seen.push(...idsOf(body));
      }
      expect(seen).to.deep.equal(idsOf(whole));
    });
    it('count what matches, whichever page is asked for', async () => {
      const filter = encodeURIComponent('userName sw "page-"');
      const pages = await Promise.all(
        [1, 4, 7, 8].map(async (startIndex) => (await scim.get(`/Users?filter=${filter}&startIndex=${startIndex}&count=3`)).body),
      );
      expect(pages.map((page) => [page.totalResults, page.itemsPerPage])).to.deep.equal([
        [7, 3],
        [7, 3],
        [7, 1],
        [7, 0],
      ]);
    });
    it('take strange bounds as RFC 7644 §3.4.2.4 says', async () => {
      expect((await scim.get('/Users?startIndex=-5&count=0')).body).to.include({ startIndex: 1, itemsPerPage: 0 });
      expect((await scim.get('/Users?count=-1')).body).to.include({ itemsPerPage: 0 });
      expect((await scim.get('/Users?count=100000')).status).to.equal(200);
      for (const query of ['startIndex=x', 'count=1.5', 'count=1&count=2', 'filter=a&filter=b'])
        expect((await scim.get(`/Users?${query}`)).status, query).to.equal(400);
    });
    it('are the same by /.search, of one kind or of all', async () => {
      const filter = 'userName sw "page-"';
      const { body } = await scim.post('/Users/.search', { filter, count: 2, attributes: ['userName'] });
      expect(body).to.include({ totalResults: 7, itemsPerPage: 2 });
      expect(Object.keys(body.Resources[0]!)).to.have.members(['schemas', 'id', 'userName']);
      await scim.post('/Groups', scimGroup('searched'));
      expect((await scim.post('/.search', { filter: 'displayName eq "searched"' })).body.totalResults).to.equal(1);
      expect((await scim.post('/.search', { filter: 'userName sw "page-"' })).body.totalResults).to.equal(7);
      expect((await scim.post('/.search', { filter: 'nothing pr' })).status).to.equal(400);
      const all = await scim.post('/.search', { count: 500 });
      const [users, groups] = await Promise.all(
        ['/Users', '/Groups'].map(async (path) => (await scim.get(`${path}?count=0`)).body.totalResults),
      );
      expect(all.body.totalResults).to.equal(users! + groups!);
    });
  });

  describe('versions', () => {
    it('grow with each change and with nothing else; what is known already is not sent again', async () => {
      const { headers, body } = await scim.post('/Users', scimUser('versions@example.com'));
      const path = `/Users/${body.id}`;
      const first = headers.get('etag')!;
      expect(body.meta.version).to.equal(first);
      expect(headers.get('location')).to.equal(`${stage.server.url}/scim/v2/acme${path}`);
      expect((await scim.send('GET', path, { headers: { 'if-none-match': first } })).status).to.equal(304);
      const same = await scim.patch(path, { op: 'replace', value: { active: true } });
      expect(same.headers.get('etag')).to.equal(first);
      const changed = await scim.send('PATCH', path, {
        body: { schemas: [patchUrn], Operations: [{ op: 'add', path: 'displayName', value: 'V' }] },
        headers: { 'if-match': first },
      });
      expect([changed.status, changed.headers.get('etag') === first]).to.deep.equal([200, false]);
      expect((await scim.send('DELETE', path, { headers: { 'if-match': first } })).status).to.equal(412);
      expect((await scim.send('DELETE', path, { headers: { 'if-match': '*' } })).status).to.equal(204);
    });
  });

  describe('errors', () => {
    for (const [what, method, path, body, status, scimType] of [
      ['a body that is no JSON', 'POST', '/Users', '{', 400, 'invalidSyntax'],
      ['a list for a user', 'POST', '/Users', [], 400, 'invalidSyntax'],
      ['a user without a name', 'POST', '/Users', {}, 400, 'invalidValue'],
      ['a PATCH without operations', 'PATCH', '/Users/usr_x', {}, 400, 'invalidSyntax'],
      ['an address that is not there', 'GET', '/Users/usr_x/more', undefined, 404, undefined],
      ['another kind', 'GET', '/Devices', undefined, 404, undefined],
      ['a look-alike address', 'GET', '/users', undefined, 404, undefined],
      ['another method', 'DELETE', '/Users', undefined, 405, undefined],
      ['a filter on a discovery document', 'GET', '/Schemas?filter=id%20pr', undefined, 403, undefined],
    ] as const)
      it(`${what} is ${status} as a SCIM error`, async () => {
        const answer = await scim.send(method, path, body === undefined ? {} : { body });
        expect(answer.status).to.equal(status);
        expect(answer.headers.get('content-type')).to.match(/^application\/scim\+json/);
        expect(answer.body).to.deep.include({
          schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'],
          status: String(status),
          ...(scimType === undefined ? {} : { scimType }),
        });
        expect(answer.body.detail).to.match(/^\S.{10,}$/);
      });
    it('another type of body is 415', async () => {
      expect(
        (await scim.send('POST', '/Users', { body: scimUser('x@example.com'), headers: { 'content-type': 'text/plain' } })).status,
      ).to.equal(415);
    });
  });

  it('several tokens hold at once, know when they were used, and groups go back to logins with the last', async () => {
    const second = await newScimClient(stage.server, stage.acme);
    expect((await second.get('/Users?count=0')).status).to.equal(200);
    const { body } = await scim.post('/Groups', scimGroup('handed-back'));
    const { items } = await admin(api.scimTokens.list, { params: { id: stage.acme.id } });
    expect(items.map(({ lastUsedAt }) => lastUsedAt !== null)).to.deep.equal([true, true]);
    for (const { id } of items) await admin(api.scimTokens.remove, { params: { id: stage.acme.id, token: id } });
    scim = await newScimClient(stage.server, stage.acme);
    expect((await scim.get(`/Groups/${body.id}`)).status).to.equal(404);
  });

  it('a token ends at its time', async () => {
    const { secret, scimToken } = await admin(api.scimTokens.create, { params: { id: stage.acme.id }, body: { expiresInSeconds: 60 } });
    expect(Date.parse(scimToken.expiresAt) - Date.parse(scimToken.createdAt)).to.equal(60_000);
    expect((await scimClient(stage.server, 'acme', secret).get('/Users?count=0')).status).to.equal(200);
  });

  it('each change is in the audit with the token that made it', async () => {
    const since = new Date(Date.now() - 1).toISOString();
    const id = await provision(scim, 'audited@example.com', { externalId: 'audited' });
    const group = (await scim.post('/Groups', scimGroup('audited', [id]))).body.id;
    await scim.patch(`/Groups/${group}`, { op: 'replace', value: { displayName: 'audited-2' } });
    await scim.patch(`/Users/${id}`, { op: 'replace', value: { displayName: 'A', active: false } });
    await scim.patch(`/Users/${id}`, { op: 'replace', value: { active: true } });
    await scim.remove(`/Users/${id}`);
    await scim.remove(`/Groups/${group}`);
    const { items } = await admin(api.audit.list, { query: { since, limit: 100 } });
    const written = items.filter(({ actor }) => actor.id === scim.tokenId).map(({ event }) => event);
    // Of one moment they come in any order.
    expect(written).to.have.members([
      ...['user.added', 'account.provisioned', 'group.added', 'group.member-added', 'group.renamed', 'account.updated'],
      ...['account.deactivated', 'account.activated', 'group.member-removed', 'user.removed', 'account.deprovisioned', 'group.removed'],
    ]);
  });
});
