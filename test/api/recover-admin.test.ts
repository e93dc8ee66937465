/** `infra-server recover-admin`: the way back in when nobody can administer any more. */
import Sqlite from 'better-sqlite3';
import { expect } from 'chai';
import { api } from '../../shared/api/index.ts';
import { refusal } from '../support/refusal.ts';
import { serverCommand } from '../support/server-command.ts';
import { adminEmail, adminPassword, startServer, type RunningServer } from '../support/server.ts';
import { tempDir } from '../support/temp-dir.ts';

const password = 'a lantern in the harbour';

describe('infra-server recover-admin', function () {
  this.timeout(60_000);
  let server: RunningServer;
  beforeEach(async () => {
    server = await startServer();
  });
  afterEach(async () => server.stop());

  async function link(): Promise<string> {
    const { code, stdout, stderr } = await serverCommand(server.dataDir, 'recover-admin', `--public-url=${server.url}`);
    expect(code, stderr).to.equal(0);
    const match = new RegExp(`^${server.url}/setup#(\\S+)\n$`).exec(stdout);
    if (match?.[1] === undefined) throw new Error(`no link and nothing else: ${stdout}`);
    return match[1];
  }
  const use = async (token: string, email: string, chosen = password) =>
    server.client()(api.server.setup, { body: { token, email, password: chosen } });

  it('lets the only admin back in, who was barred and forgot the password, and ends what that account had open', async () => {
    const thief = await server.login(adminEmail, adminPassword);
    // No call of ours can bar the last admin; a provider that deactivates the person will.
    const database = new Sqlite(server.databaseFile);
    database.prepare("UPDATE identities SET status = 'disabled'").run();
    database.close();
    expect((await refusal(server.login(adminEmail, adminPassword))).code).to.equal('login.failed');

    await use(await link(), adminEmail);

    const { call } = await server.login(adminEmail, password);
    expect((await call(api.sessions.current, {})).serverRoles).to.include('admin');
    expect((await refusal(thief.call(api.sessions.current, {}))).code).to.equal('session.expired');
    expect((await refusal(server.login(adminEmail, adminPassword))).code).to.equal('login.failed');
  });

  it('makes a new admin beside the others, and is in the audit from the link to its use', async () => {
    await use(await link(), 'second@example.com');
    const { call } = await server.login('second@example.com', password);
    const { items } = await call(api.audit.list, { query: { event: 'setup' } });
    expect(items.map(({ event, actor, details }) => [event, actor.kind, details])).to.deep.equal([
      ['setup.used', 'anonymous', { user: { id: (await call(api.sessions.current, {})).identity.id, name: 'second@example.com' } }],
      ['setup.link-created', 'system', { purpose: 'recover-admin' }],
    ]);
    await server.admin();
  });

  it('makes a link that holds once, and voids the one before', async () => {
    const before = await link();
    const after = await link();
    expect((await refusal(use(before, 'second@example.com'))).code).to.equal('token.invalid');
    await use(after, 'second@example.com');
    expect((await refusal(use(after, 'third@example.com'))).code).to.equal('token.invalid');
  });

  it('works with the server stopped too', async () => {
    await server.stop();
    const token = await link();
    await server.start();
    await use(token, 'second@example.com');
  });

  it('makes nothing where there is no server', async () => {
    const { code, stderr } = await serverCommand(`${tempDir()}/nothing`, 'recover-admin');
    expect(code).to.equal(1);
    expect(stderr).to.match(/^infra-server: there is no database at \S+nothing\/infra\.db; give the server's dataDir \(--data-dir\)\n$/);
  });
});
