/** Row 25: a directory touches nobody but its own, its identifiers meet nobody else, its filters reach no query, and what it ends has ended. */
import { expect } from 'chai';
import { api } from '../../shared/api/index.ts';
import type { IdentityProvider } from '../../shared/api/identity-providers.ts';
import { ApiError, type Call } from '../../shared/client.ts';
import { loginByBrowser } from '../support/browser.ts';
import { startScriptedProvider, type ScriptedProvider } from '../support/scripted-provider.ts';
import { newScimClient, patchUrn, provision, scimClient, scimGroup, scimUser, type ScimClient } from '../support/scim.ts';
import { adminEmail, newPerson } from '../support/server.ts';
import { attempt, connect, expectRefusal, federationStage, type FederationStage } from './federation-stage.ts';

describe('a directory that speaks SCIM', function () {
  this.timeout(60_000);
  let stage: FederationStage;
  let admin: Call;
  let scim: ScimClient;
  let other: { readonly provider: IdentityProvider; readonly scripted: ScriptedProvider; readonly scim: ScimClient };

  before(async () => {
    stage = await federationStage({ groupsClaim: 'groups' });
    admin = await stage.server.admin();
    scim = await newScimClient(stage.server, stage.acme);
    const scripted = await startScriptedProvider();
    const provider = await connect(stage.server, scripted, 'other', { groupsClaim: 'groups' });
    other = { provider, scripted, scim: await newScimClient(stage.server, provider) };
  });
  beforeEach(() => stage.evil.honest());
  after(async () => {
    await stage.stop();
    await other.scripted.stop();
  });

  const userNamed = async (email: string) => (await admin(api.users.list, { query: { email } })).items[0];
  const is = (person: Record<string, unknown>): void => void (stage.evil.person = { email_verified: true, ...person });
  const codeOf = async (work: Promise<unknown>): Promise<string> =>
    work.then(
      () => 'done',
      (error: unknown) => (error instanceof ApiError ? error.problem.code : String(error)),
    );

  describe('tokens', () => {
    it('row 25: without one of this provider everything is 401, whatever is there, and looks the same', async () => {
      const paths = ['/Users', '/Groups', '/ServiceProviderConfig', '/Schemas', '/nothing', `/Users/usr_${'0'.repeat(26)}`];
      const bodies = new Set<string>();
      for (const path of paths)
        for (const [name, secret] of [
          ['acme', ''],
          ['acme', 'infra_scim_wrong'],
          ['acme', other.scim.secret],
          ['nobody', scim.secret],
          ['Acme', scim.secret],
        ] as const) {
          const answer = await scimClient(stage.server, name, secret).get(path);
          // The limit of wrong ones may be reached on the way.
          expect(answer.status, `${name}${path}`).to.be.oneOf([401, 429]);
          if (answer.status === 401) bodies.add(JSON.stringify(answer.body));
        }
      expect(bodies.size).to.equal(1);
    });

    it('row 28: wrong ones are limited, and a right one is not in their way', async () => {
      const guess = scimClient(stage.server, 'acme', `infra_scim_${'x'.repeat(43)}`);
      const statuses = [];
      for (let tries = 0; tries < 12; tries += 1) statuses.push((await guess.get('/Users')).status);
      expect(statuses.at(-1)).to.equal(429);
      expect((await scim.get('/Users')).status).to.equal(200);
    });

    it('row 25: one opens SCIM alone, and a session opens no SCIM', async () => {
      expect(await codeOf(stage.server.client(scim.secret)(api.users.list, {}))).to.equal('session.missing');
      const { secret } = await newPerson(stage.server, 'session@example.com');
      expect((await scimClient(stage.server, 'acme', secret).get('/Users')).status).to.be.oneOf([401, 429]);
    });

    it('row 25: one that was removed opens nothing', async () => {
      const removed = await newScimClient(stage.server, stage.acme);
      expect((await removed.get('/Users')).status).to.equal(200);
      await admin(api.scimTokens.remove, { params: { id: stage.acme.id, token: removed.tokenId } });
      expect((await removed.get('/Users')).status).to.be.oneOf([401, 429]);
    });

    it('row 25: none holds while its provider is disabled', async () => {
      await admin(api.identityProviders.disable, { params: { id: other.provider.id } });
      expect((await other.scim.post('/Users', scimUser('meanwhile@example.com'))).status).to.equal(403);
      await admin(api.identityProviders.enable, { params: { id: other.provider.id } });
      expect((await other.scim.get('/Users')).status).to.equal(200);
    });

    it('row 34: the secret is nowhere in the list, the audit or the database', async () => {
      const { items } = await admin(api.scimTokens.list, { params: { id: stage.acme.id } });
      const audit = await admin(api.audit.list, { query: { event: 'scim-token' } });
      expect(JSON.stringify({ items, audit })).to.not.include(scim.secret);
    });
  });

  describe('whom it may touch', () => {
    it('row 25: not the admin with a password, nor any user with another way in', async () => {
      expect((await scim.post('/Users', scimUser(adminEmail))).status).to.equal(409);
      const { call } = await newPerson(stage.server, 'own-password@example.com');
      expect((await scim.post('/Users', scimUser('own-password@example.com', { externalId: 'x1' }))).status).to.equal(409);
      await provision(other.scim, 'theirs@example.com');
      expect((await scim.post('/Users', scimUser('theirs@example.com'))).status).to.equal(409);
      expect((await scim.post('/Users', scimUser('THEIRS@EXAMPLE.COM'))).status).to.equal(409);
      expect((await call(api.sessions.current, {})).identity.name).to.equal('own-password@example.com');
    });

    it('row 25: by its id neither a local user, another provider’s, a workload, nor a group of others', async () => {
      const local = await newPerson(stage.server, 'local@example.com');
      const theirs = await provision(other.scim, 'their-own@example.com');
      const workload = await admin(api.workloads.create, { body: { name: 'robot' } });
      const localGroup = await admin(api.groups.create, { body: { name: 'admins' } });
      const theirGroup = (await other.scim.post('/Groups', scimGroup('theirs', [theirs]))).body.id;
      const byLogins = await admin(api.groups.create, { body: { name: 'acme/by-logins' } });
      for (const path of [
        ...[local.id, theirs, workload.id].map((id) => `/Users/${id}`),
        ...[localGroup.id, theirGroup, byLogins.id].map((id) => `/Groups/${id}`),
      ]) {
        const kind = path.startsWith('/Users') ? scimUser('taken@example.com') : scimGroup('taken');
        expect((await scim.get(path)).status, path).to.equal(404);
        expect((await scim.put(path, kind)).status, path).to.equal(404);
        expect((await scim.patch(path, { op: 'replace', value: { active: false, displayName: 'x' } })).status, path).to.equal(404);
        expect((await scim.remove(path)).status, path).to.equal(404);
      }
      expect(await userNamed('local@example.com')).to.include({ status: 'active', password: 'set' });
      expect((await other.scim.get(`/Groups/${theirGroup}`)).body).to.have.nested.property('members[0].value', theirs);
    });

    it('row 25: nobody else becomes a member of its groups', async () => {
      const local = await newPerson(stage.server, 'outsider@example.com');
      const theirs = await provision(other.scim, 'their-member@example.com');
      const own = await provision(scim, 'own-member@example.com');
      const group = (await scim.post('/Groups', scimGroup('crew', [own]))).body.id;
      for (const id of [local.id, theirs, `usr_${'0'.repeat(26)}`, group, 'x', '']) {
        const added = await scim.patch(`/Groups/${group}`, { op: 'add', path: 'members', value: [{ value: id }] });
        expect(added.status, id).to.equal(400);
        expect((await scim.put(`/Groups/${group}`, scimGroup('crew', [own, id]))).status, id).to.equal(400);
      }
      const { items } = await admin(api.groups.members, { params: { id: group }, query: {} });
      expect(items.map(({ name }) => name)).to.deep.equal(['own-member@example.com']);
    });

    it('row 25: of two providers each lists its own people and groups alone', async () => {
      const [mine, theirs] = [await scim.get('/Users?count=500'), await other.scim.get('/Users?count=500')];
      const ids = (answer: typeof mine): string[] => answer.body.Resources.map(({ id }) => id);
      expect(ids(mine).filter((id) => ids(theirs).includes(id))).to.deep.equal([]);
      expect(JSON.stringify((await scim.get('/Groups')).body)).to.not.include('theirs');
      const search = await scim.post('/.search', {});
      expect(JSON.stringify(search.body)).to.not.include('their-own@example.com').and.not.include(adminEmail);
    });

    it('row 25: an externalId of one is no other’s, nor the subject of another provider’s account', async () => {
      await provision(scim, 'first@example.com', { externalId: 'same' });
      expect((await scim.post('/Users', scimUser('second@example.com', { externalId: 'same' }))).status).to.equal(409);
      expect(await provision(other.scim, 'second@example.com', { externalId: 'same' })).to.match(/^usr_/);
    });

    it('row 32: a password that it sends is nobody’s', async () => {
      await provision(scim, 'pushed@example.com', { password: 'a lantern in the harbour' });
      expect(await codeOf(stage.server.login('pushed@example.com', 'a lantern in the harbour'))).to.equal('login.failed');
      const id = (await userNamed('pushed@example.com'))!.id;
      await scim.patch(`/Users/${id}`, { op: 'replace', path: 'password', value: 'a lantern in the harbour' });
      expect(await codeOf(stage.server.login('pushed@example.com', 'a lantern in the harbour'))).to.equal('login.failed');
    });
  });

  describe('names', () => {
    for (const address of [
      'ana@evil.example',
      'ana@example.com@evil.example',
      'ana@exаmple.com',
      'аna@example.com',
      'ana@example.com\n',
      'x',
      '',
    ])
      it(`row 16: ${JSON.stringify(address)} makes nobody a user`, async () => {
        expect((await scim.post('/Users', scimUser(address, { emails: [{ value: address, primary: true }] }))).status).to.equal(400);
      });
    for (const name of [
      'system:masters',
      'a:b',
      ' admins',
      'admins\u0000',
      'admins\u200b',
      'аdmins',
      '\u001b[2Jadmins',
      'x'.repeat(201),
      '',
      '"',
      'a,b',
    ])
      it(`row 17: no group is called ${JSON.stringify(name.slice(0, 20))}`, async () => {
        expect((await scim.post('/Groups', scimGroup(name))).status).to.equal(400);
      });
    it('row 17: a group named like a local one, or like Kubernetes’ own, is the provider’s and no other', async () => {
      const { body } = await scim.post('/Groups', scimGroup('masters'));
      const { items } = await admin(api.groups.list, { query: { name: 'acme/masters' } });
      expect(items.map(({ id }) => id as string)).to.deep.equal([body.id]);
      expect((await admin(api.groups.list, { query: { name: 'masters' } })).items).to.deep.equal([]);
    });
    it('row 29: no control characters come in with any name', async () => {
      for (const more of [
        { displayName: '\u001b]0;x\u0007' },
        { name: { familyName: 'a\u0000b' } },
        { emails: [{ value: 'x@example.com', type: '\u202e' }] },
      ])
        expect((await scim.post('/Users', scimUser('control@example.com', more))).status).to.equal(400);
    });
  });

  describe('filters', () => {
    const injections = [
      ...[
        `userName eq "x" or 1=1`,
        `userName eq "x' OR '1'='1"`,
        `userName eq "x\\" or id pr or userName eq \\"y"`,
        `userName eq "%"`,
        `userName eq "_%"`,
      ],
      ...[`userName eq "x"); DROP TABLE identities; --"`, `externalId eq "' UNION SELECT secret_hash FROM scim_tokens --"`, `id eq "*"`],
      ...[
        `displayName eq "x" or provider_id pr`,
        `secret_hash pr`,
        `attributes pr`,
        `user_name_key eq "x"`,
        `userName[1=1]`,
        `emails[value sw "" or 1=1]`,
      ],
      ...[`userName eq "\\u0000"`, `userName eq "${'%00'.repeat(10)}"`, `__proto__ pr`, `constructor.name pr`, `userName.constructor pr`],
    ];
    for (const filter of injections)
      it(`row 25: ${JSON.stringify(filter)} finds nobody`, async () => {
        for (const kind of ['Users', 'Groups'] as const) {
          const { status, body } = await scim.find(kind, filter);
          if (status === 200) expect(body.totalResults).to.equal(0);
          else expect([status, body.scimType]).to.deep.equal([400, 'invalidFilter']);
        }
        expect((await scim.get('/Users?count=1')).status).to.equal(200);
      });
    it('row 25: reaches nobody of another provider, however it is asked', async () => {
      await provision(other.scim, 'hidden@example.com', { externalId: 'hidden' });
      for (const filter of [
        'userName eq "hidden@example.com"',
        'externalId eq "hidden"',
        'userName co "hidden"',
        'not (userName eq "x")',
        'userName pr or id pr',
      ])
        expect(JSON.stringify((await scim.find('Users', filter)).body), filter).to.not.include('hidden@example.com');
    });
    it('row 31: deep, long and many do no harm', async () => {
      const filters = [
        `${'('.repeat(500)}userName pr${')'.repeat(500)}`,
        `userName eq "${'x'.repeat(3000)}"`,
        `${'not ('.repeat(100)}userName pr${')'.repeat(100)}`,
      ];
      for (const filter of filters) expect((await scim.find('Users', filter)).status).to.equal(400);
      const urn = `urn:${':'.repeat(100_000)}`;
      expect((await scim.patch(`/Users/${await provision(scim, 'many@example.com')}`, { op: 'add', path: urn, value: 1 })).status).to.equal(
        400,
      );
      const tooMany = Array.from({ length: 1001 }, () => ({ op: 'add', path: 'displayName', value: 'x' }));
      expect((await scim.patch('/Users/usr_x', ...tooMany)).status).to.equal(400);
      const members = Array.from({ length: 5001 }, () => 'usr_x');
      expect((await scim.post('/Groups', scimGroup('large', members))).status).to.equal(413);
      expect((await scim.post('/Users', scimUser('large@example.com', { displayName: 'x'.repeat(1_100_000) }))).status).to.equal(413);
    });
  });

  describe('deactivation', () => {
    async function personInside(sub: string) {
      const id = await provision(scim, `${sub}@example.com`, { externalId: sub });
      is({ sub, email: `${sub}@example.com` });
      return { id, ...(await loginByBrowser(stage.server, 'acme')) };
    }
    const ways: Readonly<Record<string, (id: string) => Promise<{ status: number }>>> = {
      'PATCH active': async (id) => scim.patch(`/Users/${id}`, { op: 'Replace', path: 'active', value: 'False' }),
      'PATCH without a path': async (id) => scim.patch(`/Users/${id}`, { op: 'replace', value: { active: false } }),
      PUT: async (id) => scim.put(`/Users/${id}`, { ...scimUser((await scim.get(`/Users/${id}`)).body.userName), active: false }),
      DELETE: async (id) => scim.remove(`/Users/${id}`),
    };
    for (const [way, deactivate] of Object.entries(ways))
      it(`row 25: by ${way} ends the session and the access keys, and whoever comes again stays out`, async () => {
        const sub = `leaver-${way.toLowerCase().replaceAll(' ', '-')}`;
        const { id, call } = await personInside(sub);
        const { secret: key } = await call(api.accessKeys.create, { body: { name: 'ci' } });
        const byKey = await stage.server.client()(api.login.accessKey, { body: { key } });
        const keySession = stage.server.client(byKey.secret);
        expect((await deactivate(id)).status).to.be.oneOf([200, 204]);
        expect(await codeOf(call(api.sessions.current, {}))).to.be.oneOf(['session.expired', 'session.invalid']);
        expect(await codeOf(keySession(api.sessions.current, {}))).to.be.oneOf(['session.expired', 'session.invalid']);
        expect(await codeOf(stage.server.client()(api.login.accessKey, { body: { key } }))).to.equal('login.failed');
        if (way === 'DELETE') return;
        is({ sub, email: `${sub}@example.com` });
        expectRefusal(await attempt(stage.server), 'login.user-disabled');
      });

    it('row 25: holds for who comes with another subject, or another address', async () => {
      const { id } = await personInside('shifty');
      await scim.patch(`/Users/${id}`, { op: 'replace', path: 'active', value: false });
      is({ sub: 'another', email: 'shifty@example.com' });
      expectRefusal(await attempt(stage.server), 'login.user-disabled');
      is({ sub: 'shifty', email: 'another-shifty@example.com' });
      expectRefusal(await attempt(stage.server), 'login.user-disabled');
    });

    it('row 25: takes hold of who logged in before the directory was asked, also under a new address', async () => {
      is({ sub: 'early-bird', email: 'early-bird@example.com' });
      const { call } = await loginByBrowser(stage.server, 'acme');
      is({ sub: 'early-bird', email: 'renamed-bird@example.com' });
      const { session } = await loginByBrowser(stage.server, 'acme');
      const id = await provision(scim, 'renamed-bird@example.com', { externalId: 'not the subject' });
      expect(id).to.equal(session.identity.id);
      await scim.patch(`/Users/${id}`, { op: 'replace', value: { active: false } });
      expect(await codeOf(call(api.sessions.current, {}))).to.equal('session.expired');
    });

    it('row 25: an invitation that was never used lets nobody in past it', async () => {
      const { user, oneTimePassword } = await admin(api.users.create, { body: { email: 'invited@example.com' } });
      expect(await provision(scim, 'invited@example.com')).to.equal(user.id);
      await scim.patch(`/Users/${user.id}`, { op: 'replace', value: { active: false } });
      expect(
        await codeOf(stage.server.client()(api.login.password, { body: { email: 'invited@example.com', password: oneTimePassword! } })),
      ).to.equal('login.failed');
    });

    it('row 25: coming back is no way past an admin’s own bar', async () => {
      const { id } = await personInside('barred');
      await admin(api.users.disable, { params: { id: id } });
      await scim.patch(`/Users/${id}`, { op: 'replace', value: { active: false } });
      await scim.patch(`/Users/${id}`, { op: 'replace', value: { active: true } });
      is({ sub: 'barred', email: 'barred@example.com' });
      expectRefusal(await attempt(stage.server), 'login.user-disabled');
      expect((await userNamed('barred@example.com'))?.status).to.equal('disabled');
    });

    it('row 25: of one provider leaves a shared user’s other way in', async () => {
      await admin(api.identityProviders.update, { params: { id: stage.acme.id }, body: { linkUsers: true } });
      const { call, id, password } = await newPerson(stage.server, 'shared@example.com');
      expect(await provision(scim, 'shared@example.com', { externalId: 'shared' })).to.equal(id);
      const { body } = await scim.post('/Groups', scimGroup('shared-admins', [id]));
      await admin(api.grants.create, { body: { subject: 'group:acme/shared-admins', role: 'admin', resource: 'infra' } });
      expect((await call(api.sessions.current, {})).serverRoles).to.include('admin');
      await scim.patch(`/Users/${id}`, { op: 'replace', value: { active: false } });
      expect((await call(api.sessions.current, {})).serverRoles, 'what the provider’s groups gave').to.deep.equal([]);
      await scim.patch(`/Users/${id}`, { op: 'replace', value: { active: true } });
      await scim.remove(`/Groups/${body.id}`);
      is({ sub: 'shared', email: 'shared@example.com' });
      const byProvider = await loginByBrowser(stage.server, 'acme');
      await scim.remove(`/Users/${id}`);
      await admin(api.identityProviders.update, { params: { id: stage.acme.id }, body: { linkUsers: false } });
      expect(await codeOf(byProvider.call(api.sessions.current, {}))).to.be.oneOf(['session.expired', 'session.invalid']);
      expect((await call(api.sessions.current, {})).identity.id).to.equal(id);
      expect(await codeOf(stage.server.login('shared@example.com', password))).to.equal('done');
    });

    it('row 25: whoever gets the address of a person that was removed begins with nothing', async () => {
      const { id } = await personInside('recycled');
      await admin(api.grants.create, { body: { subject: 'recycled@example.com', role: 'admin', resource: 'infra' } });
      await scim.remove(`/Users/${id}`);
      is({ sub: 'the new one', email: 'recycled@example.com' });
      const { call, session } = await loginByBrowser(stage.server, 'acme');
      expect(session.identity.id).to.not.equal(id);
      expect((await call(api.sessions.current, {})).serverRoles).to.deep.equal([]);
    });
  });

  describe('groups', () => {
    it('row 17: what the directory says of its groups no login undoes, and an old token gives nothing back', async () => {
      const id = await provision(scim, 'member@example.com', { externalId: 'member' });
      const { body } = await scim.post('/Groups', scimGroup('operators'));
      const group = body.id;
      is({ sub: 'member', email: 'member@example.com', groups: ['operators', 'by-token'] });
      const { call } = await loginByBrowser(stage.server, 'acme');
      const groupsNow = async () => (await call(api.sessions.current, {})).groups.map(({ name }) => name);
      expect(await groupsNow()).to.deep.equal(['acme/by-token']);
      await scim.patch(`/Groups/${group}`, { op: 'Add', path: 'members', value: [{ value: id }] });
      is({ sub: 'member', email: 'member@example.com' });
      await loginByBrowser(stage.server, 'acme');
      expect(await groupsNow()).to.deep.equal(['acme/operators']);
    });

    it('row 17: a group that logins knew begins, as the directory’s, with whom the directory names', async () => {
      is({ sub: 'stale', email: 'stale@example.com', groups: ['inherited'] });
      const { call } = await loginByBrowser(stage.server, 'acme');
      await admin(api.grants.create, { body: { subject: 'group:acme/inherited', role: 'view', resource: 'infra' } });
      expect((await call(api.sessions.current, {})).serverRoles).to.include('view');
      expect((await scim.post('/Groups', scimGroup('inherited'))).status).to.equal(201);
      expect((await call(api.sessions.current, {})).serverRoles).to.deep.equal([]);
    });

    it('row 25: a change on another version than the one that was read is refused', async () => {
      const { body, headers } = await scim.post('/Groups', scimGroup('versions'));
      const path = `/Groups/${body.id}`;
      const rename = { schemas: [patchUrn], Operations: [{ op: 'replace', path: 'displayName', value: 'versions-2' }] };
      const ifMatch = { 'if-match': headers.get('etag')! };
      expect((await scim.send('PATCH', path, { body: rename, headers: ifMatch })).status).to.equal(204);
      for (const [method, sent] of [
        ['PATCH', { body: rename }],
        ['PUT', { body: scimGroup('versions-3') }],
        ['DELETE', {}],
      ] as const)
        expect((await scim.send(method, path, { ...sent, headers: ifMatch })).status, method).to.equal(412);
    });
  });
});
