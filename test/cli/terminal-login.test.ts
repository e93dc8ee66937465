/** `infra login` with a person at a terminal: asked once about the root, never shown what they type. */
import { expect } from 'chai';
import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { api } from '../../shared/api/index.ts';
import { newTerminal, type Terminal } from '../support/infra.ts';
import { projectRoot } from '../support/program.ts';
import { adminEmail, adminPassword, startServer, type RunningServer } from '../support/server.ts';
import { waitFor } from '../support/wait-for.ts';

interface Conversation {
  screen(): string;
  /** Waits until the screen asks for it, then types. */
  answer(question: string, typed: string): Promise<void>;
  readonly ended: Promise<number>;
}

const running = new Set<ChildProcess>();

/** util-linux's `script` gives the program a terminal of its own. */
function atTerminal(terminal: Terminal, ...args: readonly string[]): Conversation {
  const command = [process.execPath, join(projectRoot, 'dist/cli/main.js'), ...args].map((word) => `'${word}'`).join(' ');
  const child = spawn('script', ['-qefc', command, '/dev/null'], {
    env: { PATH: process.env['PATH'] ?? '', TERM: 'xterm', ...terminal.env },
  });
  running.add(child);
  let screen = '';
  child.stdout.on('data', (chunk: Buffer) => (screen += chunk.toString()));
  let seen = 0;
  return {
    screen: () => screen,
    answer: async (question, typed) => {
      await waitFor(() => expect(screen.slice(seen)).to.include(question), { within: 15, what: 'a question' });
      seen = screen.length;
      child.stdin.write(typed);
    },
    ended: new Promise((resolve) =>
      child.once('close', (code) => {
        running.delete(child);
        resolve(code ?? -1);
      }),
    ),
  };
}

describe('infra login at a terminal', function () {
  this.timeout(60_000);
  let server: RunningServer;
  before(async () => (server = await startServer()));
  after(async () => server.stop());
  // Its terminal goes with `script`, and with that the program.
  afterEach(() => running.forEach((child) => child.kill('SIGKILL')));

  it('shows the fingerprint, asks, and takes email and password without showing the password', async () => {
    const terminal = newTerminal();
    const talk = atTerminal(terminal, 'login', server.url);
    await talk.answer('Trust it?', 'y\n');
    await talk.answer('email:', `${adminEmail}\n`);
    await talk.answer('password of', `wrong\u0015${adminPassword}x\u007f\r`);
    expect(await talk.ended, talk.screen()).to.equal(0);
    expect(talk.screen()).to.include(server.info.rootFingerprint);
    expect(talk.screen()).to.not.include(adminPassword.slice(0, 8)).and.not.include('wrong');
    const again = atTerminal(terminal, 'login');
    await again.answer(`email [${adminEmail}]:`, '\n');
    await again.answer('password of', `${adminPassword}\r`);
    expect(await again.ended, again.screen()).to.equal(0);
    expect(again.screen()).to.not.include('Trust it?');
  });

  it('sends nothing when the root is not trusted', async () => {
    const terminal = newTerminal();
    const talk = atTerminal(terminal, 'login', server.url, '--user', adminEmail);
    await talk.answer('Trust it?', '\n');
    expect(await talk.ended).to.equal(1);
    expect(talk.screen()).to.include('is not trusted; nothing was sent to it');
    expect((await terminal.infra(['whoami'])).code).to.equal(3);
  });

  it('asks twice for the new password in place of a one-time one', async () => {
    const { oneTimePassword } = await (await server.admin())(api.users.create, { body: { email: 'new@example.com' } });
    const terminal = newTerminal();
    const login = ['login', server.url, '--ca', server.caFile, '--user', 'new@example.com'];
    const differs = atTerminal(terminal, ...login);
    await differs.answer('password of new@example.com', `${oneTimePassword ?? ''}\r`);
    await differs.answer('new password:', 'a lantern in the harbour\r');
    await differs.answer('new password again:', 'a lantern in the harbor\r');
    expect(await differs.ended).to.equal(1);
    const talk = atTerminal(terminal, ...login);
    await talk.answer('password of new@example.com', `${oneTimePassword ?? ''}\r`);
    await talk.answer('new password:', 'a lantern in the harbour\r');
    await talk.answer('new password again:', 'a lantern in the harbour\r');
    expect(await talk.ended, talk.screen()).to.equal(0);
    expect(talk.screen()).to.not.include('lantern');
  });

  it('ends at Ctrl-C with the terminal as it was', async () => {
    const terminal = newTerminal();
    const talk = atTerminal(terminal, 'login', server.url, '--ca', server.caFile, '--user', adminEmail);
    await talk.answer('password of', 'half\u0003');
    expect(await talk.ended).to.equal(1);
    expect(talk.screen()).to.include('interrupted');
  });
});
