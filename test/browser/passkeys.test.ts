/** Passkeys as people use them: the command in a terminal, the page in a real Chromium, an authenticator of Chromium's own. */
import { expect } from 'chai';
import { api } from '../../shared/api/index.ts';
import { notingBrowser, startBrowserLogin, type NotingBrowser } from '../support/browser-login.ts';
import { accessibilityFaults, closeBrowser, newBrowser, type BrowserContext, type Page } from '../support/chromium.ts';
import { loginWithPassword, newTerminal, type Terminal } from '../support/infra.ts';
import { type Program, startProgram } from '../support/program.ts';
import { newPerson, startServer, type RunningServer } from '../support/server.ts';
import { waitFor } from '../support/wait-for.ts';
import { addVirtualAuthenticator, type VirtualAuthenticator } from '../support/virtual-authenticator.ts';

describe('passkeys in the browser', function () {
  this.timeout(120_000);
  let server: RunningServer;
  let context: BrowserContext;
  before(async () => {
    server = await startServer();
  });
  beforeEach(async () => {
    context = await newBrowser();
  });
  afterEach(async () => context.close());
  after(async () => {
    await closeBrowser();
    await server.stop();
  });

  interface Person {
    readonly email: string;
    readonly password: string;
    readonly terminal: Terminal;
    readonly page: Page;
    readonly authenticator: VirtualAuthenticator;
  }
  async function person(name: string): Promise<Person> {
    const email = `${name}@example.com`;
    const { password } = await newPerson(server, email);
    const terminal = newTerminal();
    await loginWithPassword(terminal, server, { email, password });
    const page = await context.newPage();
    return { email, password, terminal, page, authenticator: await addVirtualAuthenticator(page) };
  }
  const start = ({ terminal }: Person, browser: NotingBrowser, ...args: readonly string[]): Program =>
    startProgram({ program: 'cli', args, env: { ...terminal.env, BROWSER: browser.program } });
  /** The address that the command opened, in the person's own browser. */
  async function follow({ page }: Person, browser: NotingBrowser): Promise<void> {
    const url = await browser.firstOpened();
    await page.goto('about:blank');
    await page.goto(url.href);
  }
  async function ended(command: Program): Promise<string> {
    expect(await command.ended, command.stderr()).to.equal(0);
    return command.stdout() + command.stderr();
  }
  async function add(who: Person, name: string): Promise<string> {
    const browser = notingBrowser();
    const command = start(who, browser, 'mfa', 'add-passkey', '--name', name);
    await follow(who, browser);
    await who.page.getByRole('button', { name: 'Make a passkey' }).click();
    await who.page.getByRole('status').getByText('Done. Go back to the terminal').waitFor();
    return ended(command);
  }

  const looksWell = async (page: Page): Promise<void> => {
    expect(await accessibilityFaults(page)).to.deep.equal([]);
    await page.setViewportSize({ width: 320, height: 640 });
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).to.equal(true);
  };

  it('add-passkey makes one, the page says for whom and forgets its link; verify --passkey proves with it', async () => {
    const ana = await person('ana');
    const browser = notingBrowser();
    const command = start(ana, browser, 'mfa', 'add-passkey', '--name', 'laptop');
    const asked: string[] = [];
    ana.page.on('request', (request) => asked.push(`${request.url().replace(/#.*/, '')} ${request.headers()['referer'] ?? ''}`));
    await follow(ana, browser);
    const { page } = ana;
    await page.getByText('Make the passkey “laptop” for ana@example.com.').waitFor();
    await page.getByText(/Asked for by the login of .* from .* with infra-cli/).waitFor();
    expect(await accessibilityFaults(page)).to.deep.equal([]);
    await page.getByRole('button', { name: 'Make a passkey' }).click();
    await page.getByRole('status').getByText('Done. Go back to the terminal').waitFor();
    expect(page.url()).to.equal(`${server.url}/passkeys/new`);
    expect(asked.join('\n')).not.to.include('infra_link_');
    const said = await ended(command);
    expect(said).to.include('the passkey "laptop" is added');
    expect(said.match(/^[a-z2-9]{5}(?:-[a-z2-9]{5}){2}$/gm)).to.have.length(10);

    const again = notingBrowser();
    const verify = start(ana, again, 'mfa', 'verify');
    await follow(ana, again);
    await page.getByText('Use a passkey of ana@example.com to prove your second factor').waitFor();
    await page.getByRole('button', { name: 'Use a passkey' }).click();
    await page.getByRole('status').getByText('Done. Go back to the terminal').waitFor();
    expect(await ended(verify)).to.include('a second factor is proven since');
    expect((await ana.terminal.infra(['mfa', 'list'])).stdout).to.match(/passkey\s+laptop/);
    expect((await ana.authenticator.counts())[0]).to.be.greaterThan(1);
  });

  it('somebody whom the device does not recognise proves nothing, and may try again on the same page', async () => {
    const bea = await person('bea');
    await add(bea, 'key');
    const browser = notingBrowser();
    const verify = start(bea, browser, 'mfa', 'verify', '--passkey');
    await bea.authenticator.recognise(false);
    await follow(bea, browser);
    await bea.page.getByRole('button', { name: 'Use a passkey' }).click();
    await bea.page.getByRole('alert').getByText('The browser gave none').waitFor();
    await bea.authenticator.recognise(true);
    await bea.page.getByRole('button', { name: 'Use a passkey' }).click();
    expect(await ended(verify)).to.include('a second factor is proven since');
  });

  it('a device that has one already is not taken a second time, and says so', async () => {
    const cy = await person('cy');
    const [code = ''] = /^[a-z2-9]{5}(?:-[a-z2-9]{5}){2}$/m.exec(await add(cy, 'key')) ?? [];
    const browser = notingBrowser();
    const command = startProgram({
      program: 'cli',
      args: ['mfa', 'add-passkey', '--code-stdin'],
      env: { ...cy.terminal.env, BROWSER: browser.program },
      input: `${code}\n`,
    });
    await follow(cy, browser);
    await cy.page.getByRole('button', { name: 'Make a passkey' }).click();
    await cy.page.getByRole('alert').getByText('has a passkey of yours').waitFor();
    await command.end('SIGINT');
  });

  it('signing in on our own pages takes it after the password, and the session is proven', async () => {
    const fay = await person('fay');
    await add(fay, 'key');
    const [terminal, browser] = [newTerminal(), notingBrowser()];
    const login = startBrowserLogin({ terminal, server, browser, args: ['--provider', 'infra', '--timeout', '2m'] });
    await fay.page.goto((await browser.firstOpened()).href);
    await fay.page.getByLabel('Email').fill(fay.email);
    await fay.page.getByLabel('Password').fill(fay.password);
    await fay.page.getByRole('button', { name: 'Log in' }).click();
    await fay.authenticator.recognise(false);
    await fay.page.getByRole('button', { name: 'Use a passkey' }).click();
    await fay.page.getByRole('alert').getByText('The browser gave none').waitFor();
    expect(await accessibilityFaults(fay.page)).to.deep.equal([]);
    await fay.authenticator.recognise(true);
    await fay.page.getByRole('button', { name: 'Use a passkey' }).click();
    expect(await login.ended, login.stderr()).to.equal(0);
    expect((await terminal.infra(['whoami'])).stdout).to.match(/second factor: +proven at 20/);
  });

  it('signs in alone: no account is named, the login of the terminal goes on by it, and says what it was', async () => {
    const gus = await person('gus');
    expect(await add(gus, 'laptop')).to.include('it does without the password, too');
    expect((await gus.terminal.infra(['mfa', 'list'])).stdout).to.match(/passkey +laptop +yes/);
    const [terminal, browser] = [newTerminal(), notingBrowser()];
    const login = startBrowserLogin({ terminal, server, browser, args: ['--provider', 'infra', '--timeout', '2m'] });
    const { page } = gus;
    await page.goto((await browser.firstOpened()).href);
    const button = page.getByRole('button', { name: 'Sign in with a passkey' });
    await button.waitFor();
    await looksWell(page);
    await gus.authenticator.recognise(false);
    await button.click();
    await page.getByRole('alert').getByText('The browser gave none').waitFor();
    await gus.authenticator.recognise(true);
    // As somebody without a mouse does it: past the email, the password and their button.
    await page.getByLabel('Email').focus();
    for (const key of ['Tab', 'Tab', 'Tab', 'Enter']) await page.keyboard.press(key);
    expect(await login.ended, login.stderr()).to.equal(0);
    const whoami = (await terminal.infra(['whoami'])).stdout;
    expect(whoami)
      .to.match(/session: +ses_\w+, by passkey/)
      .and.match(/second factor: +proven at 20/);
    expect((await terminal.infra(['sessions', 'list'])).stdout).to.match(/ passkey /);
  });

  it('signs in alone to let a terminal in by a code; what it is refused for is read with the other ways', async () => {
    const hal = await person('hal');
    await add(hal, 'phone');
    const terminal = newTerminal();
    const args = ['login', server.url, '--ca', server.caFile, '--device', '--timeout', '2m'];
    const login = startProgram({ program: 'cli', args, env: terminal.env });
    const code = await waitFor(() => /\b[B-Z]{4}-[B-Z]{4}\b/.exec(login.stderr() + login.stdout())?.[0], { within: 20, what: 'the code' });
    const { page } = hal;
    const typeCode = async (): Promise<void> => {
      await page.goto(`${server.url}/device`);
      await page.getByLabel('Code').fill(code);
      await page.getByRole('button', { name: 'Go on' }).click();
    };
    await typeCode();
    const button = page.getByRole('button', { name: 'Sign in with a passkey' });
    await button.waitFor();
    await looksWell(page);
    const admin = await server.admin();
    const [user] = (await admin(api.users.list, { query: { email: hal.email } })).items;
    await admin(api.users.revoke, { params: { id: user?.id as never } });
    await button.click();
    await page.getByRole('alert').getByText('Log in with your password and this passkey once').waitFor();
    await looksWell(page);
    await page.getByLabel('Email').fill(hal.email);
    await page.getByLabel('Password').fill(hal.password);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('button', { name: 'Use a passkey' }).click();
    await page.getByText('You are hal@example.com').waitFor();
    await typeCode();
    await button.click();
    await page.getByText('You are hal@example.com').waitFor();
    await page.getByRole('button', { name: 'Approve' }).click();
    expect(await login.ended, login.stderr()).to.equal(0);
    expect((await terminal.infra(['whoami'])).stdout).to.include('by passkey');
  });

  it('without script nothing is said of a passkey, and the other ways are there', async () => {
    await add(await person('ivy'), 'key');
    const plain = await newBrowser({ javaScriptEnabled: false });
    const page = await plain.newPage();
    const browser = notingBrowser();
    const login = startBrowserLogin({ terminal: newTerminal(), server, browser, args: ['--provider', 'infra'] });
    await page.goto((await browser.firstOpened()).href);
    await page.getByRole('button', { name: 'Log in' }).waitFor();
    expect(await page.getByRole('button').count()).to.equal(1);
    expect(await page.getByText('passkey').filter({ visible: true }).count()).to.equal(0);
    await login.end('SIGINT');
    await plain.close();
  });

  it('a link without its secret, and one that does not hold, say what to do', async () => {
    const { page } = await person('dan');
    await page.goto(`${server.url}/passkeys/new`);
    await page.getByRole('alert').getByText('the part after # is missing').waitFor();
    await page.goto('about:blank');
    await page.goto(`${server.url}/passkeys/prove#infra_link_${'x'.repeat(43)}`);
    await page.getByRole('alert').getByText('This link does not hold').waitFor();
  });

  it('the login in a terminal of somebody with nothing else says where to go, and takes a recovery code', async () => {
    const eva = await person('eva');
    const [code = ''] = /^[a-z2-9]{5}(?:-[a-z2-9]{5}){2}$/m.exec(await add(eva, 'key')) ?? [];
    const first = await server.client()(api.login.password, { body: { email: eva.email, password: eva.password } });
    expect(first).to.deep.include({ status: 'mfa-required', kinds: ['passkey'] });
    const terminal = newTerminal();
    const words = ['login', server.url, '--ca', server.caFile, '--user', eva.email, '--password-stdin'];
    const refused = await terminal.infra(words, `${eva.password}\n`);
    expect(refused.code).to.equal(1);
    expect(refused.stderr).to.include('your second factor is a passkey, which takes a browser');
    const recovered = await terminal.infra(words, `${eva.password}\n${code}\n`);
    expect(recovered.code, recovered.stderr).to.equal(0);
  });
});
