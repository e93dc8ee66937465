/** Rows 11, 16, 17: whom a provider's word makes somebody here, which groups it can give, and how both end. */
import { expect } from 'chai';
import { api } from '../../shared/api/index.ts';
import type { Call } from '../../shared/client.ts';
import { createKeyPair } from '../../cli/key-pair.ts';
import { exchange, loginByBrowser } from '../support/browser.ts';
import { refusal } from '../support/refusal.ts';
import { newPerson } from '../support/server.ts';
import { attempt, connect, expectRefusal, federationStage, type FederationStage } from './federation-stage.ts';

describe('people of a provider', function () {
  this.timeout(60_000);
  let stage: FederationStage;
  let admin: Call;
  before(async () => {
    stage = await federationStage({ groupsClaim: 'groups' });
    admin = await stage.server.admin();
  });
  beforeEach(() => stage.evil.honest());
  after(async () => stage.stop());

  const is = (person: Record<string, unknown>): void => void (stage.evil.person = { email_verified: true, ...person });
  const groupsOf = async (call: Call): Promise<string[]> => (await call(api.sessions.current, {})).groups.map(({ name }) => name);
  const usersNamed = async (email: string) => (await admin(api.users.list, { query: { email } })).items;

  const unverified: Readonly<Record<string, Record<string, unknown>>> = {
    'email_verified false': { email_verified: false },
    'email_verified missing': { email_verified: undefined },
    'email_verified as text': { email_verified: 'true' },
    'email_verified as a number': { email_verified: 1 },
    'no email': { email: undefined },
    'an email that is a list': { email: ['ana@example.com'] },
  };
  for (const [what, claims] of Object.entries(unverified)) {
    it(`row 16: ${what} is nobody`, async () => {
      is({ sub: `unverified ${what}`, email: 'fresh@example.com', ...claims });
      expectRefusal(await attempt(stage.server), 'login.email-unverified');
      expect(await usersNamed('fresh@example.com')).to.deep.equal([]);
    });
  }

  for (const email of [
    'ana@example.com@evil.example',
    'ana@evil.example@example.com',
    '"ana@example.com"@evil.example',
    'ana@evil.example',
    'ana@sub.example.com',
    'ana@example.com.evil.example',
    'ana@notexample.com',
    'ana@example.com ',
    ' ana@example.com',
    'ana@example.com\n',
    'ana@example.com\u0000',
    'ana@exаmple.com',
    'аna@example.com',
    'ana@ｅxample.com',
    'ａna@example.com',
    'ana@example．com',
    'ana@example.com.',
    'ana@xn--exmple-cua.com',
    'aнna@EXAMPLE.COM',
    '\u212Aim@example.com',
    'ana,bob@example.com',
    'ana@',
    '',
    `${'a'.repeat(250)}@example.com`,
  ]) {
    it(`row 16: the address ${JSON.stringify(email)} is not taken`, async () => {
      is({ sub: `address ${email.slice(0, 50)}`.replace(/[^\x20-\x7e]/g, '?'), email });
      expectRefusal(await attempt(stage.server), 'login.email-not-allowed');
    });
  }

  it('row 16: another case of an address is the same person, never a second one', async () => {
    is({ sub: 'case-1', email: 'Case.Person@Example.com' });
    await loginByBrowser(stage.server, 'acme');
    is({ sub: 'case-2', email: 'CASE.PERSON@example.com' });
    expectRefusal(await attempt(stage.server), 'login.account-conflict');
    expect(await usersNamed('case.person@example.com')).to.have.length(1);
  });

  it('row 16: a user whom an admin added is bound once, to the first verified login, and is no other subject’s', async () => {
    const { user: early } = await admin(api.users.create, { body: { email: 'early@example.com' } });
    await admin(api.grants.create, { body: { subject: 'early@example.com', role: 'view', resource: 'infra' } });
    is({ sub: 'early', email: 'early@example.com' });
    const { session, call } = await loginByBrowser(stage.server, 'acme');
    expect(session.identity.id).to.equal(early.id);
    expect((await call(api.sessions.current, {})).serverRoles).to.include('view');
    is({ sub: 'impostor', email: 'early@example.com' });
    expectRefusal(await attempt(stage.server), 'login.account-conflict');
  });

  it('row 16: a user with a password of their own is linked only where an admin said so, and keeps it', async () => {
    const own = await newPerson(stage.server, 'own@example.com');
    is({ sub: 'own', email: 'own@example.com' });
    expectRefusal(await attempt(stage.server), 'login.account-conflict');
    const params = { id: stage.acme.id };
    await admin(api.identityProviders.update, { params, body: { linkUsers: true } });
    expect((await loginByBrowser(stage.server, 'acme')).session.identity.id).to.equal(own.id);
    await admin(api.identityProviders.update, { params, body: { linkUsers: false } });
    await stage.server.login('own@example.com', own.password);
  });

  it('row 16: an account is found by its subject: whoever gets its email at the provider gets nothing of it', async () => {
    is({ sub: 'renamed', email: 'maiden@example.com' });
    const before = await loginByBrowser(stage.server, 'acme');
    is({ sub: 'renamed', email: 'married@example.com' });
    expect((await loginByBrowser(stage.server, 'acme')).session.identity.id).to.equal(before.session.identity.id);
    is({ sub: 'successor', email: 'maiden@example.com' });
    expectRefusal(await attempt(stage.server), 'login.account-conflict');
    is({ sub: 'other', email: 'married@example.com' });
    expect((await loginByBrowser(stage.server, 'acme')).session.identity.id).to.not.equal(before.session.identity.id);
  });

  it('row 16: a second provider is linked to a user only where an admin said so', async () => {
    is({ sub: 'two', email: 'two@example.com' });
    const first = await loginByBrowser(stage.server, 'acme');
    const second = await connect(stage.server, stage.evil, 'second');
    expectRefusal(await attempt(stage.server, 'second'), 'login.account-conflict');
    await admin(api.identityProviders.update, { params: { id: second.id }, body: { linkUsers: true } });
    expect((await loginByBrowser(stage.server, 'second')).session.identity.id).to.equal(first.session.identity.id);
    await admin(api.identityProviders.remove, { params: { id: second.id } });
  });

  it('row 16: nobody is added where the provider may not add, and a known user comes in', async () => {
    const params = { id: stage.acme.id };
    await admin(api.identityProviders.update, { params, body: { createUsers: false } });
    is({ sub: 'stranger', email: 'stranger@example.com' });
    expectRefusal(await attempt(stage.server), 'login.user-unknown');
    expect(await usersNamed('stranger@example.com')).to.deep.equal([]);
    await admin(api.users.create, { body: { email: 'stranger@example.com' } });
    await loginByBrowser(stage.server, 'acme');
    await admin(api.identityProviders.update, { params, body: { createUsers: true } });
  });

  it('row 11: a disabled user stays out, with the email and with the account', async () => {
    const person = await newPerson(stage.server, 'barred@example.com');
    await admin(api.users.disable, { params: { id: person.id } });
    is({ sub: 'barred', email: 'barred@example.com' });
    expectRefusal(await attempt(stage.server), 'login.user-disabled');
  });

  it('row 17: names that a cluster or infra would honour, or that could not stand in a table, are no groups', async () => {
    const bad = [
      'system:masters',
      'infra:view@*',
      'a:b',
      '',
      ' ',
      ' lead',
      'trail ',
      'new\nline',
      '\u001b[31mred',
      'a,b',
      'a"b',
      'plаtform',
      'x'.repeat(201),
    ];
    is({ sub: 'names', email: 'names@example.com', groups: [...bad, 'platform', 'On Call/EU', 7, null, { name: 'x' }] });
    const { call } = await loginByBrowser(stage.server, 'acme');
    expect(await groupsOf(call)).to.have.members(['acme/platform', 'acme/On Call/EU']);
    const [event] = (await admin(api.audit.list, { query: { event: 'account.groups-left-out' } })).items;
    expect(event?.details).to.include({ count: bad.length });
    expect(JSON.stringify(event)).to.not.contain('\\u001b');
  });

  it('row 17: a group named like a local one gives nothing of it, and the other way round', async () => {
    const local = await admin(api.groups.create, { body: { name: 'admins' } });
    await admin(api.grants.create, { body: { subject: 'group:admins', role: 'admin', resource: 'infra' } });
    is({ sub: 'climber', email: 'climber@example.com', groups: ['admins', 'infra/admins', '/admins', 'second/admins'] });
    const { call, secret } = await loginByBrowser(stage.server, 'acme');
    expect((await call(api.sessions.current, {})).serverRoles).to.deep.equal([]);
    expect((await admin(api.groups.members, { params: { id: local.id } })).items).to.deep.equal([]);
    await admin(api.grants.create, { body: { subject: 'group:acme/admins', role: 'view', resource: 'infra' } });
    expect((await stage.server.client(secret)(api.sessions.current, {})).serverRoles).to.deep.equal(['view']);
  });

  it('row 17: who is in a provider’s group is the provider’s to say', async () => {
    is({ sub: 'member', email: 'member@example.com', groups: ['owned'] });
    const { session } = await loginByBrowser(stage.server, 'acme');
    const [group] = (await admin(api.groups.list, { query: { name: 'acme/owned' } })).items;
    const params = { id: group?.id ?? ('' as never) };
    for (const work of [
      admin(api.groups.addMember, { params, body: { identity: 'admin@example.com' } }),
      admin(api.groups.removeMember, { params: { ...params, identity: session.identity.id } }),
      admin(api.groups.remove, { params }),
    ])
      expect((await refusal(work)).code).to.equal('group.of-provider');
  });

  it('row 17: more groups than can be are refused, and change nothing', async () => {
    is({ sub: 'many', email: 'many@example.com', groups: Array.from({ length: 2001 }, (_, index) => `g${index}`) });
    expectRefusal(await attempt(stage.server), 'login.groups-unusable');
    expect(await usersNamed('many@example.com')).to.deep.equal([]);
    is({ sub: 'many', email: 'many@example.com', groups: Array.from({ length: 2000 }, (_, index) => `g${index % 500}`) });
    expect(await groupsOf((await loginByBrowser(stage.server, 'acme')).call)).to.have.length(500);
  });

  it('row 11: a group that the provider takes away is gone at the next login, for sessions that were open before too', async () => {
    await admin(api.groups.create, { body: { name: 'acme/viewers' } });
    await admin(api.grants.create, { body: { subject: 'group:acme/viewers', role: 'view', resource: 'infra' } });
    is({ sub: 'mover', email: 'mover@example.com', groups: ['viewers', 'stays'] });
    const before = await loginByBrowser(stage.server, 'acme');
    await before.call(api.users.list, {});
    is({ sub: 'mover', email: 'mover@example.com', groups: ['stays'] });
    const after = await loginByBrowser(stage.server, 'acme');
    expect(await groupsOf(after.call)).to.deep.equal(['acme/stays']);
    expect((await refusal(before.call(api.users.list, {}))).code).to.equal('access.role-missing');
    // Without the claim there are none: what the provider does not say, nobody has.
    is({ sub: 'mover', email: 'mover@example.com' });
    expect(await groupsOf((await loginByBrowser(stage.server, 'acme')).call)).to.deep.equal([]);
  });

  for (const [verb, end] of [
    ['disabled', api.identityProviders.disable],
    ['removed', api.identityProviders.remove],
  ] as const) {
    it(`row 11: a provider that is ${verb} takes sessions, leases, memberships and left-over access keys with it`, async () => {
      const name = `leaving-${verb}`;
      const provider = await connect(stage.server, stage.evil, name, { groupsClaim: 'groups', linkUsers: true });
      const { destination } = await admin(api.destinations.create, { body: { name: `prod-${verb}` } });
      is({ sub: name, email: `${name}@example.com`, groups: ['crew'] });
      const { call, session } = await loginByBrowser(stage.server, name);
      await admin(api.grants.create, { body: { subject: `group:${name}/crew`, role: 'view', resource: destination.name } });
      const { lease } = await call(api.leases.create, { body: { destination: destination.id, csr: createKeyPair().certificateRequest } });
      const key = await call(api.accessKeys.create, { body: { name: 'left-over' } });
      const byKey = await stage.server.client()(api.login.accessKey, { body: { key: key.secret } });
      const stays = await newPerson(stage.server, `stays-${verb}@example.com`);
      is({ sub: 'stays', email: `stays-${verb}@example.com`, groups: [] });
      await loginByBrowser(stage.server, name);
      is({ sub: 'waits', email: `waits-${verb}@example.com`, groups: [] });
      const waiting = await attempt(stage.server, name);

      const params = { id: provider.id };
      const impact = await admin(api.identityProviders.impact, { params });
      expect(impact).to.deep.include({ sessions: 3, leases: 1, userCount: 3, groupCount: 1 });
      expect(impact.users.map(({ email, onlyWayIn }) => [email, onlyWayIn])).to.have.deep.members([
        [`${name}@example.com`, true],
        [`stays-${verb}@example.com`, false],
        [`waits-${verb}@example.com`, true],
      ]);
      expect(impact.groups[0]).to.include({ name: `${name}/crew`, members: 1, grants: 1 });

      const ended = await admin(end, { params });
      expect(ended).to.include({ sessionsEnded: 3, leasesRevoked: 1, membershipsEnded: 1 });
      expect(ended.change?.destinations, 'connectors are told').to.include(destination.id);
      expect((await refusal(call(api.sessions.current, {}))).code).to.equal('session.expired');
      const keyed = stage.server.client(byKey.secret);
      expect((await refusal(keyed(api.sessions.current, {}))).code).to.equal('session.expired');
      expect((await refusal(stage.server.client()(api.login.accessKey, { body: { key: key.secret } }))).code).to.equal('login.failed');
      expect((await admin(api.leases.get, { params: { id: lease.id } })).state).to.equal('revoked');
      expect((await refusal(exchange(stage.server, waiting.end.url, waiting.cli))).code).to.equal('token.invalid');
      await stays.call(api.sessions.current, {});
      const [user] = await usersNamed(`${name}@example.com`);
      expect(user?.groups).to.deep.equal([]);
      expect(session.identity.id).to.equal(user?.id);
      expect((await attempt(stage.server, name)).end.status, 'nobody logs in there any more').to.equal(404);
    });
  }
});
