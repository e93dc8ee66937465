/** A logout at the company's Keycloak is one here, and the other way, with a real browser between them. */
import { expect } from 'chai';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { notingBrowser, startBrowserLogin } from '../support/browser-login.ts';
import { accessibilityFaults, type BrowserContext, closeBrowser, newBrowser } from '../support/chromium.ts';
import { newTerminal, type Terminal } from '../support/infra.ts';
import { newRealm, type Realm } from '../support/keycloak.ts';
import { runProgram } from '../support/program.ts';
import { adminEmail, adminPassword, startServer, type RunningServer } from '../support/server.ts';
import { waitFor } from '../support/wait-for.ts';

describe('logout between infra and a company’s own sign-in', function () {
  this.timeout(180_000);
  let server: RunningServer;
  let realm: Realm;
  let way: Server;
  const ana = { email: 'ana@example.com', password: 'the tide comes in twice' };

  before(async () => {
    server = await startServer();
    realm = await newRealm();
    await realm.addUser(ana);
    const admin = newTerminal();
    const login = ['login', server.url, '--ca', server.caFile, '--user', adminEmail, '--password-stdin'];
    expect((await admin.infra(login, `${adminPassword}\n`)).code).to.equal(0);
    const added = await admin.infra(
      [
        ...['providers', 'add', 'oidc', 'keycloak', '--issuer', realm.issuer, '--client-id', realm.clientId],
        ...['--email-domains', 'example.com', '--format', 'json'],
      ],
      `${realm.clientSecret}\n`,
    );
    expect(added.code, added.stderr).to.equal(0);
    const addresses = JSON.parse(added.stdout) as { redirectUri: string; backchannelLogoutUri: string; postLogoutRedirectUri: string };
    way = await plainWayTo(server);
    await realm.allowRedirectTo(addresses.redirectUri);
    await realm.tellLogouts({
      // A listening TCP server has such an address.
      to: `http://127.0.0.1:${(way.address() as AddressInfo).port}${new URL(addresses.backchannelLogoutUri).pathname}`,
      back: addresses.postLogoutRedirectUri,
    });
  });
  after(async () => {
    await closeBrowser();
    way.close();
    await realm.remove();
    await server.stop();
  });

  async function logIn(terminal: Terminal, browser: BrowserContext): Promise<void> {
    const noting = notingBrowser();
    const login = startBrowserLogin({ terminal, server, browser: noting, args: ['--timeout', '2m'] });
    const page = await browser.newPage();
    await page.goto((await noting.firstOpened()).href);
    if (page.url().startsWith(realm.issuer)) {
      await page.getByLabel('Username or email').fill(ana.email);
      await page.getByRole('textbox', { name: 'Password' }).fill(ana.password);
      await page.getByRole('button', { name: 'Sign In' }).click();
    }
    await page.waitForURL('**/login/done');
    expect(await login.ended, login.stderr()).to.equal(0);
  }
  const whoami = async (terminal: Terminal): Promise<number | string> => (await terminal.infra(['whoami'])).code;

  it('who is logged out at Keycloak is logged out here at once', async () => {
    const [terminal, browser] = [newTerminal(), await newBrowser()];
    await logIn(terminal, browser);
    expect(await whoami(terminal)).to.equal(0);
    await realm.logOut(ana.email);
    await waitFor(async () => (await whoami(terminal)) === 3, { within: 10, what: 'the session to end' });
    await browser.close();
  });

  it('`infra logout --at-provider` ends both: Keycloak asks for the password again, and the page says that one is out', async () => {
    const [terminal, browser, other] = [newTerminal(), await newBrowser(), newTerminal()];
    await logIn(terminal, browser);
    // The same session at Keycloak, so its end is this one's, too.
    await logIn(other, browser);
    const noting = notingBrowser();
    const out = await runProgram({ program: 'cli', args: ['logout', '--at-provider'], env: { ...terminal.env, BROWSER: noting.program } });
    expect(out.code, out.stderr).to.equal(0);
    expect(out.stdout + out.stderr).to.include('the browser goes on to keycloak');
    const page = await browser.newPage();
    await page.goto((await noting.firstOpened()).href);
    await page.waitForURL('**/login/left');
    expect(await page.getByRole('heading').innerText()).to.equal('You are logged out');
    expect(await accessibilityFaults(page)).to.deep.equal([]);
    await waitFor(async () => (await whoami(other)) === 3, { within: 10, what: 'the other session to end by Keycloak’s word' });

    const again = notingBrowser();
    const login = startBrowserLogin({ terminal, server, browser: again });
    await page.goto((await again.firstOpened()).href);
    expect(page.url()).to.include(realm.issuer);
    await page.getByLabel('Username or email').waitFor();
    await login.end('SIGINT');
    await browser.close();
  });

  it('says so where there is nothing to be logged out of', async () => {
    const terminal = newTerminal();
    const login = ['login', server.url, '--ca', server.caFile, '--user', adminEmail, '--password-stdin'];
    expect((await terminal.infra(login, `${adminPassword}\n`)).code).to.equal(0);
    const out = await terminal.infra(['logout', '--at-provider']);
    expect([out.code, out.stdout + out.stderr]).to.satisfy(
      ([code, words]: [number, string]) => code === 0 && words.includes('came from no identity provider'),
    );
  });
});

/** Keycloak does not know our authority: it posts in the clear on this machine, and the post goes on by TLS as it is. */
async function plainWayTo(server: RunningServer): Promise<Server> {
  const way = createServer((request, response) => {
    void (async () => {
      let body = '';
      for await (const chunk of request) body += String(chunk);
      const headers = { 'content-type': request.headers['content-type'] ?? '' };
      const answer = await server.request(request.url ?? '/', { method: request.method ?? 'GET', headers, body });
      response.writeHead(answer.status).end(await answer.text());
    })();
  });
  await new Promise<void>((resolve) => way.listen(0, '127.0.0.1', resolve));
  return way;
}
