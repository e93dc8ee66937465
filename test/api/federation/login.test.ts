/** Login by browser at an OpenID provider of the real protocol, from the CLI's link to a session. */
import { expect } from 'chai';
import { api } from '../../../shared/api/index.ts';
import { loginByBrowser } from '../../support/browser.ts';
import { startOidcProvider, type OidcProvider } from '../../support/oidc-provider.ts';
import { freePort } from '../../support/ports.ts';
import { startServer, type RunningServer } from '../../support/server.ts';

describe('login by browser', function () {
  this.timeout(60_000);
  let server: RunningServer;
  let idp: OidcProvider;
  before(async () => {
    const port = await freePort();
    idp = await startOidcProvider([`https://localhost:${port}/login/callback/acme`]);
    server = await startServer({ port });
    const admin = await server.admin();
    const { redirectUri } = await admin(api.identityProviders.create, {
      body: {
        ...{ name: 'acme', kind: 'okta', issuer: idp.issuer, clientId: idp.clientId, clientSecret: idp.clientSecret },
        emailDomains: ['example.com'],
      },
    });
    expect(redirectUri).to.equal(`https://localhost:${port}/login/callback/acme`);
    idp.people.set('ana', { email: 'ana@example.com', email_verified: true, groups: ['platform', 'on call'] });
  });
  after(async () => {
    await server.stop();
    await idp.stop();
  });

  it('ends with a session of a new user, in the groups that the provider names', async () => {
    idp.signIn('ana');
    const { call, session } = await loginByBrowser(server);
    expect(session).to.include({ method: 'provider', provider: 'acme' });
    const who = await call(api.sessions.current, {});
    expect(who.identity.name).to.equal('ana@example.com');
    expect(who.groups.map(({ name, provider }) => ({ name, provider }))).to.have.deep.members([
      { name: 'acme/platform', provider: 'acme' },
      { name: 'acme/on call', provider: 'acme' },
    ]);
  });
});
