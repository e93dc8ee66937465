/** A login by a code as people have it: a terminal without a browser, a browser elsewhere without script, a company's Keycloak. */
import { expect } from 'chai';
import { join } from 'node:path';
import { api } from '../../shared/api/index.ts';
import { atTerminal, endTerminals } from '../support/at-terminal.ts';
import { accessibilityFaults, type BrowserContext, closeBrowser, newBrowser, type Page } from '../support/chromium.ts';
import { newTerminal } from '../support/infra.ts';
import { newRealm, type Realm } from '../support/keycloak.ts';
import { projectRoot } from '../support/program.ts';
import { type RunningServer, startServer } from '../support/server.ts';
import { waitFor } from '../support/wait-for.ts';

describe('login by a code that is typed elsewhere', function () {
  this.timeout(240_000);
  let server: RunningServer;
  let realm: Realm;
  const ana = { email: 'ana@example.com', password: 'the tide comes in twice' };
  before(async () => {
    server = await startServer();
    realm = await newRealm();
    await realm.addUser(ana);
    const { issuer, clientId, clientSecret } = realm;
    const admin = await server.admin();
    const { redirectUri } = await admin(api.identityProviders.create, {
      body: { name: 'keycloak', kind: 'oidc', issuer, clientId, clientSecret, emailDomains: ['example.com'] },
    });
    await realm.allowRedirectTo(redirectUri);
  });
  after(async () => {
    endTerminals();
    await closeBrowser();
    await realm.remove();
    await server.stop();
  });

  /** `infra login` over SSH, until it shows its code. */
  async function askAtTerminal() {
    const terminal = newTerminal();
    const words = [process.execPath, join(projectRoot, 'dist/cli/main.js'), 'login', server.url, '--ca', server.caFile];
    const talk = atTerminal(words.map((word) => `'${word}'`).join(' '), {
      ...terminal.env,
      SSH_CONNECTION: '192.0.2.1 50000 192.0.2.2 22',
    });
    const code = await waitFor(() => /^ {2}([A-Z]{4}-[A-Z]{4})\r$/m.exec(talk.screen())?.[1], { within: 30, what: 'the code' });
    const address = /https:\S+\/device/.exec(talk.screen())?.[0] ?? '';
    return { terminal, talk, code, address };
  }

  /** Types the code as somebody does who reads it off another screen, and signs in. */
  async function untilDecision(
    browser: BrowserContext,
    { address, code }: { readonly address: string; readonly code: string },
  ): Promise<Page> {
    const page = await browser.newPage();
    await page.goto(address);
    // By keyboard alone: the field, the code, Enter.
    await page.keyboard.press('Tab');
    await page.keyboard.type(code.toLowerCase().replace('-', ' '));
    await page.keyboard.press('Enter');
    await page.waitForURL('**/device/sign-in');
    expect(await page.getByRole('main').innerText()).to.match(/Asked from the address\s+127\.0\.0\.1/);
    await page.getByRole('link', { name: 'keycloak' }).click();
    if (page.url().startsWith(realm.issuer)) {
      await page.getByLabel('Username or email').fill(ana.email);
      await page.getByRole('textbox', { name: 'Password' }).fill(ana.password);
      await page.getByRole('button', { name: 'Sign In' }).click();
    }
    await page.getByRole('heading', { name: 'Let this terminal in?' }).waitFor();
    return page;
  }

  it('over SSH the terminal says why and shows a code; approved in a browser without script, it is logged in', async () => {
    const { terminal, talk, code, address } = await askAtTerminal();
    expect(talk.screen()).to.include('this is an SSH session').and.not.include('/login/cli');
    expect(address).to.equal(`${server.url}/device`);
    const browser = await newBrowser({ javaScriptEnabled: false });
    const page = await untilDecision(browser, { address, code });
    expect(await page.getByRole('main').innerText()).to.include('You are ana@example.com.');
    await page.getByRole('button', { name: 'Approve' }).click();
    await page.waitForURL('**/device/approved');
    expect(await talk.ended, talk.screen()).to.equal(0);
    expect(talk.screen()).to.include('logged in to').and.include('ana@example.com');
    const { stdout } = await terminal.infra(['whoami', '--format', 'json']);
    expect(JSON.parse(stdout)).to.deep.nested.include({ 'identity.name': 'ana@example.com', 'session.provider': 'keycloak' });
    await browser.close();
  });

  it('denied there, the terminal says so and nobody is logged in; a wrong code is announced as a failure', async () => {
    const { terminal, talk, code, address } = await askAtTerminal();
    const browser = await newBrowser();
    const page = await browser.newPage();
    await page.goto(address);
    await page.getByLabel('Code').fill('BCDF-GHJK');
    await page.getByRole('button', { name: 'Go on' }).click();
    expect(await page.getByRole('alert').innerText()).to.include('No login waits for this code');
    expect(await accessibilityFaults(page)).to.deep.equal([]);
    const decision = await untilDecision(browser, { address, code });
    expect(await accessibilityFaults(decision)).to.deep.equal([]);
    await decision.goto(`${server.url}/device/sign-in`);
    expect(await accessibilityFaults(decision)).to.deep.equal([]);
    await decision.getByRole('link', { name: 'keycloak' }).click();
    await decision.getByRole('button', { name: 'Deny' }).click();
    await decision.waitForURL('**/device/denied');
    expect(await talk.ended).to.equal(4);
    expect(talk.screen()).to.match(/infra: this login was denied in the browser/);
    expect((await terminal.infra(['whoami'])).code).to.equal(3);
    await browser.close();
  });
});
