/** Signing in on the server's own pages in a real browser: the whole way of `infra login`, by keyboard, with script and without. */
import Sqlite from 'better-sqlite3';
import { expect } from 'chai';
import { join } from 'node:path';
import { personWithOneTimePassword, protectedPerson, type Protected } from '../security/page-login-stage.ts';
import { notingBrowser, startBrowserLogin } from '../support/browser-login.ts';
import { accessibilityFaults, closeBrowser, newBrowser, type BrowserContext, type Page } from '../support/chromium.ts';
import { newTerminal, type Terminal } from '../support/infra.ts';
import { newCodeApp } from '../support/second-factor.ts';
import { startServer, type RunningServer } from '../support/server.ts';

/** A folder: the pictures are kept there, to be looked at. */
const pictures = process.env['INFRA_TEST_PICTURES'];
const chosen = 'another lantern by the harbour';

const looks = [
  { name: 'light', options: { colorScheme: 'light' } },
  { name: 'dark', options: { colorScheme: 'dark' } },
  { name: 'narrow', options: { colorScheme: 'light', viewport: { width: 320, height: 640 } } },
] as const;

describe('signing in on the server’s own pages', function () {
  this.timeout(120_000);
  let server: RunningServer;
  let ana: Protected;
  before(async () => {
    server = await startServer();
    ana = await protectedPerson(server, 'ana');
  });
  after(async () => {
    await closeBrowser();
    await server.stop();
  });

  /** Types `infra login`, and opens what it opens. */
  async function begin(browser: BrowserContext, terminal: Terminal = newTerminal()) {
    const noting = notingBrowser();
    const login = startBrowserLogin({ terminal, server, browser: noting, args: ['--provider', 'infra', '--timeout', '2m'] });
    const page = await browser.newPage();
    await page.goto((await noting.firstOpened()).href);
    return { login, page, terminal };
  }
  /** What has the focus, then Tab: as somebody without a mouse goes on. */
  const type = async (page: Page, ...texts: readonly string[]): Promise<void> => {
    await page.locator('input:focus').waitFor();
    for (const [index, text] of texts.entries()) {
      if (index > 0) await page.keyboard.press('Tab');
      await page.keyboard.type(text);
    }
    await page.keyboard.press('Enter');
  };
  const looksWell = async (page: Page, name: string): Promise<void> => {
    expect(await accessibilityFaults(page), name).to.deep.equal([]);
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'), name).to.equal(true);
    if (pictures !== undefined) await page.screenshot({ path: join(pictures, `${name}.png`) });
  };
  /** Of this address, which all of these share. */
  const attempts = (statement: string): void => {
    const database = new Sqlite(server.databaseFile);
    database.exec(statement);
    database.close();
  };
  const heading = async (page: Page, name: string): Promise<void> => page.getByRole('heading', { name, level: 1 }).waitFor();

  for (const javaScriptEnabled of [true, false])
    it(`password, code, done, by keyboard alone, ${javaScriptEnabled ? 'with' : 'without'} script`, async () => {
      const browser = await newBrowser({ javaScriptEnabled });
      const { login, page, terminal } = await begin(browser);
      const addresses: string[] = [];
      page.on('request', (request) => addresses.push(request.url()));
      await type(page, ana.email, `${ana.password} not`);
      await page.getByRole('alert').getByText('do not match').waitFor();
      expect(await page.getByLabel('Email').inputValue()).to.equal(ana.email);
      await type(page, ana.password);
      await heading(page, 'Your second factor');
      await type(page, '000000');
      await page.getByRole('alert').getByText('This code does not hold').waitFor();
      // One each: those of the app are there for two logins at once at most.
      await type(page, javaScriptEnabled ? newCodeApp(ana.secret).codeAt(Date.now() + 30_000) : (ana.recoveryCodes[0] ?? ''));
      await page.waitForURL('**/login/done');
      expect(await login.ended, login.stderr()).to.equal(0);
      const { stdout } = await terminal.infra(['whoami', '--format', 'json']);
      const { session } = JSON.parse(stdout) as { session: { method: string; mfaAt: string | null } };
      expect(session.method).to.equal('password');
      expect(session.mfaAt).to.be.a('string');
      for (const address of addresses) expect(address).to.not.include(encodeURIComponent(ana.password)).and.not.include('infra_form_');
      expect(await browser.cookies()).to.deep.equal([]);
      await browser.close();
    });

  for (const javaScriptEnabled of [true, false])
    it(`one-time password, new password, done, ${javaScriptEnabled ? 'with' : 'without'} script`, async () => {
      const fresh = await personWithOneTimePassword(server, `fresh-${javaScriptEnabled ? 'with' : 'without'}`);
      const browser = await newBrowser({ javaScriptEnabled });
      const { login, page } = await begin(browser);
      await type(page, fresh.email, fresh.password);
      await heading(page, 'Choose a new password');
      await type(page, chosen, `${chosen} not`);
      await page.getByRole('alert').getByText('The two passwords differ').waitFor();
      await type(page, chosen, chosen);
      await page.waitForURL('**/login/done');
      expect(await login.ended, login.stderr()).to.equal(0);
      await server.login(fresh.email, chosen);
      await browser.close();
    });

  it('says of itself, to password managers, what each field is for', async () => {
    const browser = await newBrowser();
    const fresh = await personWithOneTimePassword(server, 'managed');
    const { login, page } = await begin(browser);
    const purposes = async (): Promise<(string | null)[]> =>
      Promise.all((await page.locator('input:not([type=hidden])').all()).map((field) => field.getAttribute('autocomplete')));
    expect(await purposes()).to.deep.equal(['username', 'current-password']);
    await type(page, fresh.email, fresh.password);
    await heading(page, 'Choose a new password');
    expect(await purposes()).to.deep.equal(['username', 'new-password', 'new-password']);
    await login.end('SIGINT');
    await browser.close();
  });

  it('a login that is over says so, in the browser and not as a fault of the person', async () => {
    const browser = await newBrowser();
    const { login, page } = await begin(browser);
    await browser.clearCookies();
    await type(page, ana.email, ana.password);
    await page.getByRole('alert').getByText('This login is over').waitFor();
    await login.end('SIGINT');
    await browser.close();
  });

  for (const look of looks)
    it(`${look.name}: axe finds nothing on any of the pages, and nothing is wider than the screen`, async () => {
      const browser = await newBrowser(look.options);
      const { login, page } = await begin(browser);
      await looksWell(page, `password-${look.name}`);
      await type(page, ana.email, 'wrong wrong wrong');
      await page.getByRole('alert').waitFor();
      await looksWell(page, `password-wrong-${look.name}`);
      await type(page, ana.password);
      await heading(page, 'Your second factor');
      await looksWell(page, `second-factor-${look.name}`);
      await type(page, '000000');
      await page.getByRole('alert').waitFor();
      await looksWell(page, `second-factor-wrong-${look.name}`);
      await login.end('SIGINT');
      await browser.close();
    });

  for (const look of looks)
    it(`${look.name}: so it is with those for a new password, for who must wait, and with the last`, async () => {
      const fresh = await personWithOneTimePassword(server, `looking-${look.name}`);
      const browser = await newBrowser(look.options);
      const { login, page } = await begin(browser);
      attempts('UPDATE login_attempts SET failures = 1000');
      await type(page, fresh.email, fresh.password);
      await heading(page, 'Too many attempts');
      await looksWell(page, `wait-${look.name}`);
      attempts('DELETE FROM login_attempts');
      await page.goBack();
      await page.getByLabel('Email').fill('');
      await page.getByLabel('Email').focus();
      await type(page, fresh.email, fresh.password);
      await heading(page, 'Choose a new password');
      await looksWell(page, `new-password-${look.name}`);
      await type(page, 'password1234', 'password1234');
      await page.getByRole('alert').waitFor();
      await looksWell(page, `new-password-weak-${look.name}`);
      // Held at the last page, as where a browser is told not to go on by itself.
      await page.route(/^http:\/\/127\.0\.0\.1:\d+\/callback/, async (route) => route.fulfill({ status: 204 }));
      await type(page, chosen, chosen);
      await heading(page, 'You have shown who you are');
      await looksWell(page, `arrived-${look.name}`);
      await login.end('SIGINT');
      await browser.close();
    });
});
