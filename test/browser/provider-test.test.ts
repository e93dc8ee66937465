/** `infra providers test --login` with nothing played: a company's Keycloak and a real browser. */
import { expect } from 'chai';
import { notingBrowser, startBrowserLogin } from '../support/browser-login.ts';
import { accessibilityFaults, closeBrowser, newBrowser, type Page } from '../support/chromium.ts';
import { loginWithPassword, newTerminal, type Terminal } from '../support/infra.ts';
import { newRealm, type Realm } from '../support/keycloak.ts';
import { startProgram } from '../support/program.ts';
import { adminEmail, adminPassword, startServer, type RunningServer } from '../support/server.ts';
import { waitFor } from '../support/wait-for.ts';

const ana = { email: 'ana@example.com', password: 'the tide comes in twice', groups: ['platform'] };

describe('trying a company’s own sign-in', function () {
  this.timeout(240_000);
  let server: RunningServer;
  let realm: Realm;
  let terminal: Terminal;
  before(async () => {
    server = await startServer();
    realm = await newRealm();
    await realm.addUser(ana);
    terminal = newTerminal();
    await loginWithPassword(terminal, server, { email: adminEmail, password: adminPassword });
    const added = await terminal.infra(
      [
        ...['providers', 'add', 'oidc', 'keycloak', '--issuer', realm.issuer, '--client-id', realm.clientId],
        ...['--groups-claim', 'groups', '--email-domains', 'example.com'],
      ],
      `${realm.clientSecret}\n`,
    );
    expect(added.code, added.stderr).to.equal(0);
    expect((await terminal.infra(['providers', 'disable', 'keycloak', '--yes'])).code).to.equal(0);
  });
  after(async () => {
    await closeBrowser();
    await realm.remove();
    await server.stop();
  });

  const start = async () => {
    const noting = notingBrowser();
    const test = startProgram({
      program: 'cli',
      args: ['providers', 'test', 'keycloak', '--login', '--timeout', '2m'],
      env: { ...terminal.env, BROWSER: noting.program },
    });
    const browser = await newBrowser();
    const page = await browser.newPage();
    await page.goto((await noting.firstOpened()).href);
    return { test, browser, page };
  };

  it('says in the terminal why nobody came back, when the redirect address is not registered there', async () => {
    const { test, browser, page } = await start();
    await page.getByRole('link').click();
    await page.getByText('Invalid parameter: redirect_uri').waitFor();
    await browser.close();
    expect(await test.end('SIGINT')).to.equal(1);
    await realm.allowRedirectTo(`${server.url}/login/callback/keycloak`);
  });

  it('is told of before and after in the browser, and in full in the terminal, while the provider is still closed to people', async () => {
    const { test, browser, page } = await start();
    expect(await page.getByRole('heading').innerText()).to.equal('A test of the identity provider keycloak');
    expect(await page.getByText('gets to read what keycloak says of you').count()).to.equal(1);
    expect(await accessibilityFaults(page)).to.deep.equal([]);
    await page.getByRole('link').click();
    await page.getByLabel('Username or email').fill(ana.email);
    await typePassword(page);
    await page.waitForURL('**/login/provider-test/ended');
    expect(await page.getByRole('heading').innerText()).to.equal('The test went well');
    expect(await accessibilityFaults(page)).to.deep.equal([]);
    await browser.close();
    expect(await test.ended, test.stderr() + test.stdout()).to.equal(0);
    expect(test.stdout()).to.match(/account +ok +A new user ana@example\.com would be added\. Not yet: keycloak is disabled/);
    expect(test.stdout())
      .to.match(/group platform +new +keycloak\/platform/)
      .and.match(/refresh-token +ok/);
    expect((await terminal.infra(['users', 'list', '--format', 'json'])).stdout).to.not.include(ana.email);
  });

  it('counts the second factor that Keycloak tells of, from the time on that it tells; --fresh makes it ask anew', async () => {
    await realm.tellMethods('pwd', 'otp');
    expect((await terminal.infra(['providers', 'update', 'keycloak', '--trust-mfa', 'on'])).code).to.equal(0);
    expect((await terminal.infra(['providers', 'enable', 'keycloak'])).code).to.equal(0);
    const [person, browser] = [newTerminal(), await newBrowser()];
    /** When the second factor was proven, by what Keycloak says of this login. */
    const logIn = async (args: readonly string[], signIn: (page: Page) => Promise<void>): Promise<number> => {
      const noting = notingBrowser();
      const login = startBrowserLogin({ terminal: person, server, browser: noting, args });
      const page = await browser.newPage();
      await page.goto((await noting.firstOpened()).href);
      await signIn(page);
      await page.waitForURL('**/login/done');
      expect(await login.ended, login.stderr()).to.equal(0);
      const { session } = JSON.parse((await person.infra(['whoami', '--format', 'json'])).stdout) as { session: { mfaAt: string } };
      return Date.parse(session.mfaAt);
    };
    const first = await logIn([], async (page) => {
      await page.getByLabel('Username or email').fill(ana.email);
      await typePassword(page);
    });
    // Keycloak knows the browser and asks nothing: the proof is as old as it was.
    expect(await logIn([], async () => undefined)).to.equal(first);
    const verify = await person.infra(['mfa', 'verify']);
    expect(verify.code).to.equal(5);
    expect(verify.stderr).to.include('--provider keycloak --fresh');
    expect((await person.infra(['whoami', '--why'])).stdout).to.include('amr says pwd, otp');
    await waitFor(() => Date.now() >= first + 1000, { within: 5, what: 'the next of the seconds that Keycloak tells time in' });
    // It knows who this is, and wants the password again.
    expect(await logIn(['--fresh'], typePassword)).to.be.greaterThan(first);
    await browser.close();
  });
});

async function typePassword(page: Page): Promise<void> {
  await page.getByRole('textbox', { name: 'Password' }).fill(ana.password);
  await page.getByRole('button', { name: 'Sign In' }).click();
}
