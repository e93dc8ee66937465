/** `infra mfa` and the login of somebody with a second factor. */
import { expect } from 'chai';
import { join } from 'node:path';
import { api } from '../../shared/api/index.ts';
import { atTerminal, endTerminals, type AtTerminal } from '../support/at-terminal.ts';
import { loginWithPassword, newTerminal, type Terminal } from '../support/infra.ts';
import { projectRoot } from '../support/program.ts';
import { addSecondFactor, newCodeApp } from '../support/second-factor.ts';
import { newPerson, startServer, type RunningServer } from '../support/server.ts';

const infraAtTerminal = (terminal: Terminal, ...args: readonly string[]): AtTerminal =>
  atTerminal([process.execPath, join(projectRoot, 'dist/cli/main.js'), ...args].map((word) => `'${word}'`).join(' '), terminal.env);

describe('infra mfa', function () {
  this.timeout(60_000);
  let server: RunningServer;
  before(async () => (server = await startServer()));
  after(async () => server.stop());
  afterEach(endTerminals);

  async function person(name: string): Promise<{ email: string; password: string; terminal: Terminal }> {
    const email = `${name}@example.com`;
    const { password } = await newPerson(server, email);
    const terminal = newTerminal();
    await loginWithPassword(terminal, server, { email, password });
    return { email, password, terminal };
  }
  const login = (email: string): string[] => ['login', server.url, '--ca', server.caFile, '--user', email];

  it('add shows secret, address and picture, takes a code unseen, and shows ten recovery codes; the login asks from then on', async () => {
    const { email, password, terminal } = await person('ana');
    const talk = infraAtTerminal(terminal, 'mfa', 'add');
    await talk.answer('code that the app shows now:', '');
    const secret = /secret: ([A-Z2-7]{32})/.exec(talk.screen())?.[1] ?? '';
    expect(talk.screen())
      .to.include(`otpauth://totp/`)
      .and.to.match(/[▀▄█]{10}/);
    const app = newCodeApp(secret);
    const code = app.next();
    await talk.answer('', `${code}\r`);
    expect(await talk.ended, talk.screen()).to.equal(0);
    expect(talk.screen()).to.not.include(code);
    expect(talk.screen().match(/^[a-z2-9]{5}(?:-[a-z2-9]{5}){2}\r?$/gm)).to.have.length(10);

    const again = infraAtTerminal(terminal, ...login(email));
    await again.answer('password of', `${password}\r`);
    await again.answer('code of the second factor', '000000\r');
    await again.answer('code of the second factor', `${app.next()}\r`);
    expect(await again.ended, again.screen()).to.equal(0);
    expect((await terminal.infra(['whoami'])).stdout).to.match(/second factor: +proven at 20/);
    expect((await terminal.infra(['mfa', 'list'])).stderr).to.include('10 recovery codes left');
  });

  it('the login takes the code as the next line on stdin, and says so when there is none', async () => {
    const { email, password, terminal } = await person('bea');
    const { recoveryCodes } = await addSecondFactor((await server.login(email, password)).call);
    const without = await terminal.infra([...login(email), '--password-stdin'], `${password}\n`);
    expect(without.code).to.equal(1);
    expect(without.stderr).to.include('this account has a second factor: give its code, or a recovery code, as the next line on stdin');
    const wrong = await terminal.infra([...login(email), '--password-stdin'], `${password}\n000000\n`);
    expect(wrong.code).to.equal(3);
    expect(wrong.stderr).to.include('this code does not hold');
    const right = await terminal.infra([...login(email), '--password-stdin'], `${password}\n${recoveryCodes[0] ?? ''}\n`);
    expect(right.code, right.stderr).to.equal(0);
  });

  it('with a one-time password the lines are password, code, new password', async () => {
    const { email, password, terminal } = await person('cy');
    const { call } = await server.login(email, password);
    const { recoveryCodes } = await addSecondFactor(call);
    const admin = await server.admin();
    const id = (await call(api.sessions.current, {})).identity.id;
    const { oneTimePassword } = await admin(api.users.resetPassword, { params: { id } });
    const lines = [oneTimePassword, recoveryCodes[0] ?? '', 'another lantern by the harbour', ''];
    const result = await terminal.infra([...login(email), '--password-stdin'], lines.join('\n'));
    expect(result.code, result.stderr).to.equal(0);
  });

  it('verify, recovery-codes and remove take a code from stdin; without anybody at a terminal they say how', async () => {
    const { email, password, terminal } = await person('dan');
    const { app, recoveryCodes } = await addSecondFactor((await server.login(email, password)).call);
    const nobody = await terminal.infra(['mfa', 'verify']);
    expect([nobody.code, nobody.stderr]).to.deep.equal([
      2,
      'infra: nobody is at the terminal to type a code; give it on stdin with --code-stdin\n',
    ]);
    expect((await terminal.infra(['mfa', 'add'])).code).to.equal(2);
    const verified = await terminal.infra(['mfa', 'verify', '--code-stdin'], `${app.next()}\n`);
    expect(verified.code, verified.stderr).to.equal(0);
    const renewed = await terminal.infra(['mfa', 'recovery-codes', '--code-stdin', '--format', 'json'], `${recoveryCodes[0] ?? ''}\n`);
    const codes = (JSON.parse(renewed.stdout) as { recoveryCodes: string[] }).recoveryCodes;
    expect(codes).to.have.length(10);
    const removed = await terminal.infra(['mfa', 'remove', '--code-stdin'], `${codes[0] ?? ''}\n`);
    expect(removed.code, removed.stderr).to.equal(0);
    expect((await terminal.infra(['mfa', 'remove', '--code-stdin'], '000000\n')).code).to.equal(5);
  });

  it('an admin resets it, and is asked whether they are sure who asked; grants show the condition', async () => {
    const { email, password, terminal } = await person('eva');
    await addSecondFactor((await server.login(email, password)).call);
    const admin = newTerminal();
    await loginWithPassword(admin, server, { email: 'admin@example.com', password: 'quiet meadow of tall grass' });
    expect((await admin.infra(['users', 'show', email])).stdout).to.match(/second factor: +totp/);
    const reset = await admin.infra(['users', 'reset-mfa', email]);
    expect(reset.code, reset.stderr).to.equal(0);
    expect(reset.stderr).to.include('their password alone opens the door').and.to.include('Are you sure it was they who asked?');
    expect((await terminal.infra(['whoami'])).code).to.equal(3);

    expect((await admin.infra(['destinations', 'add', 'prod'])).code).to.equal(0);
    const wrong = await admin.infra(['grants', 'add', email, 'prod', '--role', 'view', '--mfa', '5s']);
    expect([wrong.code, wrong.stderr]).to.deep.equal([2, 'infra: --mfa takes a duration from 1m to 24h, such as 15m, not "5s"\n']);
    const added = await admin.infra(['grants', 'add', email, 'prod', '--role', 'view', '--mfa', '15m']);
    expect(added.code, added.stderr).to.equal(0);
    expect(added.stdout).to.match(/mfa: +15m/);
    for (const words of [
      ['grants', 'list'],
      ['who-can', 'view', 'prod'],
      ['explain', email, 'prod'],
    ])
      expect((await admin.infra(words)).stdout).to.match(/MFA[\s\S]*15m/);
  });
});
