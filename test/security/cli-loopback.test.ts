/** The port that `infra login` opens for the browser's answer: others can reach it, and get nothing by it (rows 14, 15, 20, 33). */
import { expect } from 'chai';
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { errorCode } from '../../cli/failure.ts';
import { loginScript, type ScriptedServer, scriptedServer, serverScript } from '../cli/scripted-server.ts';
import {
  askLoopback,
  bringAnswer,
  type LoopbackRequest,
  notingBrowser,
  portOf,
  startBrowserLogin,
  stateOf,
} from '../support/browser-login.ts';
import { newTerminal } from '../support/infra.ts';
import { waitFor } from '../support/wait-for.ts';

interface Login {
  readonly port: string;
  readonly state: string;
}

/** Each has the right state where it is not the state that is wrong: the strongest attacker there is. */
const attacks: readonly (readonly [title: string, sent: (login: Login) => LoopbackRequest])[] = [
  [
    'row 14: a name that was pointed at 127.0.0.1 (DNS rebinding)',
    ({ port, state }) => ({ target: good(state), headers: [['host', `evil.example:${port}`]] }),
  ],
  [
    'row 14: localhost, which is not the address that was told',
    ({ port, state }) => ({ target: good(state), headers: [['host', `localhost:${port}`]] }),
  ],
  ['row 14: the address without its port', ({ state }) => ({ target: good(state), headers: [['host', '127.0.0.1']] })],
  ['row 14: two hosts', ({ port, state }) => ({ target: good(state), headers: [...own(port), ['host', 'evil.example']] })],
  [
    'row 14: a script of another page',
    ({ port, state }) => ({ target: good(state), headers: [...own(port), ['origin', 'https://evil.example']] }),
  ],
  ['row 14: a page without an origin', ({ port, state }) => ({ target: good(state), headers: [...own(port), ['origin', 'null']] })],
  [
    'row 14: a page that looks like ours',
    ({ port, state }) => ({ target: good(state), headers: [...own(port), ['origin', `http://127.0.0.1:${port}`]] }),
  ],
  [
    'row 14: an image on another page',
    ({ port, state }) => ({ target: good(state), headers: [...own(port), ['sec-fetch-mode', 'no-cors']] }),
  ],
  ['another method', ({ state }) => ({ method: 'POST', target: good(state) })],
  ['a look without asking', ({ state }) => ({ method: 'HEAD', target: good(state) })],
  ['a preflight', ({ state }) => ({ method: 'OPTIONS', target: good(state) })],
  ['another path', ({ state }) => ({ target: good(state).replace('/callback', '/') })],
  ['a path that only looks like ours', ({ state }) => ({ target: good(state).replace('/callback', '/callback/') })],
  ['an encoded path', ({ state }) => ({ target: good(state).replace('/callback', '/%63allback') })],
  ['a path by a detour', ({ state }) => ({ target: good(state).replace('/callback', '/x/../callback') })],
  ['an absolute address', ({ port, state }) => ({ target: `http://127.0.0.1:${port}${good(state)}` })],
  ['row 15: no state', () => ({ target: '/callback?code=infra_code_x' })],
  ['row 15: an empty state', () => ({ target: good('') })],
  ['row 15: a guessed state', () => ({ target: good('a'.repeat(43)) })],
  ['row 15: a state that begins right', ({ state }) => ({ target: good(state.slice(0, -1)) })],
  ['row 15: two states', ({ state }) => ({ target: `${good(state)}&state=${state}` })],
  ['row 15: two codes', ({ state }) => ({ target: `${good(state)}&code=infra_code_y` })],
  ['a code and a refusal', ({ state }) => ({ target: `${good(state)}&error=login.denied&error_description=x` })],
  ['neither code nor refusal', ({ state }) => ({ target: `/callback?state=${state}` })],
  ['a refusal that is no code of ours', ({ state }) => ({ target: `/callback?state=${state}&error=%1b%5b31m&error_description=x` })],
];

const own = (port: string): [string, string][] => [['host', `127.0.0.1:${port}`]];
const good = (state: string): string => `/callback?state=${state}&code=infra_code_x`;

const faultOf = async (asked: Promise<unknown>): Promise<string | undefined> =>
  asked.then(
    () => undefined,
    (error: unknown) => errorCode(error),
  );

describe('the loopback port of infra login', function () {
  this.timeout(60_000);
  let server: ScriptedServer;
  beforeEach(async () => {
    server = await scriptedServer();
    server.answer({ ...loginScript(), ...serverScript(server) });
  });
  afterEach(async () => server.close());

  const exchanges = (): number => server.requests.filter((each) => each === 'POST /api/v1/login/browser').length;

  it('answers every request but the one it waits for with the same words, does nothing, and waits on', async () => {
    const [terminal, browser] = [newTerminal(), notingBrowser()];
    const login = startBrowserLogin({ terminal, server, browser });
    const opened = await browser.firstOpened();
    const told = { port: portOf(opened), state: stateOf(opened) };
    const bodies = new Set<string>();
    for (const [title, sent] of attacks) {
      const received = await askLoopback(told.port, sent(told));
      expect(received.status, title).to.equal(400);
      expect(received.headers.get('content-security-policy'), title).to.match(/^default-src 'none'/);
      for (const name of ['location', 'set-cookie', 'access-control-allow-origin'])
        expect(received.headers.has(name), title).to.equal(false);
      expect(received.headers.get('cache-control'), title).to.equal('no-store');
      if (received.body !== '') bodies.add(received.body);
    }
    expect(bodies).to.have.length(1);
    expect([...bodies].join())
      .to.not.include(told.state)
      .and.not.include('infra_code_x');
    expect(exchanges()).to.equal(0);
    expect(login.hasEnded()).to.equal(false);
    const right = await askLoopback(told.port, { target: good(told.state) });
    expect([right.status, right.headers.get('location')]).to.deep.equal([303, `${server.url}/login/done`]);
    expect(await login.ended, login.stderr()).to.equal(0);
    expect(exchanges()).to.equal(1);
  });

  it('is open on 127.0.0.1 alone, and closed when the login is over', async () => {
    const [terminal, browser] = [newTerminal(), notingBrowser()];
    const login = startBrowserLogin({ terminal, server, browser });
    const opened = await browser.firstOpened();
    const [port, target] = [portOf(opened), good(stateOf(opened))];
    for (const address of ['127.0.0.2', '::1']) {
      const fault = await faultOf(askLoopback(port, { target, address }));
      expect(fault, address).to.be.oneOf(['ECONNREFUSED', 'EADDRNOTAVAIL']);
    }
    await askLoopback(port, { target });
    expect(await login.ended).to.equal(0);
    expect(await faultOf(askLoopback(port, { target }))).to.equal('ECONNREFUSED');
  });

  it('takes the first answer alone, also while that one is being exchanged', async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const { 'POST /api/v1/login/browser': granted } = loginScript();
    // The script's own entry is an answer, not a function.
    server.answer({ 'POST /api/v1/login/browser': async () => held.then(() => granted as object) });
    const [terminal, browser] = [newTerminal(), notingBrowser()];
    const login = startBrowserLogin({ terminal, server, browser });
    const opened = await browser.firstOpened();
    const [port, target] = [portOf(opened), good(stateOf(opened))];
    const first = askLoopback(port, { target });
    await waitFor(() => exchanges() === 1, { within: 15, what: 'the exchange' });
    for (const again of [target, target.replace('infra_code_x', 'infra_code_y')])
      expect((await askLoopback(port, { target: again })).status).to.equal(400);
    release();
    expect((await first).status).to.equal(303);
    expect(await login.ended, login.stderr()).to.equal(0);
    expect(exchanges()).to.equal(1);
  });

  it('row 15: proves by the verifier that it began the login; verifier, code and session are said nowhere (row 30)', async () => {
    let body: unknown;
    server.answer({
      'POST /api/v1/login/browser': (got) => {
        body = got;
        return loginScript()['POST /api/v1/login/browser'] as object;
      },
    });
    const [terminal, browser] = [newTerminal(), notingBrowser()];
    const login = startBrowserLogin({ terminal, server, browser, args: ['--verbose'] });
    const opened = await browser.firstOpened();
    await bringAnswer(opened, { code: 'infra_code_canary' });
    expect(await login.ended, login.stderr()).to.equal(0);
    const { code, codeVerifier } = body as { code: string; codeVerifier: string };
    expect(code).to.equal('infra_code_canary');
    expect(createHash('sha256').update(codeVerifier).digest('base64url')).to.equal(opened.searchParams.get('challenge'));
    expect([...opened.searchParams.keys()].sort()).to.deep.equal(['challenge', 'port', 'state']);
    for (const secret of [code, codeVerifier, 'the-session-secret']) {
      expect(login.stdout() + login.stderr()).to.not.include(secret);
      expect(opened.href).to.not.include(secret);
    }
    expect(readdirSync(join(terminal.home, 'locks'))).to.deep.equal([]);
  });

  it('row 20: sends the browser to pages of the server that it logs in to, and nowhere else', async () => {
    const [terminal, browser] = [newTerminal(), notingBrowser()];
    const login = startBrowserLogin({ terminal, server, browser });
    const opened = await browser.firstOpened();
    expect(opened.origin).to.equal(server.url);
    const evil = { error: 'login.denied', error_description: 'no', next: 'https://evil.example', location: 'https://evil.example' };
    const { status, headers } = await bringAnswer(opened, evil);
    expect([status, headers.get('location')]).to.deep.equal([303, `${server.url}/login/failed?error=login.denied`]);
    expect(await login.ended).to.equal(4);
  });

  for (const publicUrl of ['http://localhost:1', 'javascript:alert(1)', 'file:///etc/passwd', 'https://a@localhost', 'https://x/; touch y'])
    it(`row 33: opens nothing when the server calls itself ${publicUrl}`, async () => {
      server.answer(serverScript(server, { publicUrl }));
      const browser = notingBrowser();
      const login = startBrowserLogin({ terminal: newTerminal(), server, browser });
      expect(await login.ended).to.equal(1);
      expect(login.stderr()).to.include('names no https address of its own');
      expect(browser.opened()).to.deep.equal([]);
    });

  it('row 29: escapes in what comes with the answer reach no terminal', async () => {
    const browser = notingBrowser();
    const login = startBrowserLogin({ terminal: newTerminal(), server, browser });
    const opened = await browser.firstOpened();
    await bringAnswer(opened, { error: 'login.denied', error_description: 'No.\u001b]0;owned\u0007\nroot#' });
    expect(await login.ended).to.equal(4);
    expect(login.stderr()).to.include('\\x1b]0;owned\\x07\\nroot#').and.not.include('\u001b');
  });
});
