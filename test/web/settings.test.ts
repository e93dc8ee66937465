/** The settings: identity providers from connecting one to its end, keys, admins, and what the server tells of itself. */
import { readFileSync } from 'node:fs';
import { X509Certificate } from 'node:crypto';
import { expect } from 'chai';
import { api } from '../../shared/api/index.ts';
import { closeBrowser, type Page } from '../support/chromium.ts';
import { startOidcProvider, type OidcProvider } from '../support/oidc-provider.ts';
import { adminEmail, newPerson, startServer, type RunningServer } from '../support/server.ts';
import { openWeb, type Web } from '../support/web.ts';

describe('the settings', function () {
  this.timeout(120_000);
  let server: RunningServer;
  let provider: OidcProvider;
  let web: Web;
  let page: Page;
  /** Somebody with the role view. */
  let viewer: Web;
  before(async () => {
    server = await startServer();
    provider = await startOidcProvider([`${server.url}/login/callback/keycloak`]);
    provider.people.set('ana', { email: 'ana@example.com', email_verified: true, groups: ['platform'] });
    provider.signIn('ana');
    const vi = await newPerson(server, 'vi@example.com');
    await (
      await server.admin()
    )(api.grants.create, { body: { subject: 'vi@example.com', role: 'view', resource: 'infra' } });
    web = await openWeb(server, { path: '/settings' });
    viewer = await openWeb(server, { path: '/settings', email: 'vi@example.com', password: vi.password });
    page = web.page;
  });
  after(async () => {
    await web.close();
    await viewer.close();
    await closeBrowser();
    await server.stop();
    await provider.stop();
  });

  const section = (name: string) => page.getByRole('region', { name, exact: true });
  const tab = (name: string) => page.getByRole('navigation', { name: 'Settings' }).getByRole('link', { name });

  it('tells how long sessions and credentials live, and where that is set', async () => {
    const times = section('Sessions and credentials');
    await times.getByText('12h').waitFor();
    await times.getByText('lease.ttl').waitFor();
    await web.expectAccessible('sessions and times');
  });

  it('connects an identity provider, and says what to register there', async () => {
    await tab('Identity providers').click();
    await page.getByText('No identity provider is connected.').waitFor();
    await web.expectAccessible('no provider');
    await page.getByRole('link', { name: 'Connect an identity provider' }).click();
    for (const kind of ['Microsoft Entra ID', 'Google', 'OpenID Connect']) {
      await page.getByLabel('What is it').selectOption({ label: kind });
      await section(`At ${kind}`).waitFor();
      await web.expectAccessible(`connecting ${kind}`);
    }
    await page.getByLabel('Name', { exact: true }).fill('keycloak');
    await page.getByText(`${server.url}/login/callback/keycloak`).waitFor();
    await page.getByLabel('Issuer').fill('nonsense');
    await page.getByLabel('Client ID').fill(provider.clientId);
    await page.getByLabel('Client secret').fill(provider.clientSecret);
    await page.getByLabel('Email domains').fill('example');
    await page.getByLabel('Claim that names groups').fill('groups');
    await page.getByText('More settings').click();
    await page.getByLabel('Scopes').fill('openid, email, profile, groups');
    await page.getByRole('button', { name: 'Connect it' }).click();
    await page.getByText('must be the issuer’s URL').waitFor();
    await page.getByText('must be a domain such as example.com').waitFor();
    await page.getByLabel('Issuer').fill(provider.issuer);
    await page.getByLabel('Email domains').fill('example.com');
    await page
      .getByText(
        `infra providers add oidc keycloak --issuer ${provider.issuer} --client-id infra --email-domains example.com --scopes openid,email,profile,groups --groups-claim groups < client-secret`,
      )
      .waitFor();
    await page.getByRole('button', { name: 'Connect it' }).click();
    await page.getByRole('heading', { level: 1, name: 'keycloak' }).waitFor();
    const { items } = await (await server.admin())(api.identityProviders.list, { query: {} });
    const told = await section('To be registered there').textContent();
    for (const address of [items[0]?.redirectUri, items[0]?.backchannelLogoutUri, items[0]?.postLogoutRedirectUri])
      expect(told).to.contain(address);
    await web.expectAccessible('a provider');
  });

  it('tries it step by step, and by a real login whose claims it shows', async () => {
    const trying = section('Try it');
    await trying.getByRole('button', { name: 'Test step by step' }).click();
    await trying.getByRole('list', { name: 'What the test found' }).getByText('discovery', { exact: true }).waitFor();
    await trying.getByRole('button', { name: 'Try a real login' }).click();
    const url = await trying.getByRole('link', { name: 'Sign in there, in a new tab' }).getAttribute('href');
    const other = await web.context.newPage();
    await other.goto(url ?? '');
    await other.getByRole('link').first().click();
    await trying.getByText('A login like this one opens a session.').waitFor();
    await other.close();
    await trying.getByText('ana@example.com', { exact: true }).first().waitFor();
    await trying.getByText('keycloak/platform').first().waitFor();
    await web.expectAccessible('what came of a login');
  });

  it('changes only what was changed, and says the command for that', async () => {
    await page.getByRole('button', { name: 'Change', exact: true }).click();
    const dialog = page.getByRole('dialog', { name: 'Change keycloak' });
    await dialog.getByText('More settings').click();
    await dialog.getByLabel('Minutes between questions').fill('');
    await dialog.getByText('infra providers update keycloak --sync off').waitFor();
    await web.expectAccessible('changing a provider');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await section('What it is').getByText('only at logins').waitFor();
    await section('Between logins').getByRole('button', { name: 'Ask now' }).click();
    await page.getByText('Nobody can be asked about').waitFor();
  });

  it('makes a SCIM token that is shown once, and removes it', async () => {
    const scim = section('SCIM');
    await scim.getByRole('button', { name: 'Make a SCIM token' }).click();
    await page.getByRole('button', { name: 'Make it' }).click();
    const dialog = page.getByRole('dialog', { name: 'A SCIM token for keycloak' });
    await dialog.getByText(/^infra_scim_/).waitFor();
    await dialog.getByText(`${server.url}/scim/v2/keycloak`).waitFor();
    await page.getByRole('button', { name: 'I have it' }).click();
    await scim.getByRole('button', { name: /^Remove the SCIM token/ }).click();
    await page.getByRole('button', { name: 'Yes, do it' }).click();
    await scim.getByText('There is no SCIM token.').waitFor();
    await page.keyboard.press('Escape');
  });

  it('shows everything to a view admin, with nothing that changes it', async () => {
    const { items } = await (await server.admin())(api.identityProviders.list, { query: {} });
    const shown: readonly (readonly [string, string])[] = [
      ['/settings', 'Sessions and credentials'],
      ['/settings/providers', 'Identity providers'],
      [`/settings/providers/${items[0]?.id ?? ''}`, 'What it is'],
      ['/settings/admins', 'Admins'],
      ['/settings/keys', 'Access keys'],
      ['/settings/server', 'About'],
    ];
    for (const [path, name] of shown) {
      await viewer.goTo(path);
      await viewer.page.getByRole('region', { name, exact: true }).waitFor();
      await viewer.page.getByRole('main').getByText('Loading').first().waitFor({ state: 'detached' });
      const changing = viewer.page.getByRole('main').getByRole('button', { name: /^(?!Copy )/ });
      expect(await changing.allTextContents(), path).to.deep.equal([]);
      expect(
        await viewer.page
          .getByRole('main')
          .getByRole('link', { name: /^(Connect|Add)/ })
          .count(),
        path,
      ).to.equal(0);
    }
    await viewer.goTo('/settings/providers/new');
    await viewer.page.getByText('This is not for your role').waitFor();
    await viewer.expectAccessible('not for the role view');
  });

  it('says who and what ends before a provider is disabled, and removes it', async () => {
    await page.getByRole('button', { name: 'Disable keycloak' }).click();
    const dialog = page.getByRole('dialog', { name: 'Disable keycloak' });
    await dialog.getByText('0 sessions and 0 credentials of 0 people end.').waitFor();
    await web.expectAccessible('before a provider is disabled');
    await dialog.getByRole('button', { name: 'Yes, do it' }).click();
    await dialog.getByText(/It holds now|It holds at every connector|Waiting for/).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Open it again' }).click();
    await page.getByRole('button', { name: 'Remove keycloak' }).click();
    await page.getByRole('button', { name: 'Yes, do it' }).click();
    await page.getByText(/It holds now|It holds at every connector|Waiting for/).waitFor();
    await page.keyboard.press('Escape');
    await page.getByText('No identity provider is connected.').waitFor();
  });

  it('lists who holds a role on infra, and removes one; the last stays', async () => {
    await web.goTo('/settings/admins', 'Settings');
    const admins = section('Admins');
    await admins.getByRole('cell', { name: 'vi@example.com', exact: true }).waitFor();
    expect(await admins.getByRole('link', { name: 'Add an admin' }).getAttribute('href')).to.equal('/access/new?resource=infra');
    await web.expectAccessible('admins');
    await admins.getByRole('button', { name: `Remove the role admin on infra of ${adminEmail}` }).click();
    await page.getByRole('button', { name: 'Yes, do it' }).click();
    await page.getByRole('alert').waitFor();
    await page.keyboard.press('Escape');
  });

  it('makes an access key for somebody else, and removes it', async () => {
    await tab('Access keys').click();
    const keys = section('Access keys');
    await keys.getByRole('button', { name: 'Make an access key' }).click();
    await page.getByLabel('Name', { exact: true }).fill('ci');
    await page.getByLabel('Of', { exact: true }).fill('vi@example.com');
    await page.getByText('infra keys add ci --for vi@example.com --expires-in 30d').waitFor();
    await page.getByRole('button', { name: 'Make it' }).click();
    await page.getByText(/^infra_key_/).waitFor();
    await page.getByRole('button', { name: 'I have it' }).click();
    await keys.getByRole('button', { name: 'Remove the access key ci of vi@example.com' }).waitFor();
    await web.expectAccessible('access keys');
  });

  it('tells what the server is, and gives its certificates', async () => {
    await tab('Server and authorities').click();
    await section('About').getByText('ready', { exact: true }).waitFor();
    const authorities = section('Certificates of the authorities');
    await authorities.getByText(server.info.rootFingerprint).waitFor();
    const downloading = page.waitForEvent('download');
    await authorities.getByRole('link', { name: /^Download PEM of infra root/ }).click();
    const pem = readFileSync(await (await downloading).path(), 'utf8');
    expect(new X509Certificate(pem).raw.equals(new X509Certificate(server.info.rootCertificate).raw)).to.equal(true);
    await web.expectAccessible('the server');
  });
});
