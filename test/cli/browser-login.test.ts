/** `infra login` by browser: one for however many want it, and an end in words for everything that can go wrong. */
import { expect } from 'chai';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { bringAnswer, notingBrowser, startBrowserLogin } from '../support/browser-login.ts';
import { newTerminal, type Terminal } from '../support/infra.ts';
import { waitFor } from '../support/wait-for.ts';
import { loginScript, type ScriptedServer, scriptedServer, serverScript } from './scripted-server.ts';

describe('infra login by browser', function () {
  this.timeout(90_000);
  let server: ScriptedServer;
  let terminal: Terminal;
  beforeEach(async () => {
    server = await scriptedServer();
    server.answer({ ...loginScript(), ...serverScript(server) });
    terminal = newTerminal();
  });
  afterEach(async () => server.close());

  const exchanges = (): number => server.requests.filter((each) => each === 'POST /api/v1/login/browser').length;
  const begin = (browser = notingBrowser(), ...args: readonly string[]) => startBrowserLogin({ terminal, server, browser, args });

  it('is what happens without options where the server has identity providers; --provider names one', async () => {
    const browser = notingBrowser();
    const login = begin(browser, '--provider', 'acme');
    const opened = await browser.firstOpened();
    expect(opened.searchParams.get('provider')).to.equal('acme');
    await bringAnswer(opened, { code: 'infra_code_x' });
    expect(await login.ended, login.stderr()).to.equal(0);
    expect(login.stdout()).to.equal('');
    expect(login.stderr()).to.include('logged in to').and.include('ana@example.com');
    expect(browser.opened()).to.have.length(1);
  });

  it('opens one browser for many at once, and all are logged in by it', async () => {
    const browser = notingBrowser();
    const first = begin(browser);
    const opened = await browser.firstOpened();
    const others = Array.from({ length: 5 }, () => begin(browser));
    for (const each of others) await waitForWords(each, 'another infra is logging in there');
    await bringAnswer(opened, { code: 'infra_code_x' });
    const logins = [first, ...others];
    const codes = await Promise.all(logins.map(({ ended }) => ended));
    expect(codes, logins.map((each) => each.stderr()).join()).to.deep.equal(codes.map(() => 0));
    expect([browser.opened().length, exchanges()]).to.deep.equal([1, 1]);
  });

  it('gives those who waited the refusal, too, instead of opening one browser after the other', async () => {
    const browser = notingBrowser();
    const first = begin(browser);
    const opened = await browser.firstOpened();
    const second = begin(browser);
    await waitForWords(second, 'another infra is logging in there');
    await bringAnswer(opened, { error: 'login.denied', error_description: 'The identity provider did not let you in.' });
    expect([await first.ended, await second.ended]).to.deep.equal([4, 4]);
    expect(second.stderr()).to.include('the identity provider did not let you in');
    expect(browser.opened()).to.have.length(1);
  });

  for (const [error, sentence, code] of [
    ['login.denied', 'The identity provider did not let you in.', 4],
    ['login.user-disabled', 'This user is disabled.', 4],
    ['provider.unreachable', 'The identity provider cannot be reached.', 6],
    ['provider.disabled', 'The identity provider is closed.', 1],
    ['something.new', '', 1],
  ] as const)
    it(`ends with ${code} and the server's words for ${error}`, async () => {
      const browser = notingBrowser();
      const login = begin(browser);
      const { status } = await bringAnswer(await browser.firstOpened(), { error, error_description: sentence });
      expect([status, await login.ended]).to.deep.equal([303, code]);
      expect(login.stderr())
        .to.match(/^infra: [a-z]/m)
        .and.include(sentence.slice(1).replace(/\.$/, ''));
      expect((await terminal.infra(['whoami'])).code).to.equal(3);
    });

  it('says so in the browser and in the terminal when the code is not taken', async () => {
    const problem = { type: 'about:blank', title: 'no', status: 401, code: 'token.invalid', detail: 'This login is over.', requestId: 'x' };
    server.answer({
      'POST /api/v1/login/browser': { status: 401, body: problem, headers: { 'content-type': 'application/problem+json' } },
    });
    const browser = notingBrowser();
    const login = begin(browser);
    const { headers } = await bringAnswer(await browser.firstOpened(), { code: 'infra_code_x' });
    expect(headers.get('location')).to.equal(`${server.url}/login/failed?error=token.invalid`);
    expect(await login.ended).to.equal(3);
  });

  it('says so on a page of its own when the server is away by then', async () => {
    const browser = notingBrowser();
    const login = begin(browser);
    const opened = await browser.firstOpened();
    await server.close();
    const { status, body } = await bringAnswer(opened, { code: 'infra_code_x' });
    expect(status).to.equal(200);
    expect(body).to.include('The terminal says why').and.not.include('infra_code_x');
    expect(await login.ended).to.equal(6);
    expect(login.stderr()).to.match(/^infra: (?:nothing listens at|no answer from)/m);
  });

  it('gives up in words when the tab was closed, and leaves no lock', async () => {
    const login = begin(notingBrowser(), '--timeout', '1s');
    expect(await login.ended).to.equal(1);
    expect(login.stderr()).to.include('no answer came from the browser within 1s').and.include('run again: infra login');
    expect(readdirSync(join(terminal.home, 'locks')).filter((name) => name.endsWith('.lock'))).to.deep.equal([]);
  });

  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    it(`ends at ${signal} with nothing changed and no lock left`, async () => {
      const browser = notingBrowser();
      const login = begin(browser);
      await browser.firstOpened();
      await waitForWords(login, 'a browser was opened');
      expect(await login.end(signal)).to.equal(1);
      expect(login.stderr()).to.include('interrupted; nothing was changed');
      expect(readdirSync(join(terminal.home, 'locks')).filter((name) => name.endsWith('.lock'))).to.deep.equal([]);
      expect(existsSync(join(terminal.home, 'profiles.json'))).to.equal(false);
    });

  it('prints the address with --no-browser and opens nothing', async () => {
    const browser = notingBrowser();
    const login = begin(browser, '--no-browser', '--quiet');
    const words = await waitForWords(login, '/login/cli?');
    await bringAnswer(new URL(/https:\S+\/login\/cli\S+/.exec(words)?.[0] ?? ''), { code: 'infra_code_x' });
    expect(await login.ended, login.stderr()).to.equal(0);
    expect(browser.opened()).to.deep.equal([]);
  });

  for (const [place, env, words] of [
    ['an SSH session', { SSH_CONNECTION: '192.0.2.1 50000 192.0.2.2 22' }, 'this is an SSH session'],
    ['a machine without a display', {}, /no display|a container/],
    ['a browser that cannot be started', { BROWSER: '/nowhere/browser:false' }, 'no browser could be opened'],
  ] as const)
    it(`does not hang in ${place} with nobody at the terminal: it says why, and what else there is`, async () => {
      const login = startBrowserLogin({ terminal, server, browser: notingBrowser(), env: { BROWSER: '', ...env } });
      expect(await login.ended).to.equal(2);
      expect(login.stderr()).to.match(words instanceof RegExp ? words : new RegExp(words));
      expect(login.stderr()).to.include('--key-stdin').and.include('--no-browser');
    });

  it('warns of a clock that differs from the server’s, and says when no session can live by it', async () => {
    const script = loginScript();
    // The script's own entry is an answer with a body, not a function.
    const { body } = script['POST /api/v1/login/browser'] as { body: { session: object } };
    const at = (minutes: number): string => new Date(Date.now() + minutes * 60_000).toISOString();
    for (const [times, code, words] of [
      [{ createdAt: at(-30), expiresAt: at(30) }, 0, /clock is 30m\d*s? ahead of the server's|clock is 30m ahead/],
      [{ createdAt: at(-90), expiresAt: at(-30) }, 1, /over already by this machine's clock; set the clock/],
    ] as const) {
      server.answer({ 'POST /api/v1/login/browser': { body: { ...body, session: { ...body.session, ...times } } } });
      const browser = notingBrowser();
      const login = begin(browser);
      await bringAnswer(await browser.firstOpened(), { code: 'infra_code_x' });
      expect(await login.ended, login.stderr()).to.equal(code);
      expect(login.stderr()).to.match(words);
    }
  });

  for (const [mistake, args, code, words] of [
    ['a provider that is not there', ['--provider', 'okta'], 5, 'it has: acme'],
    ['a provider and a password', ['--provider', 'acme', '--user', 'a@b.c'], 2, 'go without --user'],
    ['a key and --no-browser', ['--no-browser', '--key-stdin'], 2, 'go without'],
    ['a time-out beyond the server’s', ['--timeout', '1h'], 2, 'up to 10m'],
  ] as const)
    it(`exits ${code} for ${mistake}`, async () => {
      const login = begin(notingBrowser(), ...args);
      expect(await login.ended).to.equal(code);
      expect(login.stderr()).to.include(words);
    });

  it('says that there is no such way in where the server has no identity provider', async () => {
    server.answer(serverScript(server, { providers: [] }));
    const login = begin(notingBrowser(), '--no-browser');
    expect(await login.ended).to.equal(2);
    expect(login.stderr()).to.include('has no identity provider').and.include('--user EMAIL');
  });
});

async function waitForWords(login: ReturnType<typeof startBrowserLogin>, words: string): Promise<string> {
  return waitFor(() => (login.stderr().includes(words) ? login.stderr() : undefined), { within: 30, what: `"${words}"` });
}
