/** `infra login --device`, and the same by itself where no browser can be opened for whoever typed `infra login`. */
import { expect } from 'chai';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { atTerminal, endTerminals } from '../support/at-terminal.ts';
import { notingBrowser, startBrowserLogin } from '../support/browser-login.ts';
import { newTerminal, type Terminal } from '../support/infra.ts';
import { projectRoot } from '../support/program.ts';
import { waitFor } from '../support/wait-for.ts';
import { loginScript, type ScriptedAnswer, type ScriptedServer, scriptedServer, serverScript } from './scripted-server.ts';

const problem = (code: string, status: number, detail: string): ScriptedAnswer => ({
  status,
  headers: { 'content-type': 'application/problem+json' },
  body: { type: `urn:infra:problem:${code}`, title: 'no', status, code, detail },
});
const pending = problem('device-login.authorization-pending', 400, 'Nobody has approved this login yet.');

describe('infra login by a code', function () {
  this.timeout(90_000);
  let server: ScriptedServer;
  let terminal: Terminal;
  let begun: { codeChallenge?: string; host?: string };
  let answers: ScriptedAnswer[];
  const loginMethods = ['password', 'access-key', 'browser', 'device'];
  const session = (): ScriptedAnswer => loginScript()['POST /api/v1/login/browser'] as ScriptedAnswer;

  beforeEach(async () => {
    server = await scriptedServer();
    terminal = newTerminal();
    answers = [session()];
    server.answer({
      ...loginScript(),
      ...serverScript(server, { loginMethods }),
      'POST /api/v1/login/device': (body) => {
        // What the CLI sent, of which a test looks at these.
        begun = body as typeof begun;
        const verificationUri = `${server.url}/device`;
        return {
          body: { deviceCode: 'infra_device_x', userCode: 'BCDF-GHJK', verificationUri, expiresInSeconds: 600, intervalSeconds: 1 },
        };
      },
      'POST /api/v1/login/device/token': () => answers.shift() ?? pending,
    });
  });
  afterEach(async () => {
    endTerminals();
    await server.close();
  });

  const asked = (what: string): number => server.requests.filter((each) => each === `POST /api/v1/login/${what}`).length;
  const begin = (...args: readonly string[]) =>
    startBrowserLogin({ terminal, server, browser: notingBrowser(), args: ['--device', ...args], env: { BROWSER: '' } });
  const shown = async (login: ReturnType<typeof begin>): Promise<string> =>
    waitFor(() => (login.stderr().includes('BCDF-GHJK') ? login.stderr() : undefined), { within: 30, what: 'the code' });
  const locks = (): string[] => {
    const folder = join(terminal.home, 'locks');
    return existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.lock')) : [];
  };
  const typed = (env: Readonly<Record<string, string>>, ...args: readonly string[]) => {
    const words = ['login', server.url, '--ca', server.caFile, '--timeout', '40s', ...args];
    const command = [process.execPath, join(projectRoot, 'dist/cli/main.js'), ...words].map((word) => `'${word}'`).join(' ');
    return atTerminal(command, { ...terminal.env, ...env });
  };

  it('shows address and code also to nobody and with --quiet, asks until somebody has approved, and is logged in', async () => {
    answers = [pending, session()];
    const login = begin('--quiet');
    const words = await shown(login);
    expect(words).to.include(`${server.url}/device\n`).and.include('\n  BCDF-GHJK\n');
    expect(await login.ended, login.stderr()).to.equal(0);
    expect([asked('device'), asked('device/token'), login.stdout()]).to.deep.equal([1, 2, '']);
    expect(begun.codeChallenge).to.match(/^[A-Za-z0-9_-]{43}$/);
    expect(begun.host).to.match(/^[A-Za-z0-9._-]{1,64}$/);
    const status = await terminal.infra(['status', '--format', 'json']);
    expect(status.stdout).to.include('ana@example.com');
    for (const secret of ['infra_device_x', 'the-session-secret']) expect(login.stderr()).to.not.include(secret);
  });

  for (const [title, answer, code, words] of [
    [
      'denied',
      problem('device-login.access-denied', 403, 'This login was denied in the browser.'),
      4,
      'this login was denied in the browser',
    ],
    ['over', problem('device-login.expired-token', 400, 'This login is over: it took too long.'), 1, 'this login is over'],
    ['limited', problem('login.rate-limited', 429, 'Too many attempts.'), 1, 'too many attempts'],
  ] as const)
    it(`ends with ${code} and the server's words when it is ${title}`, async () => {
      answers = [pending, answer];
      const login = begin();
      expect(await login.ended).to.equal(code);
      expect(login.stderr())
        .to.match(/^infra: [a-z]/m)
        .and.include(words);
      expect((await terminal.infra(['whoami'])).code).to.equal(3);
    });

  it('asks on while the server is away, says so once, and is logged in when it is back', async () => {
    answers = [{ status: 502, body: 'nothing of ours' }, { status: 503, body: {} }, session()];
    const login = begin();
    expect(await login.ended, login.stderr()).to.equal(0);
    expect(login.stderr().split('does not answer; asking on')).to.have.length(2);
  });

  it('gives up in words when nobody approves', async () => {
    answers = [];
    const login = begin('--timeout', '2s');
    expect(await login.ended).to.equal(1);
    expect(login.stderr()).to.include('nobody approved this login within 2s; run again: infra login').and.include('--device');
  });

  it('ends at SIGINT with nothing changed and no lock left', async () => {
    answers = [];
    const login = begin();
    await shown(login);
    expect(await login.end('SIGINT')).to.equal(1);
    expect(login.stderr()).to.include('interrupted; nothing was changed');
    expect([locks(), existsSync(join(terminal.home, 'profiles.json'))]).to.deep.equal([[], false]);
  });

  for (const option of [['--user', 'a@b.c'], ['--provider', 'acme'], ['--no-browser'], ['--key-stdin'], ['--workload', '-']] as const)
    it(`does not go with ${option[0]}`, async () => {
      const login = begin(...option);
      expect(await login.ended).to.equal(2);
      expect(login.stderr()).to.include('--device goes without the options of other ways');
      expect(asked('device')).to.equal(0);
    });

  for (const [title, info, words] of [
    ['has no identity provider', { providers: [], loginMethods: ['password'] }, '--user EMAIL'],
    ['is older', { loginMethods: ['password', 'browser'] }, 'too old for logins by a code'],
  ] as const)
    it(`says so where the server ${title}`, async () => {
      server.answer(serverScript(server, info));
      const login = begin();
      expect(await login.ended).to.equal(2);
      expect(login.stderr()).to.include(words);
    });

  it('says so where the server’s settings have closed it, and asks for none', async () => {
    server.answer(serverScript(server, { loginMethods: ['password', 'browser'], closedLoginMethods: ['device'] }));
    const login = begin();
    expect(await login.ended).to.equal(4);
    expect(login.stderr()).to.match(/^infra: logins by a code are closed at \S+; log in where a browser .* \(--key-stdin\)$/m);
    expect(asked('device')).to.equal(0);
  });

  it('ends with the server’s words when it is closed while a code waits', async () => {
    answers = [pending, problem('device-login.closed', 403, 'Logins by a code are closed on this server. Log in with a password.')];
    const login = begin();
    expect(await login.ended).to.equal(4);
    expect(login.stderr()).to.include('infra: logins by a code are closed on this server');
  });

  describe('is what comes of infra login', () => {
    for (const [place, env, reason] of [
      ['in an SSH session', { SSH_CONNECTION: '192.0.2.1 50000 192.0.2.2 22' }, 'this is an SSH session'],
      ['without a display', {}, /no display|a container/],
      ['with a browser that cannot be started', { BROWSER: '/nowhere/browser:false' }, 'no browser could be opened'],
    ] as const)
      it(`${place}, with the reason in one line, and no address that nobody there could use`, async () => {
        const talk = typed(env);
        expect(await talk.ended, talk.screen()).to.equal(0);
        const [first = '', ...rest] = talk.screen().split('\r\n');
        expect(first)
          .to.match(reason instanceof RegExp ? reason : new RegExp(reason))
          .and.include('a code for a browser elsewhere');
        expect(rest.join('\n')).to.include('BCDF-GHJK').and.include('logged in to');
        expect(talk.screen()).to.not.include('/login/cli').and.not.include('ssh -N');
        expect(asked('device')).to.equal(1);
      });

    it('not with --no-browser: that prints the address of the login on this machine', async () => {
      const login = startBrowserLogin({
        ...{ terminal, server, browser: notingBrowser() },
        args: ['--no-browser', '--timeout', '1s'],
        env: { BROWSER: '', SSH_CONNECTION: '192.0.2.1 50000 192.0.2.2 22' },
      });
      expect(await login.ended).to.equal(1);
      expect(login.stderr()).to.include('/login/cli?port=');
      expect(asked('device')).to.equal(0);
    });

    it('not at a server that knows no codes: the address, and how to lead its port here', async () => {
      server.answer(serverScript(server));
      const talk = typed({ SSH_CONNECTION: '192.0.2.1 50000 192.0.2.2 22' }, '--timeout', '2s');
      expect(await talk.ended).to.equal(1);
      expect(talk.screen()).to.include('ssh -N -L').and.include('/login/cli?port=');
    });

    it('not where they are closed, which is said with the reason and what else there is', async () => {
      server.answer(serverScript(server, { closedLoginMethods: ['device'] }));
      const talk = typed({ SSH_CONNECTION: '192.0.2.1 50000 192.0.2.2 22' }, '--timeout', '2s');
      expect(await talk.ended).to.equal(1);
      const [first = ''] = talk.screen().split('\r\n');
      expect(first).to.include('this is an SSH session').and.include('logins by a code are closed at').and.include('--user EMAIL');
      expect(talk.screen()).to.include('ssh -N -L').and.include('/login/cli?port=');
      expect(asked('device')).to.equal(0);
    });

    it('not with nobody at the terminal, where it would wait for them: it says what there is', async () => {
      const login = startBrowserLogin({ terminal, server, browser: notingBrowser(), env: { BROWSER: '' } });
      expect(await login.ended).to.equal(2);
      expect(login.stderr()).to.include('--device').and.include('--key-stdin');
      expect(asked('device')).to.equal(0);
    });
  });
});
