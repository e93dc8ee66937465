/** `infra login` by way of the server's own pages: on a wish, and where there is nobody at the terminal but a browser. */
import { expect } from 'chai';
import { bringAnswer, notingBrowser, startBrowserLogin } from '../support/browser-login.ts';
import { newBrowser } from '../support/browser.ts';
import { newTerminal, type Terminal } from '../support/infra.ts';
import { leadsTo, submit } from '../support/page-login.ts';
import { adminEmail, adminPassword, startServer, type RunningServer } from '../support/server.ts';
import { scriptedServer, serverScript } from './scripted-server.ts';

describe('infra login on the server’s own pages', function () {
  this.timeout(60_000);
  let server: RunningServer;
  before(async () => (server = await startServer()));
  after(async () => server.stop());

  /** Signs in at the address that was opened, and brings the code back. */
  async function signIn(opened: URL): Promise<void> {
    const browser = newBrowser(server);
    const page = await browser.get(opened.href);
    const end = leadsTo(await submit(browser, page, { email: adminEmail, password: adminPassword }));
    await bringAnswer(opened, { code: new URL(end ?? '').searchParams.get('code') ?? '' });
  }
  const methodOf = async (terminal: Terminal): Promise<unknown> => {
    const { session } = JSON.parse((await terminal.infra(['whoami', '--format', 'json'])).stdout) as { session: { method: unknown } };
    return session.method;
  };

  for (const [when, args, wanted] of [
    ['with --provider infra', ['--provider', 'infra'], 'infra'],
    ['without options, when nobody is at the terminal', [], null],
  ] as const)
    it(`opens them ${when}`, async () => {
      const [browser, terminal] = [notingBrowser(), newTerminal()];
      const login = startBrowserLogin({ terminal, server, browser, args });
      const opened = await browser.firstOpened();
      expect(opened.searchParams.get('provider')).to.equal(wanted);
      await signIn(opened);
      expect(await login.ended, login.stderr()).to.equal(0);
      expect(login.stderr()).to.include(`as ${adminEmail}`);
      expect(await methodOf(terminal)).to.equal('password');
      expect(login.stderr() + login.stdout()).to.not.include(adminPassword);
    });

  it('prints their address with --no-browser', async () => {
    const terminal = newTerminal();
    const login = startBrowserLogin({ terminal, server, browser: notingBrowser(), args: ['--no-browser', '--timeout', '1s'] });
    expect(await login.ended).to.equal(1);
    expect(login.stderr()).to.include(`${server.url}/login/cli?`);
  });

  it('without a browser either, says what else there is; at once', async () => {
    const terminal = newTerminal();
    const { code, stderr } = await terminal.infra(['login', server.url, '--ca', server.caFile], '');
    expect(code).to.equal(2);
    expect(stderr).to.include('nobody is at the terminal to type a password').and.include('--user EMAIL --password-stdin');
  });

  it('says what there is instead of a provider that is not there, and that an older server has no such page', async () => {
    const unknown = await newTerminal().infra(['login', server.url, '--ca', server.caFile, '--provider', 'okta'], '');
    expect([unknown.code, unknown.stderr]).to.deep.equal([5, `infra: ${server.url} has no identity provider "okta"; it has: infra\n`]);
    const older = await scriptedServer();
    older.answer(serverScript(older));
    const { code, stderr } = await newTerminal().infra(['login', older.url, '--ca', older.caFile, '--provider', 'infra'], '');
    await older.close();
    expect(code).to.equal(5);
    expect(stderr).to.include('it has: acme');
  });
});
