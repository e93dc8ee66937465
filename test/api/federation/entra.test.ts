/** Microsoft Entra ID as an identity provider: whom it names, and their groups by token, by overage and by name. */
import { expect } from 'chai';
import { api } from '../../../shared/api/index.ts';
import { exchange, loginByBrowser, loginUrl, newBrowser, newCliSide } from '../../support/browser.ts';
import { directoryStage, groupNames, loginGroups, loginRefusal, type DirectoryStage } from '../../support/directory-stage.ts';
import { refusal } from '../../support/refusal.ts';

describe('a provider of kind azure', function () {
  this.timeout(120_000);
  let stage: DirectoryStage;
  before(async () => {
    stage = await directoryStage();
    await stage.connectEntra();
    await stage.connectEntra({ name: 'named', linkUsers: true, directory: { groupNames: 'names' } });
  });
  beforeEach(() => stage.entra.honest());
  after(async () => stage.stop());

  let people = 0;
  const somebody = (groups: string[]) => {
    const person = stage.entra.addPerson({ upn: `person${(people += 1)}@example.com`, groups });
    stage.entra.signIn(person);
    return person;
  };
  const groupsAsked = (): number => stage.entra.asked.filter((path) => path.startsWith('/v1.0/')).length;
  const events = async (event: string) => (await stage.admin(api.audit.list, { query: { event } })).items;

  it('knows a person by their object id, and groups by theirs, without asking anybody', async () => {
    const [inner, outer] = [stage.entra.addGroup('Inner'), stage.entra.addGroup('Outer')];
    inner.memberOf.push(outer.id);
    const person = somebody([inner.id]);
    const { call, session } = await loginByBrowser(stage.server, 'entra');
    expect(session.identity.name).to.equal(person.upn);
    expect(await groupNames(call)).to.deep.equal([inner, outer].map(({ id }) => `entra/${id}`).toSorted());
    expect((await events('account.linked'))[0]?.details).to.include({ subject: person.oid });
    expect(groupsAsked()).to.equal(0);
  });

  for (const overage of ['graph.windows.net', 'graph.microsoft.com', 'hasgroups'] as const) {
    it(`brings 1,500 groups, nested ones too, when the token has a pointer instead (${overage})`, async () => {
      const outer = stage.entra.addGroup('Outer');
      const many = Array.from({ length: 1499 }, (_, index) => stage.entra.addGroup(`Team ${index}`));
      many[7]?.memberOf.push(outer.id);
      const office = stage.entra.addGroup('Everybody in the office', { securityEnabled: false });
      somebody([...many, office].map(({ id }) => id));
      stage.entra.app.overage = overage;
      expect(await loginGroups(stage.server, 'entra')).to.deep.equal([...many, outer].map(({ id }) => `entra/${id}`).toSorted());
      expect(groupsAsked(), 'pages').to.equal(2);
    });
  }

  it('refuses more groups than can be, and changes nothing', async () => {
    const person = somebody(Array.from({ length: 2001 }, (_, index) => stage.entra.addGroup(`Crowd ${index}`).id));
    expect((await loginRefusal(stage.server, 'entra')).code).to.equal('login.groups-unusable');
    expect((await stage.admin(api.users.list, { query: { email: person.upn } })).items).to.deep.equal([]);
  });

  it('waits as long as the Graph says, and no longer than a login may take', async () => {
    const many = Array.from({ length: 201 }, (_, index) => stage.entra.addGroup(`Slow ${index}`).id);
    somebody(many);
    Object.assign(stage.entra.graph, { pageSize: 100, throttle: { times: 2, retryAfter: '1' } });
    expect(await loginGroups(stage.server, 'entra')).to.have.length(201);
    expect(stage.entra.graph.early, 'questions before their time').to.equal(0);
    somebody(many);
    stage.entra.graph.throttle = { times: 1, retryAfter: '600' };
    const started = Date.now();
    const refused = await loginRefusal(stage.server, 'entra');
    expect(refused.code).to.equal('login.groups-unavailable');
    expect(refused.sentence).to.contain('asked too much').and.not.contain('CANARY');
    expect(Date.now() - started).to.be.below(10_000);
    somebody(many);
    stage.entra.graph.throttle = { times: 1000, status: 503, retryAfter: null };
    expect((await loginRefusal(stage.server, 'entra')).code).to.equal('login.groups-unavailable');
    expect(stage.entra.graph.throttle.times, 'it gives up').to.be.above(990);
  });

  it('leaves people in the groups last known while the directory is away: for a day, and says so', async () => {
    const many = Array.from({ length: 201 }, (_, index) => stage.entra.addGroup(`Kept ${index}`).id);
    const person = somebody(many);
    await loginByBrowser(stage.server, 'entra');
    for (const change of [{ isDown: true }, { roles: [] }]) {
      stage.entra.honest();
      Object.assign(stage.entra.graph, change);
      person.groups = many.slice(0, 200).concat(stage.entra.addGroup('New').id);
      expect(await loginGroups(stage.server, 'entra')).to.deep.equal(many.map((id) => `entra/${id}`).toSorted());
    }
    const [told] = await events('account.groups-kept');
    expect(JSON.stringify(told?.details)).to.contain('GroupMember.Read.All').and.not.contain('CANARY');
    stage.sql(
      'UPDATE accounts SET groups_at = ? WHERE subject = ?',
      new Date(Date.now() - 24 * 3_600_000 - 1000).toISOString(),
      person.oid,
    );
    expect((await loginRefusal(stage.server, 'entra')).code).to.equal('login.groups-unavailable');
    stage.entra.honest();
    expect(await loginGroups(stage.server, 'entra'), 'and back to what is').to.include.members(person.groups.map((id) => `entra/${id}`));
  });

  it('calls groups by their names where that is wanted, asked for once', async () => {
    const [ops, german] = [stage.entra.addGroup('Site Ops'), stage.entra.addGroup('Größe')];
    somebody([ops.id, german.id]);
    const wanted = [`named/${german.id}`, 'named/Site Ops'].toSorted();
    expect(await loginGroups(stage.server, 'named')).to.deep.equal(wanted);
    expect(groupsAsked()).to.equal(1);
    expect(await loginGroups(stage.server, 'named')).to.deep.equal(wanted);
    somebody([ops.id]);
    expect(await loginGroups(stage.server, 'named')).to.deep.equal(['named/Site Ops']);
    expect(groupsAsked(), 'names are kept').to.equal(1);
  });

  it('notices at a later refresh that a group was renamed: it keeps its grants, and its old name is free', async () => {
    const crew = stage.entra.addGroup('Crew');
    const person = somebody([crew.id]);
    await loginByBrowser(stage.server, 'named');
    await stage.admin(api.grants.create, { body: { subject: 'group:named/Crew', role: 'view', resource: 'infra' } });
    crew.displayName = 'Cabin Crew';
    expect(await loginGroups(stage.server, 'named')).to.deep.equal(['named/Crew']);
    stage.sql('UPDATE directory_groups SET named_at = ?', new Date(Date.now() - 13 * 3_600_000).toISOString());
    const { call } = await loginByBrowser(stage.server, 'named');
    expect(await groupNames(call)).to.deep.equal(['named/Cabin Crew']);
    expect((await call(api.sessions.current, {})).serverRoles).to.deep.equal(['view']);
    expect((await events('group.renamed'))[0]?.details).to.deep.include({ before: 'named/Crew' });
    somebody([stage.entra.addGroup('Crew').id]);
    const other = await loginByBrowser(stage.server, 'named');
    expect(await groupNames(other.call)).to.deep.equal(['named/Crew']);
    expect((await other.call(api.sessions.current, {})).serverRoles).to.deep.equal([]);
    stage.entra.signIn(person);
  });

  it('lets people in under ids of groups while their names cannot be asked for', async () => {
    const group = stage.entra.addGroup('Named later');
    somebody([group.id]);
    stage.entra.graph.isDown = true;
    expect(await loginGroups(stage.server, 'named')).to.deep.equal([`named/${group.id}`]);
    stage.entra.honest();
    expect(await loginGroups(stage.server, 'named')).to.deep.equal(['named/Named later']);
  });

  it('takes a group beforehand by its id alone', async () => {
    const group = stage.entra.addGroup('Platform');
    expect((await refusal(stage.admin(api.groups.create, { body: { name: 'named/Platform' } }))).detail).to.contain('object id');
    await stage.admin(api.groups.create, { body: { name: `named/${group.id}` } });
    await stage.admin(api.grants.create, { body: { subject: `group:named/${group.id}`, role: 'view', resource: 'infra' } });
    somebody([group.id]);
    const { call } = await loginByBrowser(stage.server, 'named');
    expect(await groupNames(call)).to.deep.equal(['named/Platform']);
    expect((await call(api.sessions.current, {})).serverRoles).to.deep.equal(['view']);
  });

  it('goes on when Entra changes its keys in between', async () => {
    const person = somebody([]);
    const cli = newCliSide();
    const browser = newBrowser(stage.server);
    const { url } = await browser.walk(loginUrl(stage.server, cli, 'entra'), (to) => to.includes('/login/callback/'));
    await stage.entra.rotateKeys();
    const end = await browser.walk(url);
    expect((await exchange(stage.server, end.url, cli)).session.identity.name).to.equal(person.upn);
  });

  it('is tried step by step, and says what to switch on', async () => {
    const provider = (await stage.admin(api.identityProviders.list, { query: { name: 'entra' } })).items[0];
    const params = { id: provider?.id ?? ('' as never) };
    const steps = async () => (await stage.admin(api.identityProviders.test, { params })).steps;
    expect((await steps()).map(({ step, outcome }) => `${step} ${outcome}`).slice(0, 4)).to.deep.equal([
      ...['discovery ok', 'keys ok', 'client ok', 'directory ok'],
    ]);
    for (const roles of [[], ['User.Read.All']]) {
      stage.entra.graph.roles = roles;
      const failed = (await steps())[3];
      expect(failed).to.include({ step: 'directory', outcome: 'failed' });
      expect(failed?.detail).to.contain('GroupMember.Read.All').and.contain('admin consent').and.not.contain('CANARY');
    }
    stage.entra.honest();
    stage.entra.app.groupMembershipClaims = false;
    somebody([stage.entra.addGroup('Unseen').id]);
    await loginByBrowser(stage.server, 'entra');
    expect((await steps())[4]?.detail).to.contain('Add groups claim');
    await stage.admin(api.identityProviders.update, { params, body: { clientSecret: 'another' } });
    expect((await steps()).map(({ step, outcome }) => `${step} ${outcome}`).slice(2, 4)).to.deep.equal([
      'client failed',
      'directory failed',
    ]);
    await stage.admin(api.identityProviders.update, { params, body: { clientSecret: stage.entra.clientSecret } });
  });

  it('keeps what it is not told to change, and refuses what does not go with it', async () => {
    const provider = (await stage.admin(api.identityProviders.list, { query: { name: 'named' } })).items[0];
    expect(provider?.directory).to.deep.equal({ of: 'entra', emailClaim: 'upn', groupNames: 'names' });
    const params = { id: provider?.id ?? ('' as never) };
    for (const [body, field] of [
      [{ groupsClaim: 'roles' }, 'body.groupsClaim'],
      [{ directory: null }, 'body.directory'],
      [{ directory: { of: 'google', groupsFrom: 'admin-sdk', delegatedAdmin: 'a@example.com' } }, 'body.directory'],
      [{ serviceAccountKey: stage.google.serviceAccountKey }, 'body.serviceAccountKey'],
    ] as const)
      expect((await refusal(stage.admin(api.identityProviders.update, { params, body }))).fields?.[0]?.path).to.equal(field);
  });

  const issuers: Readonly<Record<string, readonly [issuer: string, words: string]>> = {
    common: ['https://login.microsoftonline.com/common/v2.0', 'accounts of any tenant'],
    organizations: ['https://login.microsoftonline.com/organizations/v2.0', 'accounts of any tenant'],
    consumers: ['https://login.microsoftonline.com/consumers/v2.0', 'accounts of any tenant'],
    'the tenant of personal accounts': [
      'https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0',
      'accounts of any tenant',
    ],
    'a tenant by its domain': ['https://login.microsoftonline.com/example.com/v2.0', 'by its id'],
    'version 1': ['https://sts.windows.net/6b7c1a52-93f1-4d0e-8a2c-3c4f1f0f6a11/', 'version 2.0'],
    'somebody else’s host': ['https://login.example.com/6b7c1a52-93f1-4d0e-8a2c-3c4f1f0f6a11/v2.0', 'none of Microsoft’s'],
    'a host that begins like Microsoft’s': [
      'https://login.microsoftonline.com.evil.example/6b7c1a52-93f1-4d0e-8a2c-3c4f1f0f6a11/v2.0',
      'none of Microsoft’s',
    ],
  };
  for (const [what, [issuer, words]] of Object.entries(issuers)) {
    it(`at an issuer of ${what} is refused, in words`, async () => {
      const { code, detail } = await refusal(stage.connectEntra({ name: 'refused', issuer }));
      expect(code).to.equal('provider.invalid');
      expect(detail).to.contain(words);
    });
  }
});
