/** Rows 15–18 at Entra: whom a token of Microsoft's makes somebody here, and where its word could lead the server. */
import { expect } from 'chai';
import { randomUUID } from 'node:crypto';
import { api } from '../../shared/api/index.ts';
import { loginByBrowser } from '../support/browser.ts';
import { directoryStage, groupNames, loginGroups, loginRefusal, type DirectoryStage } from '../support/directory-stage.ts';
import { startDoubleServer } from '../support/doubles/double-server.ts';

describe('people of an Entra tenant', function () {
  this.timeout(60_000);
  let stage: DirectoryStage;
  before(async () => {
    stage = await directoryStage();
    await stage.connectEntra();
    await stage.connectEntra({ name: 'by-email', linkUsers: true, directory: { emailClaim: 'email' } });
    await stage.connectEntra({ name: 'named', linkUsers: true, directory: { groupNames: 'names' } });
    await stage.connectEntra({ name: 'other', linkUsers: true, issuer: `${stage.entra.origin}/${stage.entra.otherTenant}/v2.0` });
  });
  beforeEach(() => stage.entra.honest());
  after(async () => stage.stop());

  let people = 0;
  const somebody = (person: object = {}) => {
    const added = stage.entra.addPerson({ upn: `somebody${(people += 1)}@example.com`, ...person });
    stage.entra.signIn(added);
    return added;
  };
  const refused = async (provider: string, code: string, why: string): Promise<void> => {
    const refusal = await loginRefusal(stage.server, provider);
    expect(refusal.code, `${why}: ${refusal.sentence}`).to.equal(code);
  };

  it('row 16: an email that anybody may have written into a profile makes nobody somebody else (nOAuth)', async () => {
    const { session: victim } = await (async () => {
      somebody({ upn: 'victim@example.com' });
      return loginByBrowser(stage.server, 'entra');
    })();
    somebody({ upn: 'attacker@partner.example', mail: 'victim@example.com' });
    await refused('by-email', 'login.email-unverified', 'no xms_edov');
    somebody({ upn: 'attacker@partner.example', mail: 'victim@example.com', isMailVerified: false });
    await refused('by-email', 'login.email-unverified', 'xms_edov false');
    const attacker = somebody({ upn: 'attacker@example.com', mail: 'victim@example.com' });
    const { session } = await loginByBrowser(stage.server, 'entra');
    expect(session.identity).to.include({ name: attacker.upn }).and.not.include({ id: victim.identity.id });
  });

  it('row 16: an email counts where Entra says that its domain is verified, and by nothing else', async () => {
    for (const [xms_edov, code] of [
      ['true', 'login.email-unverified'],
      ['0', 'login.email-unverified'],
      [0, 'login.email-unverified'],
      [{}, 'login.email-unverified'],
      [true, 'let in'],
      [1, 'let in'],
      ['1', 'let in'],
    ] as const) {
      const mail = `edov${(people += 1)}@example.com`;
      somebody({ mail });
      stage.entra.claims = (claims) => ({ ...claims, xms_edov, email_verified: undefined });
      await refused('by-email', code, JSON.stringify(xms_edov));
    }
  });

  it('row 16: without the claim that was chosen nobody comes in, and the sentence says how to add it', async () => {
    somebody();
    stage.entra.app.optionalClaims = [];
    for (const [provider, claim] of [
      ['entra', 'upn'],
      ['by-email', 'email'],
    ] as const) {
      const { code, sentence } = await loginRefusal(stage.server, provider);
      expect(code).to.equal('login.email-unverified');
      expect(sentence).to.contain(`"${claim}"`).and.contain('Token configuration');
    }
  });

  const guests: Readonly<Record<string, object>> = {
    'by the issuer they signed in at': { idp: 'https://sts.windows.net/0f8a6d1e-2c1b-4a55-9d8b-51c2a9e7b001/' },
    'with a personal account': { idp: 'live.com' },
    'with a one-time passcode': { idp: 'mail' },
    'with an identity provider that is a list': { idp: ['https://login.example.com'] },
    'by the account’s kind': { acct: 1 },
    'by their user principal name': { upn: 'ana_partner.example#EXT#@example.com' },
    'by their preferred name': { preferred_username: 'ana_partner.example#ext#@example.com' },
  };
  for (const [what, claims] of Object.entries(guests)) {
    it(`row 16: a guest (${what}) is no person of the tenant’s, whatever address they have`, async () => {
      somebody({ mail: `guest${(people += 1)}@example.com`, isMailVerified: true });
      stage.entra.claims = (honest) => ({ ...honest, ...claims });
      for (const provider of ['entra', 'by-email']) await refused(provider, 'login.email-not-allowed', provider);
    });
  }

  it('row 16: a person of the tenant is none, with the issuer of either version named as theirs', async () => {
    for (const idp of [stage.entra.issuer, `https://sts.windows.net/${stage.entra.tenant}/`]) {
      somebody({ home: idp });
      await loginByBrowser(stage.server, 'entra');
    }
  });

  it('row 15: a token of another tenant is nobody here, with the same object id too (tenant confusion)', async () => {
    const ours = somebody();
    const { session } = await loginByBrowser(stage.server, 'entra');
    stage.entra.claims = (claims) => ({ ...claims, tid: stage.entra.otherTenant });
    await refused('entra', 'login.provider-failed', 'another tid under our issuer');
    stage.entra.claims = ({ tid: _, ...claims }) => claims;
    await refused('entra', 'login.provider-failed', 'no tid');
    stage.entra.claims = (claims) => ({
      ...claims,
      tid: stage.entra.otherTenant,
      iss: `${stage.entra.origin}/${stage.entra.otherTenant}/v2.0`,
    });
    await refused('entra', 'login.provider-failed', 'another tenant’s issuer');
    // The same object id at a provider for the other tenant is another account, which a second user may not be bound to.
    stage.entra.honest();
    ours.upn = 'renamed.there@example.com';
    const there = await loginByBrowser(stage.server, 'other');
    expect(there.session.identity.id).to.not.equal(session.identity.id);
  });

  it('row 15: a token of one provider is none at another (issuer mix-up)', async () => {
    somebody();
    stage.entra.claims = (claims) => ({ ...claims, iss: stage.entra.issuer, tid: stage.entra.tenant });
    await refused('other', 'login.provider-failed', 'a token of the first tenant');
  });

  it('row 16: an account is the object id’s: neither the subject, which differs by application, nor a name finds it', async () => {
    const first = somebody({ upn: 'first@example.com' });
    const before = await loginByBrowser(stage.server, 'entra');
    stage.entra.claims = (claims) => ({ ...claims, sub: randomUUID() });
    first.upn = 'married@example.com';
    expect((await loginByBrowser(stage.server, 'entra')).session.identity.id).to.equal(before.session.identity.id);
    let sub: unknown;
    stage.entra.claims = (claims) => ((sub = claims.sub), claims);
    await loginByBrowser(stage.server, 'entra');
    somebody({ upn: 'second@example.com' });
    stage.entra.claims = (claims) => ({ ...claims, sub: String(sub) });
    expect((await loginByBrowser(stage.server, 'entra')).session.identity.id).to.not.equal(before.session.identity.id);
    for (const oid of [undefined, '', 'root', first.oid.toUpperCase(), [first.oid]]) {
      stage.entra.claims = (claims) => ({ ...claims, oid });
      await refused('entra', 'login.provider-failed', JSON.stringify(oid));
    }
  });

  it('row 16: only user principal names of the provider’s domains count', async () => {
    for (const upn of ['ana@evil.example', 'ana@example.onmicrosoft.com', 'ana@sub.example.com', 'аna@example.com']) {
      somebody({ upn });
      await refused('entra', 'login.email-not-allowed', upn);
    }
  });

  const many = (name: string): string[] => Array.from({ length: 201 }, (_, index) => stage.entra.addGroup(`${name} ${index}`).id);

  it('row 7: a pointer to groups is not followed, wherever it leads', async () => {
    const elsewhere = await startDoubleServer(() => ({ json: { value: [randomUUID()] } }));
    const ids = many('Pointed');
    somebody({ groups: ids });
    stage.entra.claims = (claims) => ({
      ...claims,
      _claim_sources: { src1: { endpoint: `${elsewhere.origin}/getMemberObjects`, access_token: 'x' } },
    });
    expect(await loginGroups(stage.server, 'entra')).to.have.length(201);
    expect(elsewhere.asked).to.deep.equal([]);
    await elsewhere.stop();
  });

  it('row 7: a next page at another host is not asked for, and our token does not go there', async () => {
    const elsewhere = await startDoubleServer(() => ({ json: { value: [] } }));
    somebody({ groups: many('Paged') });
    Object.assign(stage.entra.graph, { pageSize: 50, nextLink: (link: string) => link.replace(stage.entra.origin, elsewhere.origin) });
    await refused('entra', 'login.groups-unavailable', 'another host');
    stage.entra.graph.nextLink = (link) => link.replace('http://', `http://${new URL(elsewhere.origin).host}@`).replace('@', '/@');
    await refused('entra', 'login.groups-unavailable', 'another host, with ours behind it');
    stage.entra.graph.nextLink = () => `${stage.entra.origin}/v1.0/users/again`;
    await refused('entra', 'login.groups-unavailable', 'no page');
    expect(elsewhere.asked).to.deep.equal([]);
    await elsewhere.stop();
  });

  it('row 31: pages without end are given up on', async () => {
    somebody({ groups: many('Endless') });
    let first: string | undefined;
    Object.assign(stage.entra.graph, { pageSize: 1, nextLink: (link: string) => (first ??= link) });
    await refused('entra', 'login.groups-unavailable', 'the same page again and again');
    expect(stage.entra.asked.filter((path) => path.startsWith('/v1.0/')).length).to.be.below(60);
  });

  it('row 11: a person whom the directory does not know does not come in on what was known of them', async () => {
    const person = somebody({ groups: many('Gone') });
    await loginByBrowser(stage.server, 'entra');
    const { claims } = stage.entra;
    stage.entra.claims = (honest) => {
      stage.entra.people.delete(person.oid);
      return claims(honest);
    };
    await refused('entra', 'login.provider-failed', 'gone at the directory');
  });

  it('row 17: a group that is called like another gets neither its name nor its grants', async () => {
    const real = stage.entra.addGroup('Admins');
    somebody({ groups: [real.id] });
    await loginByBrowser(stage.server, 'named');
    await stage.admin(api.grants.create, { body: { subject: 'group:named/Admins', role: 'admin', resource: 'infra' } });
    const [reserved, own] = [stage.entra.addGroup('Quiet'), stage.entra.addGroup('Admins')];
    await stage.admin(api.groups.create, { body: { name: `named/${reserved.id}` } });
    await stage.admin(api.grants.create, { body: { subject: `group:named/${reserved.id}`, role: 'admin', resource: 'infra' } });
    const bad = [reserved.id, reserved.id.toUpperCase(), 'system:masters', 'named/Admins', '', ' Admins'].map((name) =>
      stage.entra.addGroup(name),
    );
    somebody({ groups: [own, ...bad].map(({ id }) => id) });
    const { call } = await loginByBrowser(stage.server, 'named');
    expect((await call(api.sessions.current, {})).serverRoles).to.deep.equal([]);
    expect(await groupNames(call))
      .to.include(`named/${own.id}`)
      .and.not.include.members(['named/Admins', `named/${reserved.id}`]);
  });

  it('row 17: names that a token has in the place of ids are none', async () => {
    const group = stage.entra.addGroup('Real');
    somebody({ groups: [group.id] });
    stage.entra.claims = (claims) => ({ ...claims, groups: ['Admins', group.id.toUpperCase(), group.id, 7] });
    expect(await loginGroups(stage.server, 'entra')).to.deep.equal([`entra/${group.id}`]);
    const [event] = (await stage.admin(api.audit.list, { query: { event: 'account.groups-left-out' } })).items;
    expect(event?.details).to.include({ count: 2 });
  });

  it('row 30: nothing of what Entra and the Graph write goes to people, the audit or the log', async () => {
    somebody({ groups: many('Silent') });
    stage.entra.graph.roles = [];
    await loginRefusal(stage.server, 'entra');
    const log = stage.server.program().stderr() + stage.server.program().stdout();
    const audit = JSON.stringify((await stage.admin(api.audit.list, {})).items);
    expect(log + audit)
      .to.not.contain('CANARY')
      .and.not.contain(stage.entra.clientSecret);
    expect(log).to.contain('GroupMember.Read.All');
  });
});
