/** `infra login` with a person at a terminal: asked once about the root, never shown what they type. */
import { expect } from 'chai';
import { join } from 'node:path';
import { api } from '../../shared/api/index.ts';
import { atTerminal, endTerminals, type AtTerminal } from '../support/at-terminal.ts';
import { newTerminal, type Terminal } from '../support/infra.ts';
import { projectRoot } from '../support/program.ts';
import { adminEmail, adminPassword, startServer, type RunningServer } from '../support/server.ts';

/** `infra ARGS`, as the person types it there. */
const infraAtTerminal = (terminal: Terminal, ...args: readonly string[]): AtTerminal =>
  atTerminal([process.execPath, join(projectRoot, 'dist/cli/main.js'), ...args].map((word) => `'${word}'`).join(' '), terminal.env);

describe('infra login at a terminal', function () {
  this.timeout(60_000);
  let server: RunningServer;
  before(async () => (server = await startServer()));
  after(async () => server.stop());
  afterEach(endTerminals);

  it('shows the fingerprint, asks, and takes email and password without showing the password', async () => {
    const terminal = newTerminal();
    const talk = infraAtTerminal(terminal, 'login', server.url);
    await talk.answer('Trust it?', 'y\n');
    await talk.answer('email:', `${adminEmail}\n`);
    await talk.answer('password of', `wrong\u0015${adminPassword}x\u007f\r`);
    expect(await talk.ended, talk.screen()).to.equal(0);
    expect(talk.screen()).to.include(server.info.rootFingerprint);
    expect(talk.screen()).to.not.include(adminPassword.slice(0, 8)).and.not.include('wrong');
    const again = infraAtTerminal(terminal, 'login');
    await again.answer(`email [${adminEmail}]:`, '\n');
    await again.answer('password of', `${adminPassword}\r`);
    expect(await again.ended, again.screen()).to.equal(0);
    expect(again.screen()).to.not.include('Trust it?');
  });

  it('sends nothing when the root is not trusted', async () => {
    const terminal = newTerminal();
    const talk = infraAtTerminal(terminal, 'login', server.url, '--user', adminEmail);
    await talk.answer('Trust it?', '\n');
    expect(await talk.ended).to.equal(1);
    expect(talk.screen()).to.include('is not trusted; nothing was sent to it');
    expect((await terminal.infra(['whoami'])).code).to.equal(3);
  });

  it('asks twice for the new password in place of a one-time one', async () => {
    const { oneTimePassword } = await (await server.admin())(api.users.create, { body: { email: 'new@example.com' } });
    const terminal = newTerminal();
    const login = ['login', server.url, '--ca', server.caFile, '--user', 'new@example.com'];
    const differs = infraAtTerminal(terminal, ...login);
    await differs.answer('password of new@example.com', `${oneTimePassword ?? ''}\r`);
    await differs.answer('new password:', 'a lantern in the harbour\r');
    await differs.answer('new password again:', 'a lantern in the harbor\r');
    expect(await differs.ended).to.equal(1);
    const talk = infraAtTerminal(terminal, ...login);
    await talk.answer('password of new@example.com', `${oneTimePassword ?? ''}\r`);
    await talk.answer('new password:', 'a lantern in the harbour\r');
    await talk.answer('new password again:', 'a lantern in the harbour\r');
    expect(await talk.ended, talk.screen()).to.equal(0);
    expect(talk.screen()).to.not.include('lantern');
  });

  it('ends at Ctrl-C with the terminal as it was', async () => {
    const terminal = newTerminal();
    const talk = infraAtTerminal(terminal, 'login', server.url, '--ca', server.caFile, '--user', adminEmail);
    await talk.answer('password of', 'half\u0003');
    expect(await talk.ended).to.equal(1);
    expect(talk.screen()).to.include('interrupted');
  });
});
