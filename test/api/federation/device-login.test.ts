/** Login by a code (RFC 8628) at an OpenID provider of the real protocol, from the CLI's question to its session, with all that is written down. */
import { expect } from 'chai';
import { api } from '../../../shared/api/index.ts';
import { newBrowser } from '../../support/browser.ts';
import { approve, askForCode, decide, poll, signInWithCode } from '../../support/device-login.ts';
import { startOidcProvider, type OidcProvider } from '../../support/oidc-provider.ts';
import { refusal } from '../../support/refusal.ts';
import { startServer, type RunningServer } from '../../support/server.ts';

describe('login by a code', function () {
  this.timeout(60_000);
  let server: RunningServer;
  let idp: OidcProvider;
  before(async () => {
    server = await startServer();
    idp = await startOidcProvider(['acme', 'beta'].map((name) => `${server.url}/login/callback/${name}`));
    const admin = await server.admin();
    for (const name of ['acme', 'beta'])
      await admin(api.identityProviders.create, {
        body: {
          ...{ name, kind: 'okta', issuer: idp.issuer, clientId: idp.clientId, clientSecret: idp.clientSecret },
          ...{ emailDomains: ['example.com'], linkUsers: true },
        },
      });
    idp.people.set('ana', { email: 'ana@example.com', email_verified: true, groups: ['platform'] });
    idp.people.set('eve', { email: 'eve@example.com', email_verified: false });
    idp.signIn('ana');
  });
  after(async () => {
    await server.stop();
    await idp.stop();
  });
  const auditOf = async (event: string) => (await (await server.admin())(api.audit.list, { query: { event, limit: 5 } })).items;

  it('is told of by the server where it has identity providers, and gives address and code in a form to read', async () => {
    expect((await server.client()(api.server.info, {})).loginMethods).to.include('device');
    const { begun } = await askForCode(server);
    expect(begun).to.deep.include({ verificationUri: `${server.url}/device`, expiresInSeconds: 600, intervalSeconds: 5 });
    expect(begun.userCode).to.match(/^[A-Z]{4}-[A-Z]{4}$/);
  });

  it('ends with a session of whoever approved, from where it was asked for, in the groups of the provider', async () => {
    const waiting = await askForCode(server, 'build-7');
    expect((await refusal(poll(server, waiting))).code).to.equal('device-login.authorization-pending');
    const asking = await askForCode(server, 'build-8');
    const decided = await approve(server, asking.begun.userCode);
    expect([decided.status, decided.headers.get('location')]).to.deep.equal([303, '/device/approved']);
    const { session, secret } = await poll(server, asking);
    expect(session).to.deep.include({ method: 'provider', provider: 'acme', sourceAddress: '127.0.0.1' });
    const who = await server.client(secret)(api.sessions.current, {});
    expect([who.identity.name, ...who.groups.map(({ name }) => name)]).to.deep.equal(['ana@example.com', 'acme/platform']);

    const [[asked], [approved], [succeeded]] = [
      await auditOf('device-login.asked'),
      await auditOf('device-login.approved'),
      await auditOf('login.succeeded'),
    ];
    if (asked?.event !== 'device-login.asked' || approved?.event !== 'device-login.approved' || succeeded?.event !== 'login.succeeded')
      throw new Error('all three are written down');
    const { deviceLogin } = asked.details;
    expect(asked.details.host).to.equal('build-8');
    expect(approved.actor.name).to.equal('ana@example.com');
    expect(approved.details).to.deep.include({ deviceLogin, host: 'build-8' });
    expect(approved.details.askedFrom.address).to.equal('127.0.0.1');
    expect(succeeded.details).to.deep.include({ deviceLogin, session: session.id, method: 'provider' });
  });

  it('by any of the providers, chosen on the page', async () => {
    const asking = await askForCode(server);
    await approve(server, asking.begun.userCode, 'beta');
    expect((await poll(server, asking)).session.provider).to.equal('beta');
  });

  it('denied, it says so to the program and in the audit', async () => {
    const asking = await askForCode(server, 'stranger');
    const browser = newBrowser(server);
    await decide(server, browser, await signInWithCode(server, browser, asking.begun.userCode), 'denied');
    expect((await refusal(poll(server, asking))).code).to.equal('device-login.access-denied');
    const [denied] = await auditOf('device-login.denied');
    expect(denied?.actor.name).to.equal('ana@example.com');
    expect(denied?.details).to.deep.include({ host: 'stranger' });
  });

  it('a sign-in that was refused lets nothing in, says why, and leaves the code for another try', async () => {
    const asking = await askForCode(server);
    const browser = newBrowser(server);
    idp.signIn('eve');
    const failed = await signInWithCode(server, browser, asking.begun.userCode);
    idp.signIn('ana');
    expect(failed.url).to.equal(`${server.url}/device/failed?error=login.email-unverified`);
    expect(failed.body).to.include('has not verified your email').and.include('role="alert"').and.include('href="/device"');
    await approve(server, asking.begun.userCode);
    expect((await poll(server, asking)).session.identity.name).to.equal('ana@example.com');
  });

  it('goes to no provider that is not there', async () => {
    const { begun } = await askForCode(server);
    const browser = newBrowser(server);
    await signInWithCode(server, browser, begun.userCode);
    expect((await browser.get(`${server.url}/device/sign-in?provider=nowhere`)).status).to.equal(404);
  });
});
