/** `infra audit export`: all that the filters find as lines of JSON, however many pages it takes. */
import { expect } from 'chai';
import { api } from '../../shared/api/index.ts';
import { loginWithPassword, newTerminal, type Terminal } from '../support/infra.ts';
import { adminEmail, adminPassword, startServer, type RunningServer } from '../support/server.ts';

describe('infra audit export', function () {
  this.timeout(60_000);
  let server: RunningServer;
  let terminal: Terminal;

  before(async () => {
    server = await startServer();
    terminal = newTerminal();
    await loginWithPassword(terminal, server, { email: adminEmail, password: adminPassword });
    const admin = await server.admin();
    for (const name of ['first', 'second', 'third']) await admin(api.groups.create, { body: { name } });
    await admin(api.users.create, { body: { email: 'ana@example.com' } });
  });
  after(async () => server.stop());

  const exported = async (...args: readonly string[]): Promise<{ event: string; details: { group?: { name: string } } }[]> => {
    const { code, stdout, stderr } = await terminal.infra(['audit', 'export', ...args]);
    expect(code, stderr).to.equal(0);
    const lines = stdout.split('\n');
    expect(lines.pop()).to.equal('');
    return lines.map((line) => JSON.parse(line) as never);
  };

  it('writes one event a line, newest first, and nothing else to stdout', async () => {
    const groups = await exported('--event', 'group');
    expect(groups.map(({ details }) => details.group?.name)).to.deep.equal(['third', 'second', 'first']);
  });

  it('takes the filters of the list', async () => {
    expect((await exported('--event', 'user.added', '--actor', adminEmail)).map(({ event }) => event)).to.include('user.added');
    expect(await exported('--actor', 'nobody@example.com')).to.deep.equal([]);
    const { code, stderr } = await terminal.infra(['audit', 'export', '--outcome', 'odd']);
    expect(code).to.equal(2);
    expect(stderr).to.include('--outcome is success, refused or failed');
  });
});
