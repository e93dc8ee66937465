/** My access: what somebody sees who holds no role on infra, and all that they do for themselves there. */
import { expect } from 'chai';
import { TOTP } from 'otpauth';
import { api } from '../../shared/api/index.ts';
import { closeBrowser, type Page } from '../support/chromium.ts';
import { enrolConnector } from '../support/enrolled-connector.ts';
import { newPerson, startServer, type RunningServer } from '../support/server.ts';
import { addVirtualAuthenticator } from '../support/virtual-authenticator.ts';
import { waitFor } from '../support/wait-for.ts';
import { openWeb, type Web } from '../support/web.ts';

const email = 'ana@example.com';

describe('my access', function () {
  this.timeout(120_000);
  let server: RunningServer;
  let web: Web;
  let page: Page;
  let person: Awaited<ReturnType<typeof newPerson>>;
  before(async () => {
    server = await startServer();
    const admin = await server.admin();
    await enrolConnector(server, 'prod');
    await enrolConnector(server, 'staging');
    person = await newPerson(server, email);
    await admin(api.grants.create, { body: { subject: email, role: 'view', resource: 'prod' } });
    await admin(api.grants.create, { body: { subject: email, role: 'edit', resource: 'staging.web', mfaSeconds: 900 } });
    web = await openWeb(server, { email, password: person.password });
    page = web.page;
  });
  after(async () => {
    await web.close();
    await closeBrowser();
    await server.stop();
  });

  const section = (name: string) => page.getByRole('region', { name, exact: true });
  const dialog = (name: string | RegExp) => page.getByRole('dialog', { name });

  it('is all that there is without a role, and where one begins', async () => {
    expect(new URL(page.url()).pathname).to.equal('/me');
    const links = page.getByRole('navigation', { name: 'Pages' }).getByRole('link');
    expect(await links.allTextContents()).to.deep.equal(['My access']);
  });

  for (const path of ['/people', '/audit', '/settings', '/settings/providers', '/settings/admins', '/settings/keys', '/settings/server'])
    it(`${path} says that it is not for somebody without a role`, async () => {
      await web.goTo(path);
      await page.getByText('This is not for your role').first().waitFor();
      expect(await page.getByRole('main').getByRole('table').count()).to.equal(0);
    });

  it('shows what one can reach, as what, and the commands for it', async () => {
    await web.goTo('/me', 'My access');
    const reach = section('What you can reach');
    await reach.getByRole('heading', { name: 'prod' }).waitFor();
    const texts = await reach.getByRole('listitem').allTextContents();
    expect(texts.join('\n'))
      .to.match(/view on prod.*no end/)
      .and.to.match(/edit on staging\.web.*needs a second factor proven within 15m/);
    expect(await reach.getByRole('group').allTextContents()).to.include.members([
      'infra use prod',
      'kubectl --context infra:prod get pods',
      'infra use staging.web',
      'kubectl --context infra:staging --namespace web get pods',
      'infra mfa verify',
    ]);
  });

  it('takes up a grant as it is given', async () => {
    const admin = await server.admin();
    const { grant } = await admin(api.grants.create, { body: { subject: email, role: 'admin', resource: 'prod' } });
    await section('What you can reach').getByText('admin on prod').waitFor();
    await admin(api.grants.remove, { params: { id: grant.id } });
    await section('What you can reach').getByText('admin on prod').waitFor({ state: 'detached' });
  });

  it('tells how to set up a machine of one’s own system', async () => {
    const setUp = section('Set up infra on your machine');
    await setUp.getByText(`infra login ${server.url}`).waitFor();
    await setUp.getByText(server.info.rootFingerprint).waitFor();
    await setUp.getByLabel('Your system').selectOption({ label: 'Windows' });
    await setUp.getByText('%APPDATA%\\infra').waitFor();
  });

  it('ends a session that is not this browser’s', async () => {
    const elsewhere = await server.login(email, person.password);
    const { session } = await elsewhere.call(api.sessions.current, {});
    const mine = section('My sessions');
    await mine.getByText('this browser').waitFor();
    const before = await mine.getByRole('button', { name: /^End the session/ }).count();
    expect(before).to.be.greaterThan(0);
    await mine.getByRole('button', { name: 'End all my other sessions' }).click();
    await dialog('End all my other sessions').getByText('infra sessions revoke --others').waitFor();
    await page.getByRole('button', { name: 'Yes, do it' }).click();
    await page.getByText(/It holds now|It holds at every connector|Waiting for/).waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Close', exact: true }).last().click();
    await mine
      .getByRole('button', { name: /^End the session/ })
      .first()
      .waitFor({ state: 'detached' });
    const { items } = await (await server.admin())(api.sessions.list, { query: { identity: person.id, live: 'true' } });
    expect(items).to.have.length(1);
    expect(items[0]?.id).not.to.equal(session.id);
  });

  it('makes an access key that is shown once, and removes it', async () => {
    const keys = section('My access keys');
    await keys.getByRole('button', { name: 'Make an access key' }).click();
    await dialog('Make an access key').getByLabel('Name').fill('NOT A NAME');
    await page.getByRole('button', { name: 'Make it' }).click();
    await page.getByText(/must be 1–63 lower-case letters/).waitFor();
    await page.getByLabel('Name').fill('ci');
    await page.getByText('infra keys add ci --expires-in 30d').waitFor();
    await page.getByRole('button', { name: 'Make it' }).click();
    const secret = await dialog(/The access key ci/)
      .getByRole('group', { name: 'the access key' })
      .getByText(/^infra_key_/)
      .textContent();
    await server.client()(api.login.accessKey, { body: { key: secret ?? '' } });
    await web.expectAccessible('a secret that is shown once');
    await page.getByRole('button', { name: 'I have it' }).click();
    await keys.getByRole('button', { name: /^Remove the access key ci/ }).click();
    await page.getByRole('button', { name: 'Yes, do it' }).click();
    await page.getByText(/It holds now|It holds at every connector|Waiting for/).waitFor();
    await page.keyboard.press('Escape');
    await keys.getByText('You have no access key.').waitFor();
  });

  it('adds a passkey by the server’s page for that, and shows the recovery codes', async () => {
    const factors = section('My second factors and passkeys');
    await factors.getByText('You have no second factor here.').waitFor();
    await factors.getByRole('button', { name: 'Add a passkey' }).click();
    await dialog('Add a passkey').getByLabel('Name').fill('laptop');
    await page.getByRole('button', { name: 'Go on' }).click();
    const url = await page.getByRole('link', { name: 'Open the page that makes the passkey' }).getAttribute('href');
    const other = await web.context.newPage();
    await addVirtualAuthenticator(other);
    await other.goto(url ?? '');
    await other.getByRole('button', { name: 'Make a passkey' }).click();
    await other.getByText(/^Done\./).waitFor();
    await other.close();
    await dialog('The passkey is added').waitFor();
    expect(await page.getByRole('list', { name: 'Recovery codes' }).getByRole('listitem').count()).to.be.greaterThan(5);
    await web.expectAccessible('recovery codes');
    await page.getByRole('button', { name: 'I have kept them' }).click();
    await factors.getByRole('cell', { name: 'laptop', exact: true }).waitFor();
  });

  it('adds an app that shows codes, and removes it with a recovery code as the proof', async () => {
    const admin = await server.admin();
    await admin(api.secondFactors.reset, { params: { id: person.id } });
    // The reset ended the session: somebody signs in anew.
    await web.close();
    web = await openWeb(server, { email, password: person.password, path: '/me' });
    page = web.page;
    const factors = section('My second factors and passkeys');
    await factors.getByRole('button', { name: 'Add an app' }).click();
    await page.getByRole('button', { name: 'Show me the secret' }).click();
    await page.getByRole('img', { name: 'The secret, for the app to read' }).waitFor();
    const secret =
      (await dialog('Add an app that shows codes')
        .getByText(/^[A-Z2-7]{16,}$/)
        .textContent()) ?? '';
    await web.expectAccessible('the secret of an app');
    await page.getByLabel('Code that the app shows now').fill('000000');
    await page.getByRole('button', { name: 'Add the app' }).click();
    await page
      .getByRole('alert')
      .getByText(/does not hold/)
      .waitFor();
    await page.getByLabel('Code that the app shows now').fill(new TOTP({ secret }).generate());
    await page.getByRole('button', { name: 'Add the app' }).click();
    await dialog('The app is added').waitFor();
    const codes = await page.getByRole('list', { name: 'Recovery codes' }).getByRole('listitem').allTextContents();
    await page.getByRole('button', { name: 'I have kept them' }).click();
    await factors.getByText(`${codes.length} recovery codes left`).waitFor();
    await factors.getByRole('button', { name: 'Remove the app' }).click();
    await page.getByLabel('Code of your app, or a recovery code').fill(codes[0] ?? '');
    await page.getByRole('button', { name: 'Remove it' }).click();
    await factors.getByText('You have no second factor here.').waitFor();
  });

  it('changes one’s own password', async () => {
    await section('My password').getByRole('button', { name: 'Change my password' }).click();
    await page.getByLabel('Current password').fill('not that one');
    await page.getByLabel('New password').fill('a river under the old bridge');
    await page.getByRole('button', { name: 'Change it' }).click();
    await page.getByText('The current password is not right.').waitFor();
    await page.getByLabel('Current password').fill(person.password);
    await page.getByRole('button', { name: 'Change it' }).click();
    await dialog('Your password is changed').waitFor();
    await page.keyboard.press('Escape');
    await server.login(email, 'a river under the old bridge');
  });

  it('reads well by axe, in each look', async () => {
    await waitFor(async () => (await page.getByRole('dialog').count()) === 0, { within: 5, what: 'no dialog' });
    await web.expectAccessible('my access');
  });
});
