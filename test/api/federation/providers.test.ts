/** Connecting identity providers: what is asked of them first, what is kept, what is told. */
import Sqlite from 'better-sqlite3';
import { expect } from 'chai';
import { api } from '../../../shared/api/index.ts';
import type { Call } from '../../../shared/client.ts';
import { loginByBrowser } from '../../support/browser.ts';
import { refusal } from '../../support/refusal.ts';
import { startScriptedProvider, type ScriptedProvider } from '../../support/scripted-provider.ts';
import { startServer, type RunningServer } from '../../support/server.ts';

describe('identity providers', function () {
  this.timeout(60_000);
  let server: RunningServer;
  let idp: ScriptedProvider;
  let admin: Call;
  before(async () => {
    server = await startServer();
    idp = await startScriptedProvider();
    admin = await server.admin();
  });
  beforeEach(() => idp.honest());
  after(async () => {
    await server.stop();
    await idp.stop();
  });

  let names = 0;
  const wished = (change: object = {}) => ({
    ...{ name: `p${(names += 1)}`, kind: 'oidc' as const, issuer: idp.issuer, clientId: 'infra', clientSecret: idp.clientSecret },
    emailDomains: ['example.com'],
    ...change,
  });
  const add = async (change: object = {}) => admin(api.identityProviders.create, { body: wished(change) });

  it('are added with what their kind needs, listed, shown, changed and found by name', async () => {
    const oidc = await add({ name: 'plain', emailDomains: [' Example.COM '] });
    expect(oidc).to.deep.include({
      ...{ kind: 'oidc', status: 'active', scopes: ['openid', 'email', 'profile'], groupsClaim: null, emailDomains: ['example.com'] },
      ...{ createUsers: true, linkUsers: false, redirectUri: `${server.url}/login/callback/plain` },
    });
    expect(await add({ name: 'like-okta', kind: 'okta' })).to.deep.include({
      scopes: ['openid', 'email', 'profile', 'groups'],
      groupsClaim: 'groups',
    });
    const params = { id: oidc.id };
    const changed = await admin(api.identityProviders.update, { params, body: { groupsClaim: 'realm_access.roles', linkUsers: true } });
    expect(await admin(api.identityProviders.get, { params })).to.deep.equal(changed);
    expect(changed).to.deep.include({ groupsClaim: 'realm_access.roles', linkUsers: true, clientId: 'infra' });
    expect((await admin(api.identityProviders.list, { query: { name: 'plain' } })).items).to.deep.equal([changed]);
    expect((await refusal(add({ name: 'plain' }))).code).to.equal('provider.duplicate');
    expect((await server.client()(api.server.info, {})).loginMethods).to.include('browser');
  });

  it('keep their client secret sealed, and never tell it', async () => {
    const secret = 'CANARY-client-secret';
    const told = [await add({ name: 'secretive', clientSecret: secret }), (await admin(api.identityProviders.list, {})).items];
    const params = { id: (await admin(api.identityProviders.list, { query: { name: 'secretive' } })).items[0]?.id ?? ('' as never) };
    told.push(await admin(api.identityProviders.update, { params, body: { clientSecret: `${secret}-2` } }));
    const database = new Sqlite(server.databaseFile);
    const rows = database.prepare('SELECT * FROM identity_providers').all();
    const events = database.prepare('SELECT body FROM audit_events').all();
    database.close();
    const log = server.program().stdout() + server.program().stderr();
    expect(JSON.stringify([told, rows, events, log])).to.not.contain('CANARY');
  });

  const bad: Readonly<Record<string, object>> = {
    'no domain': { emailDomains: [] },
    'a domain that is none': { emailDomains: ['*'] },
    'a domain with a wildcard': { emailDomains: ['*.example.com'] },
    'a top-level domain': { emailDomains: ['com'] },
    'scopes without openid': { scopes: ['email'] },
    'a scope with a space': { scopes: ['openid', 'a b'] },
    'an unknown kind': { kind: 'saml' },
    'a name that is another’s': { name: 'infra' },
    'a name with a slash': { name: 'a/b' },
    'an issuer that is no URL': { issuer: 'okta' },
  };
  for (const [what, change] of Object.entries(bad)) {
    it(`with ${what} are refused`, async () => {
      expect((await refusal(add(change))).code).to.equal('request.invalid');
    });
  }

  const invalidIssuers: Readonly<Record<string, () => string>> = {
    'http beyond this machine': () => 'http://login.example.com',
    'http to a neighbour': () => 'http://127.0.0.2:1',
    'http to a name that begins like this machine': () => 'http://localhost.example.com',
    'a user name in it': () => idp.issuer.replace('http://', 'http://user:word@'),
    'a query': () => `${idp.issuer}/?a=b`,
    'a fragment': () => `${idp.issuer}/#a`,
    'another scheme': () => 'file:///etc/passwd',
  };
  for (const [what, issuer] of Object.entries(invalidIssuers)) {
    it(`at an issuer with ${what} are refused, and nobody is asked`, async () => {
      expect((await refusal(add({ issuer: issuer() }))).code).to.equal('provider.invalid');
      expect(idp.seen.paths).to.deep.equal([]);
    });
  }

  const documents: Readonly<Record<string, (document: Record<string, unknown>) => unknown>> = {
    'of another issuer': (document) => ({ ...document, issuer: 'https://other.example.com' }),
    'of all tenants (a template)': (document) => ({ ...document, issuer: 'https://login.example.com/{tenantid}/v2.0' }),
    'without a token endpoint': ({ token_endpoint: _, ...document }) => document,
    'with keys at an address in the clear': (document) => ({ ...document, jwks_uri: 'http://169.254.169.254/latest/meta-data' }),
    'with a token endpoint in the clear': (document) => ({ ...document, token_endpoint: 'http://10.0.0.1/token' }),
    'with an authorization endpoint that is a script': (document) => ({ ...document, authorization_endpoint: 'javascript:alert(1)' }),
    'that signs with shared secrets alone': (document) => ({ ...document, id_token_signing_alg_values_supported: ['HS256', 'none'] }),
    'without PKCE by S256': (document) => ({ ...document, code_challenge_methods_supported: ['plain'] }),
    'without the code flow': (document) => ({ ...document, response_types_supported: ['id_token'] }),
    'that is a list': () => [],
  };
  for (const [what, discovery] of Object.entries(documents)) {
    it(`with a discovery document ${what} are refused`, async () => {
      idp.script = { discovery };
      expect((await refusal(add())).code).to.equal('provider.invalid');
    });
  }

  it('that send elsewhere are not followed', async () => {
    const elsewhere = await startScriptedProvider();
    idp.script = {
      answer: (request, response) => {
        response.writeHead(307, { location: elsewhere.issuer + (request.url ?? '') }).end();
        return true;
      },
    };
    expect((await refusal(add())).code).to.equal('provider.invalid');
    expect(elsewhere.seen.paths).to.deep.equal([]);
    await elsewhere.stop();
  });

  it('that answer without end are cut off', async () => {
    let sent = 0;
    idp.script = {
      answer: (_request, response) => {
        response.writeHead(200, { 'content-type': 'application/json' });
        const more = (): void => {
          while (!response.destroyed && response.write(' '.repeat(65_536))) sent += 65_536;
          if (!response.destroyed) response.once('drain', more);
        };
        more();
        return true;
      },
    };
    expect((await refusal(add())).code).to.equal('provider.invalid');
    expect(sent).to.be.below(16 * 1024 * 1024);
  });

  it('that do not answer are given up on, in words', async () => {
    idp.script = { answer: () => true };
    const started = Date.now();
    const { code, detail } = await refusal(add());
    expect(code).to.equal('provider.unreachable');
    expect(detail).to.contain('did not answer in time');
    expect(Date.now() - started).to.be.below(20_000);
    const closed = await startScriptedProvider();
    await closed.stop();
    expect((await refusal(add({ issuer: closed.issuer }))).detail).to.contain('the connection was refused');
  });

  it('are tried step by step, each failure with its remedy', async () => {
    const { id, name } = await add({ name: 'tried', kind: 'okta' });
    const test = async () => {
      const { steps } = await admin(api.identityProviders.test, { params: { id } });
      return { steps, outcomes: steps.map(({ step, outcome }) => `${step} ${outcome}`) };
    };
    expect((await test()).outcomes).to.deep.equal(['discovery ok', 'keys ok', 'client ok', 'groups unknown']);
    await loginByBrowser(server, name);
    const withoutGroups = await test();
    expect(withoutGroups.outcomes.at(-1)).to.equal('groups failed');
    expect(withoutGroups.steps.at(-1)?.detail).to.contain('groups claim filter');
    idp.person = { ...idp.person, groups: ['a', 'b'] };
    await loginByBrowser(server, name);
    expect((await test()).steps.at(-1)?.detail).to.contain('named 2 groups');
    idp.script = { jwks: () => ({ keys: [] }) };
    expect((await test()).outcomes[1]).to.equal('keys failed');
    idp.script = {
      answer: (request, response) => {
        if (request.url !== '/token') return false;
        response.writeHead(401, { 'content-type': 'application/json' }).end(JSON.stringify({ error: 'invalid_client' }));
        return true;
      },
    };
    const wrongSecret = await test();
    expect(wrongSecret.outcomes[2]).to.equal('client failed');
    expect(wrongSecret.steps[2]?.detail).to.contain('infra providers update tried');
    idp.script = {
      answer: (_request, response) => {
        response.writeHead(500).end('CANARY');
        return true;
      },
    };
    const broken = await test();
    expect(broken.outcomes).to.deep.equal(['discovery failed', 'keys unknown', 'client unknown', 'groups ok']);
    expect(JSON.stringify(broken.steps)).to.not.contain('CANARY');
  });

  it('name groups that can be granted something before anybody came', async () => {
    const { name } = await add({ name: 'ahead', groupsClaim: 'groups' });
    const group = await admin(api.groups.create, { body: { name: `${name}/Site Ops` } });
    expect(group).to.include({ name: 'ahead/Site Ops', provider: 'ahead', memberCount: 0 });
    await admin(api.grants.create, { body: { subject: 'group:ahead/Site Ops', role: 'view', resource: 'infra' } });
    idp.person = { sub: 'ops', email: 'ops@example.com', email_verified: true, groups: ['Site Ops'] };
    const { call } = await loginByBrowser(server, name);
    expect((await call(api.sessions.current, {})).serverRoles).to.deep.equal(['view']);
    expect((await refusal(admin(api.groups.create, { body: { name: 'nowhere/x' } }))).code).to.equal('provider.not-found');
  });

  it('that were closed take no logins until they are opened again', async () => {
    const { id, name } = await add({ name: 'closing', groupsClaim: 'groups' });
    idp.person = { sub: 'closing', email: 'closing@example.com', email_verified: true, groups: ['crew'] };
    await loginByBrowser(server, name);
    await admin(api.identityProviders.disable, { params: { id } });
    expect((await server.client()(api.server.info, {})).providers.map((provider) => provider.name)).to.not.include(name);
    const page = await server.request(`/login/cli?port=43210&state=${'s'.repeat(43)}&challenge=${'c'.repeat(43)}&provider=${name}`);
    expect(page.status).to.equal(404);
    await admin(api.identityProviders.enable, { params: { id } });
    const { call } = await loginByBrowser(server, name);
    expect((await call(api.sessions.current, {})).groups.map((group) => group.name)).to.deep.equal(['closing/crew']);
  });
});
