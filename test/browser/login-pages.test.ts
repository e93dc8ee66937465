/** The pages of a login as people see them: in light and dark, on a narrow screen, and as a screen reader has them. */
import { expect } from 'chai';
import { join } from 'node:path';
import { api } from '../../shared/api/index.ts';
import { askLoopback, notingBrowser, portOf, startBrowserLogin } from '../support/browser-login.ts';
import { accessibilityFaults, closeBrowser, newBrowser } from '../support/chromium.ts';
import { newTerminal } from '../support/infra.ts';
import { type OidcProvider, startOidcProvider } from '../support/oidc-provider.ts';
import { type RunningServer, startServer } from '../support/server.ts';

/** A folder: the pictures are kept there, to be looked at. */
const pictures = process.env['INFRA_TEST_PICTURES'];

const looks = [
  { name: 'light', options: { colorScheme: 'light' } },
  { name: 'dark', options: { colorScheme: 'dark' } },
  { name: 'narrow', options: { colorScheme: 'light', viewport: { width: 320, height: 640 } } },
] as const;

describe('the pages of a login', function () {
  this.timeout(120_000);
  let server: RunningServer;
  let idp: OidcProvider;
  let login: ReturnType<typeof startBrowserLogin>;
  let opened: URL;
  let loginTest: string;
  before(async () => {
    server = await startServer();
    idp = await startOidcProvider([]);
    const admin = await server.admin();
    for (const name of ['acme', 'partners-of-acme'])
      await admin(api.identityProviders.create, {
        body: { name, kind: 'oidc', issuer: idp.issuer, clientId: idp.clientId, clientSecret: 'x', emailDomains: ['example.com'] },
      });
    const [{ id } = { id: '' as never }] = (await admin(api.identityProviders.list, { query: { name: 'acme' } })).items;
    loginTest = (await admin(api.providerLoginTests.begin, { params: { id } })).url;
    const browser = notingBrowser();
    login = startBrowserLogin({ terminal: newTerminal(), server, browser, args: ['--timeout', '5m'] });
    opened = await browser.firstOpened();
  });
  after(async () => {
    await closeBrowser();
    await login.end('SIGINT');
    await server.stop();
    await idp.stop();
  });

  for (const [name, address, heading] of [
    ['choice', () => opened.href, 'Log in to infra'],
    ['done', () => `${server.url}/login/done`, 'You are logged in'],
    ['failed', () => `${server.url}/login/failed?error=login.denied`, 'You are not logged in'],
    ['reset', () => `${server.url}/reset-password#infra_reset_x`, 'Choose a new password'],
    ['test', () => loginTest, 'A test of the identity provider acme'],
    ['test-ended', () => `${server.url}/login/provider-test/ended?refusal=login.account-conflict`, 'The test came to a refusal'],
    ['passkey', () => `${server.url}/passkeys/new#infra_link_x`, 'Passkey'],
    ['device', () => `${server.url}/device`, 'Log in with a code'],
    ['device-failed', () => `${server.url}/device/failed?error=login.denied`, 'You are not signed in'],
    ['device-approved', () => `${server.url}/device/approved`, 'You let the terminal in'],
    ['device-denied', () => `${server.url}/device/denied`, 'You denied it'],
    ['malformed', () => `${server.url}/login/cli`, 'Log in to infra'],
    ['loopback', () => `http://127.0.0.1:${portOf(opened)}/`, 'This is not the login that was waited for'],
  ] as const)
    for (const look of looks)
      it(`${name}, ${look.name}: axe finds nothing, and nothing is wider than the screen`, async () => {
        const browser = await newBrowser(look.options);
        const page = await browser.newPage();
        await page.goto(address());
        await page.getByRole('heading', { name: heading, level: 1 }).waitFor();
        expect(await accessibilityFaults(page)).to.deep.equal([]);
        expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).to.equal(true);
        if (pictures !== undefined) await page.screenshot({ path: join(pictures, `${name}-${look.name}.png`) });
        await browser.close();
      });

  it('are worked by keyboard alone and without script: Tab reaches each choice, Enter takes it', async () => {
    const browser = await newBrowser({ javaScriptEnabled: false });
    const page = await browser.newPage();
    await page.goto(opened.href);
    const sent = page.waitForRequest((request) => request.url().includes('provider=partners-of-acme'));
    for (const key of ['Tab', 'Tab', 'Enter']) await page.keyboard.press(key);
    await sent;
    await browser.close();
  });

  it('say nothing of what a stranger asks the loopback port', async () => {
    const { body } = await askLoopback(portOf(opened), { target: '/<script>alert(1)</script>?x=<b>' });
    expect(body).to.not.include('alert').and.not.include('<b>');
  });
});
