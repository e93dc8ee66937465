/** `infra mfa` with passkeys, where no browser can be opened: the address is printed, and whoever opens it has an authenticator in software. */
import Sqlite from 'better-sqlite3';
import { expect } from 'chai';
import { loginWithPassword, newTerminal, type Terminal } from '../support/infra.ts';
import { useLink } from '../support/passkeys.ts';
import { type Program, startProgram } from '../support/program.ts';
import { newPerson, startServer, type RunningServer } from '../support/server.ts';
import { softwareAuthenticator, type SoftwareAuthenticator } from '../support/software-authenticator.ts';
import { waitFor } from '../support/wait-for.ts';

describe('infra mfa with passkeys', function () {
  this.timeout(60_000);
  let server: RunningServer;
  before(async () => (server = await startServer()));
  after(async () => server.stop());

  async function terminalOf(name: string): Promise<Terminal> {
    const email = `${name}@example.com`;
    const { password } = await newPerson(server, email);
    const terminal = newTerminal();
    await loginWithPassword(terminal, server, { email, password });
    return terminal;
  }
  const start = ({ env }: Terminal, ...args: readonly string[]): Program =>
    startProgram({ program: 'cli', args: ['mfa', ...args, '--no-browser'], env });
  const links = (command: Program): string[] => command.stderr().match(/^https:\S+\/passkeys\/\S+$/gm) ?? [];
  /** Opens each address that the command prints, until it has printed so many. */
  async function answer(
    command: Program,
    authenticator: SoftwareAuthenticator,
    ...others: readonly SoftwareAuthenticator[]
  ): Promise<string> {
    for (const [index, each] of [authenticator, ...others].entries()) {
      const url = await waitFor(() => links(command)[index], { within: 20, what: `address ${index + 1}; ${command.stderr()}` });
      await useLink(server, url, each);
    }
    expect(await command.ended, command.stderr()).to.equal(0);
    return command.stderr();
  }

  it('add-passkey, verify and remove print an address, wait, and go on; another takes a proof of the one there is', async () => {
    const terminal = await terminalOf('ana');
    const [laptop, phone] = [softwareAuthenticator(), softwareAuthenticator()];
    const adding = start(terminal, 'add-passkey', '--name', 'laptop', '--format', 'json');
    expect(await answer(adding, laptop)).to.include('the passkey "laptop" is added');
    expect((JSON.parse(adding.stdout()) as { recoveryCodes: unknown[] }).recoveryCodes).to.have.length(10);
    expect(await answer(start(terminal, 'add-passkey', '--name', 'phone'), laptop, phone)).to.include('"phone" is added');
    expect(await answer(start(terminal, 'verify'), phone)).to.include('a second factor is proven since');
    expect((await terminal.infra(['mfa', 'remove', '--code-stdin'], 'x\n')).stderr).to.include('say which one by its id');
    expect((await terminal.infra(['mfa', 'remove', 'tablet', '--code-stdin'], 'x\n')).code).to.equal(5);
    expect(await answer(start(terminal, 'remove', 'laptop'), phone)).to.include('the other is asked for as before');
    expect((await terminal.infra(['mfa', 'list'])).stdout).to.match(/passkey\s+phone/);
    expect(await answer(start(terminal, 'remove'), phone)).to.include('the password alone opens the door');
  });

  it('a link that nobody opened in time is said to be over, and Ctrl-C leaves nothing behind', async () => {
    const terminal = await terminalOf('bea');
    const [late, left] = [start(terminal, 'add-passkey'), start(terminal, 'add-passkey')];
    for (const command of [late, left]) await waitFor(() => links(command)[0], { within: 20, what: 'the address' });
    expect(await left.end('SIGINT')).to.equal(1);
    const database = new Sqlite(server.databaseFile);
    database.prepare('UPDATE passkey_links SET expires_at = ?').run(new Date().toISOString());
    database.close();
    expect(await late.ended).to.equal(1);
    expect(late.stderr()).to.include('nothing came from the browser within five minutes');
    expect((await terminal.infra(['mfa', 'list'])).stderr).to.include('infra mfa add-passkey');
  });
});
