/** `infra providers test --login`: the admin's terminal learns what came of a login in some browser. */
import { expect } from 'chai';
import { api } from '../../shared/api/index.ts';
import { newBrowser } from '../support/browser.ts';
import { notingBrowser } from '../support/browser-login.ts';
import { loginWithPassword, newTerminal, type Terminal } from '../support/infra.ts';
import { walkLoginTest } from '../support/login-test.ts';
import { startProgram } from '../support/program.ts';
import { startScriptedProvider, type ScriptedProvider } from '../support/scripted-provider.ts';
import { adminEmail, adminPassword, startServer, type RunningServer } from '../support/server.ts';
import { waitFor } from '../support/wait-for.ts';

describe('infra providers test --login', function () {
  this.timeout(60_000);
  let server: RunningServer;
  let idp: ScriptedProvider;
  let terminal: Terminal;
  before(async () => {
    server = await startServer();
    idp = await startScriptedProvider();
    terminal = newTerminal();
    await loginWithPassword(terminal, server, { email: adminEmail, password: adminPassword });
    const admin = await server.admin();
    const { issuer, clientId, clientSecret } = idp;
    await admin(api.identityProviders.create, {
      body: { name: 'acme', kind: 'oidc', issuer, clientId, clientSecret, emailDomains: ['example.com'], groupsClaim: 'groups' },
    });
  });
  beforeEach(() => idp.honest());
  after(async () => {
    await server.stop();
    await idp.stop();
  });

  const start = (args: readonly string[] = [], env: Readonly<Record<string, string>> = {}) =>
    startProgram({
      program: 'cli',
      args: ['providers', 'test', 'acme', '--login', '--timeout', '40s', ...args],
      env: { ...terminal.env, ...env },
    });

  it('opens the browser, shows what the provider said made harmless, and changes nothing', async () => {
    const browser = notingBrowser();
    idp.person = { ...idp.person, groups: ['platform'], motto: 'up \u001b[31mred' };
    const test = start([], { BROWSER: browser.program });
    const opened = await browser.firstOpened();
    await walkLoginTest(server, opened.href);
    expect(await test.ended, test.stderr()).to.equal(0);
    expect(test.stdout())
      .to.match(/sign-in +ok/)
      .and.match(/account +ok +A new user ana@example\.com would be added/);
    expect(test.stdout())
      .to.match(/claim email +- +ana@example\.com/)
      .and.match(/group platform +new +acme\/platform/);
    expect(test.stdout()).to.not.include('\u001b[31m');
    expect((await terminal.infra(['users', 'list', '--format', 'json'])).stdout).to.not.include('ana@example.com');
  });

  it('prints the address with --no-browser, gives JSON, and exits 1 with the step that failed', async () => {
    idp.person = { ...idp.person, email_verified: false };
    const test = start(['--no-browser', '--format', 'json']);
    const url = await waitFor(() => /https:\S+ticket=\S+/.exec(test.stderr())?.[0], { within: 30, what: 'the address' });
    await walkLoginTest(server, url, newBrowser(server));
    expect(await test.ended).to.equal(1);
    expect(test.stderr()).to.include('acme fails at person');
    const { login } = JSON.parse(test.stdout()) as { login: { refusal: string; claims: object } };
    expect(login.refusal).to.equal('login.email-unverified');
    expect(login.claims).to.include({ email_verified: false });
  });

  it('ends in words when nobody opens the address, or comes back, in time, and at Ctrl-C', async () => {
    const unopened = start(['--no-browser', '--timeout', '1s']);
    expect(await unopened.ended).to.equal(1);
    expect(unopened.stderr()).to.include('the address was not opened in time');
    const stopped = start(['--no-browser']);
    await waitFor(() => stopped.stderr().includes('ticket='), { within: 30, what: 'the address' });
    expect(await stopped.end('SIGINT')).to.equal(1);
    expect(stopped.stderr()).to.include('interrupted; nothing was changed');
  });

  it('begins no login while a step before it fails', async () => {
    idp.script = { jwks: () => ({ keys: [] }) };
    const test = start(['--no-browser']);
    expect(await test.ended).to.equal(1);
    expect(test.stderr()).to.include('acme fails at keys').and.not.include('ticket=');
  });
});
