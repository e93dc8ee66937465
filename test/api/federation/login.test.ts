/** Login by browser at an OpenID provider of the real protocol (oidc-provider), from the CLI's link to a session. */
import { expect } from 'chai';
import { api } from '../../../shared/api/index.ts';
import { formOn } from '../../support/page-login.ts';
import { exchange, loginByBrowser, LoginFailed, loginUrl, newBrowser, newCliSide } from '../../support/browser.ts';
import { startOidcProvider, type OidcProvider } from '../../support/oidc-provider.ts';
import { startServer, type RunningServer } from '../../support/server.ts';

describe('login by browser', function () {
  this.timeout(60_000);
  let server: RunningServer;
  let idp: OidcProvider;
  const connect = async (name: string, change: object = {}) => {
    const admin = await server.admin();
    return admin(api.identityProviders.create, {
      body: {
        ...{ name, kind: 'okta', issuer: idp.issuer, clientId: idp.clientId, clientSecret: idp.clientSecret },
        emailDomains: ['example.com'],
        ...change,
      },
    });
  };
  before(async () => {
    server = await startServer();
    idp = await startOidcProvider(['acme', 'beta', 'nested'].map((name) => `${server.url}/login/callback/${name}`));
    await connect('acme');
    idp.people.set('ana', {
      email: 'ana@example.com',
      email_verified: true,
      groups: ['platform', 'on call'],
      realm_access: { roles: ['dev'] },
    });
    idp.people.set('bob', { email: 'bob@example.com', email_verified: true, groups: ['platform'] });
  });
  after(async () => {
    await server.stop();
    await idp.stop();
  });

  it('ends with a session of a new user without a password, in the groups that the provider names', async () => {
    idp.signIn('ana');
    const { call, session } = await loginByBrowser(server);
    expect(session).to.include({ method: 'provider', provider: 'acme' });
    const who = await call(api.sessions.current, {});
    expect(who.identity.name).to.equal('ana@example.com');
    expect(who.groups.map(({ name, provider }) => ({ name, provider }))).to.have.deep.members([
      { name: 'acme/platform', provider: 'acme' },
      { name: 'acme/on call', provider: 'acme' },
    ]);
    const admin = await server.admin();
    expect((await admin(api.users.get, { params: { id: session.identity.id } })).password).to.equal('none');
  });

  it('is explained to its person: account, claims without those of the protocol, groups', async () => {
    idp.signIn('ana');
    const { call } = await loginByBrowser(server);
    const { accounts, groups, destinations } = await call(api.explanations.mine, {});
    expect(accounts).to.have.length(1);
    expect(accounts[0]).to.deep.include({ provider: 'acme', subject: 'ana', email: 'ana@example.com', state: 'active', groupsRead: 2 });
    expect(accounts[0]?.claims).to.deep.include({ sub: 'ana', email_verified: true, groups: ['platform', 'on call'] });
    expect(Object.keys(accounts[0]?.claims ?? {}))
      .to.not.include.members(['nonce'])
      .and.not.include.members(['at_hash']);
    expect(groups.map(({ name, provider }) => ({ name, provider }))).to.deep.include({ name: 'acme/platform', provider: 'acme' });
    expect(destinations).to.deep.equal([]);
  });

  it('of two people at once gives each their own', async () => {
    const sides = [newCliSide(), newCliSide()] as const;
    const browsers = [newBrowser(server), newBrowser(server)] as const;
    const callbacks: string[] = [];
    for (const [index, person] of ['ana', 'bob'].entries()) {
      idp.signIn(person);
      const cli = sides[index] ?? newCliSide();
      const at = await (browsers[index] ?? newBrowser(server)).walk(loginUrl(server, cli), (url) => url.includes('/login/callback/'));
      callbacks.push(at.url);
    }
    const ends = await Promise.all(callbacks.map(async (url, index) => (browsers[index] ?? newBrowser(server)).walk(url)));
    const opened = await Promise.all(ends.map(async ({ url }, index) => exchange(server, url, sides[index] ?? newCliSide())));
    expect(opened.map(({ session }) => session.identity.name)).to.deep.equal(['ana@example.com', 'bob@example.com']);
  });

  it('goes on when the provider changes its keys in between', async () => {
    idp.signIn('bob');
    const cli = newCliSide();
    const browser = newBrowser(server);
    const { url } = await browser.walk(loginUrl(server, cli), (to) => to.includes('/login/callback/'));
    idp.rotateKeys();
    const end = await browser.walk(url);
    expect((await exchange(server, end.url, cli)).session.identity.name).to.equal('bob@example.com');
  });

  it('that is broken off at the provider says so', async () => {
    idp.signIn(undefined);
    const failed = await loginByBrowser(server).catch((error: unknown) => error);
    expect(failed).to.be.instanceOf(LoginFailed).with.property('code', 'login.denied');
  });

  it('reads groups from a nested claim', async () => {
    const { id } = await connect('nested', { groupsClaim: 'realm_access.roles', linkUsers: true });
    idp.signIn('ana');
    const { call } = await loginByBrowser(server, 'nested');
    const { groups } = await call(api.sessions.current, {});
    expect(groups.map(({ name }) => name)).to.have.members(['nested/dev', 'acme/platform', 'acme/on call']);
    await (
      await server.admin()
    )(api.identityProviders.remove, { params: { id } });
  });

  it('lets people choose where there are several, with links alone; without any there is a form, and it can be asked for', async () => {
    const beta = await connect('beta');
    const cli = newCliSide();
    const browser = newBrowser(server);
    const { status, body } = await browser.get(loginUrl(server, cli));
    expect(status).to.equal(200);
    const links = [...body.matchAll(/<a href="([^"]+)">([^<]+)<\/a>/g)].map(([, href = '', text]) => ({
      text,
      href: href.replaceAll('&#38;', '&'),
    }));
    expect(links.map(({ text }) => text)).to.deep.equal(['acme', 'beta', 'Email and password']);
    expect(body).to.contain('<h1>Log in to infra</h1>').and.contain('lang="en"').and.not.contain('<script');
    idp.signIn('bob');
    const end = await browser.walk(server.url + (links[0]?.href ?? ''));
    expect((await exchange(server, end.url, cli)).session.provider).to.equal('acme');

    const admin = await server.admin();
    const acme = (await admin(api.identityProviders.list, { query: { name: 'acme' } })).items[0];
    for (const id of [beta.id, acme?.id ?? beta.id]) await admin(api.identityProviders.disable, { params: { id } });
    expect((await server.client()(api.server.info, {})).loginMethods)
      .to.include('browser-password')
      .and.not.include('browser');
    expect(formOn(await browser.get(loginUrl(server, cli))).action).to.equal(`${server.url}/login/password`);
    await admin(api.identityProviders.enable, { params: { id: acme?.id ?? beta.id } });
    // With the one there is, nobody is asked who has said nothing.
    expect((await browser.get(loginUrl(server, cli))).headers.get('location')).to.include(idp.issuer);
    expect(formOn(await browser.get(loginUrl(server, cli, 'infra'))).action).to.equal(`${server.url}/login/password`);
  });

  it('has pages for its end', async () => {
    const done = await newBrowser(server).get(`${server.url}/login/done`);
    expect(done.body).to.contain('<h1>You are logged in</h1>');
    const failed = await newBrowser(server).get(`${server.url}/login/failed?error=login.user-disabled`);
    expect(failed.body).to.contain('role="alert"').and.contain('Your account here is disabled. Ask an admin.');
    const unknown = await newBrowser(server).get(`${server.url}/login/failed?error=constructor`);
    expect(unknown.body).to.contain('The login failed.');
  });
});
