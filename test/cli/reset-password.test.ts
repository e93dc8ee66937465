/** `infra reset-password`, the hint after a wrong password, and `infra users reset-password --mail`. */
import Sqlite from 'better-sqlite3';
import { expect } from 'chai';
import { api } from '../../shared/api/index.ts';
import { loginWithPassword, newTerminal } from '../support/infra.ts';
import { linkIn, startMailingServer, startMailServer, type MailServer } from '../support/mail-server.ts';
import { adminEmail, adminPassword, newPerson, startServer, type RunningServer } from '../support/server.ts';

const chosen = 'a new lantern in the harbour';

describe('infra reset-password', function () {
  this.timeout(60_000);
  let mail: MailServer;
  let server: RunningServer;
  let plain: RunningServer;
  before(async () => {
    mail = await startMailServer();
    [server, plain] = await Promise.all([startMailingServer(mail), startServer()]);
  });
  after(async () => {
    await Promise.all([server.stop(), plain.stop()]);
    await mail.stop();
  });

  it('gets somebody who was never logged in here a mail, and says the same for an account that there is not', async () => {
    await newPerson(server, 'ana@example.com');
    const words: string[] = [];
    for (const email of ['ana@example.com', 'nobody@example.com']) {
      const { code, stdout, stderr } = await newTerminal().infra(['--server', server.url, 'reset-password', email, '--ca', server.caFile]);
      expect([code, stdout], stderr).to.deep.equal([0, '']);
      words.push(stderr.replaceAll(email, 'EMAIL'));
    }
    expect(new Set(words).size).to.equal(1);
    const { token } = linkIn(await mail.next('ana@example.com', 0));
    await server.client()(api.login.resetPassword, { body: { token, newPassword: chosen } });
    await loginWithPassword(newTerminal(), server, { email: 'ana@example.com', password: chosen });
  });

  it('needs no email of who was logged in last', async () => {
    const terminal = newTerminal();
    const { password } = await newPerson(server, 'last@example.com');
    await loginWithPassword(terminal, server, { email: 'last@example.com', password });
    const before = mail.mails.length;
    expect((await terminal.infra(['reset-password'])).code).to.equal(0);
    await mail.next('last@example.com', before);
  });

  for (const [what, args, code, words] of [
    ['without a server', ['reset-password', 'ana@example.com'], 2, 'which server?'],
    ['without an email', ['reset-password'], 2, 'whose password?'],
    ['with something else than an email', ['reset-password', 'ana'], 2, 'is no email address'],
  ] as const)
    it(`says what is missing ${what}`, async () => {
      const at = what === 'without a server' ? [] : ['--server', server.url];
      const ca = what === 'without a server' ? [] : ['--ca', server.caFile];
      const result = await newTerminal().infra([...at, ...args, ...ca]);
      expect(result.code).to.equal(code);
      expect(result.stderr).to.include(words);
    });

  it('where there is no mail says what an admin can do', async () => {
    const { code, stderr } = await newTerminal().infra(['--server', plain.url, 'reset-password', adminEmail, '--ca', plain.caFile]);
    expect(code).to.equal(1);
    expect(stderr).to.include('sends no mail').and.include('infra users reset-password');
  });

  it('is named after a wrong password where there is mail, and nowhere else', async () => {
    const wrong = async (at: RunningServer) =>
      newTerminal().infra(['login', at.url, '--ca', at.caFile, '--user', adminEmail, '--password-stdin'], 'wrong wrong wrong\n');
    const offered = await wrong(server);
    expect(offered.code).to.equal(3);
    expect(offered.stderr).to.include(`infra --server ${server.url} reset-password ${adminEmail}`);
    const other = await wrong(plain);
    expect(other.code).to.equal(3);
    expect(other.stderr).not.to.include('reset-password');
  });

  it('of an admin with --mail: no password is printed, and the person gets the link', async () => {
    const terminal = newTerminal();
    await loginWithPassword(terminal, server, { email: adminEmail, password: adminPassword });
    const ben = await newPerson(server, 'ben@example.com');
    const { accessKey } = await ben.call(api.accessKeys.create, { body: { name: 'ci' } });
    const before = mail.mails.length;
    const { code, stdout, stderr } = await terminal.infra(['users', 'reset-password', 'ben@example.com', '--mail']);
    expect([code, stdout], stderr).to.deep.equal([0, '']);
    expect(stderr).to.include('a mail with a link is on its way');
    expect(stderr).to.include(
      `1 access key of ben@example.com lives on; to end what may be in wrong hands:\n  infra keys remove ${accessKey.id} `,
    );
    linkIn(await mail.next('ben@example.com', before));
  });

  it('of an admin names the access keys that live on, and ends none', async () => {
    const terminal = newTerminal();
    await loginWithPassword(terminal, plain, { email: adminEmail, password: adminPassword });
    const eva = await newPerson(plain, 'eva@example.com');
    const { secret, accessKey } = await eva.call(api.accessKeys.create, { body: { name: 'ci' } });
    await eva.call(api.accessKeys.create, { body: { name: 'over', expiresInSeconds: 60 } });
    const database = new Sqlite(plain.databaseFile);
    database.prepare("UPDATE access_keys SET expires_at = ? WHERE name = 'over'").run(new Date(Date.now() - 1).toISOString());
    database.close();
    const reset = await terminal.infra(['users', 'reset-password', 'eva@example.com', '--quiet', '--format', 'json']);
    expect(JSON.parse(reset.stdout)).to.deep.include({ id: eva.id, accessKeys: [{ id: accessKey.id, name: 'ci' }] });
    expect(reset.stderr).to.equal(
      `1 access key of eva@example.com lives on; to end what may be in wrong hands:\n  infra keys remove ${accessKey.id}   # ci\n`,
    );
    expect((await plain.client()(api.login.accessKey, { body: { key: secret } })).session.identity.name).to.equal('eva@example.com');
    expect((await terminal.infra(['keys', 'remove', accessKey.id])).code).to.equal(0);
    expect((await terminal.infra(['users', 'reset-password', 'eva@example.com', '--quiet'])).stderr).to.equal('');
  });

  it('of an admin with --mail where there is none changes nothing and says so', async () => {
    const terminal = newTerminal();
    await loginWithPassword(terminal, plain, { email: adminEmail, password: adminPassword });
    const { password } = await newPerson(plain, 'ben@example.com');
    const { code, stderr } = await terminal.infra(['users', 'reset-password', 'ben@example.com', '--mail']);
    expect(code).to.equal(1);
    expect(stderr).to.include('sends no mail');
    await plain.login('ben@example.com', password);
  });
});
