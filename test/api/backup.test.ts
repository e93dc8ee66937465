/** `infra-server backup` and `restore` on the embedded database. What an attacker makes of a restore: test/security/server-restore.test.ts. */
import { cpSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { api } from '../../shared/api/index.ts';
import { refusal } from '../support/refusal.ts';
import { serverCommand } from '../support/server-command.ts';
import { adminEmail, adminPassword, newPerson, startServer, type RunningServer } from '../support/server.ts';
import { tempDir } from '../support/temp-dir.ts';

describe('infra-server backup and restore', function () {
  this.timeout(60_000);
  let server: RunningServer;
  let backup: string;
  let beforeBackup: { readonly secret: string };
  const home = tempDir('infra-backup');

  before(async () => {
    server = await startServer({ isNew: true });
    const admin = await server.admin();
    const person = await newPerson(server, 'ana@example.com');
    await admin(api.groups.create, { body: { name: 'platform' } });
    await admin(api.destinations.create, { body: { name: 'prod' } });
    await admin(api.grants.create, { body: { subject: 'ana@example.com', role: 'view', resource: 'prod' } });
    beforeBackup = person;
    backup = join(home, 'infra.backup');
    const { code, stdout, stderr } = await serverCommand(server.dataDir, 'backup', backup);
    expect(code, stderr).to.equal(0);
    expect(stdout).to.include(backup).and.to.include(`${server.dataDir}.key is not in it`);
  });
  after(async () => server.stop());

  /** A machine of its own with a copy of the root key, and nothing else. */
  function emptyMachine(): string {
    const dataDir = join(tempDir('infra-restored'), 'data');
    cpSync(`${server.dataDir}.key`, `${dataDir}.key`);
    return dataDir;
  }

  it('copies a running server into one file of 0600 and leaves nothing else beside it', async () => {
    expect((statSync(backup).mode & 0o777).toString(8)).to.equal('600');
    expect(readdirSync(home)).to.deep.equal(['infra.backup']);
    const { items } = await (await server.admin())(api.audit.list, { query: { event: 'server.backed-up' } });
    expect(items.map(({ actor }) => actor.kind)).to.deep.equal(['system']);
  });

  it('takes a copy that is whole while things are being added', async () => {
    const admin = await server.admin();
    const target = join(tempDir(), 'busy.backup');
    const work = Array.from({ length: 20 }, async (_, index) => admin(api.groups.create, { body: { name: `busy-${index}` } }));
    const [{ code }] = await Promise.all([serverCommand(server.dataDir, 'backup', target), ...work]);
    expect(code).to.equal(0);
    expect((await serverCommand(emptyMachine(), 'restore', target)).code).to.equal(0);
  });

  it('never writes over a file', async () => {
    const content = readFileSync(backup);
    const { code, stderr } = await serverCommand(server.dataDir, 'backup', backup);
    expect(code).to.equal(1);
    expect(stderr).to.match(/is there already; choose another name\n$/);
    expect(readFileSync(backup).equals(content)).to.equal(true);
  });

  it('restores people, grants and authority on an empty machine, and ends every session', async () => {
    const dataDir = emptyMachine();
    const { code, stdout, stderr } = await serverCommand(dataDir, 'restore', backup);
    expect(code, stderr).to.equal(0);
    expect(stdout).to.include('everybody logs in again').and.to.include('look through them before you start the server');
    expect(readdirSync(dataDir).filter((name) => name.startsWith('infra.db'))).to.deep.equal(['infra.db']);
    const restored = await startServer({ dataDir, settings: { 'trust-domain': 'localhost' } });
    try {
      expect(restored.info.rootCertificate).to.equal(server.info.rootCertificate);
      const old = await refusal(restored.client(beforeBackup.secret)(api.sessions.current, {}));
      expect(old.code).to.equal('session.expired');
      const { call: admin } = await restored.login(adminEmail, adminPassword);
      const names = (await admin(api.users.list, {})).items.map(({ email }) => email);
      expect(names).to.have.members([adminEmail, 'ana@example.com']);
      expect((await admin(api.grants.list, {})).items.map(({ subject }) => subject.name)).to.have.members([adminEmail, 'ana@example.com']);
      const { items } = await admin(api.audit.list, { query: { event: 'server' } });
      expect(items.map(({ event }) => event)).to.deep.equal(['server.started', 'server.restored', 'server.backed-up', 'server.started']);
    } finally {
      await restored.stop();
    }
  });

  it('keeps the database of before beside the restored one', async () => {
    const own = await startServer();
    await newPerson(own, 'later@example.com');
    const target = join(tempDir(), 'own.backup');
    await serverCommand(own.dataDir, 'backup', target);
    await own.stop();
    const replaced = readFileSync(own.databaseFile);
    const { stdout } = await serverCommand(own.dataDir, 'restore', target);
    const [kept = ''] = readdirSync(own.dataDir).filter((name) => name.startsWith('infra.db.before-restore-'));
    expect(stdout).to.include(kept);
    expect(readFileSync(join(own.dataDir, kept)).equals(replaced)).to.equal(true);
  });

  it('is refused beside a running server, which keeps its data', async () => {
    const { code, stderr } = await serverCommand(server.dataDir, 'restore', backup);
    expect(code).to.equal(1);
    expect(stderr).to.include('another infra-server is running on this data directory');
    expect(await server.client()(api.server.info, {})).to.deep.equal(server.info);
  });

  const refusals: readonly { what: string; source: () => string; spoil?: (dataDir: string) => void; says: string }[] = [
    { what: 'is not there', source: () => '/nowhere/infra.backup', says: 'is not there' },
    {
      what: 'is no database',
      source: () => file('text'.repeat(2000)),
      says: 'is no backup of an infra-server',
    },
    { what: 'is empty', source: () => file(''), says: 'is no backup of an infra-server' },
    { what: 'is cut short', source: () => file(readFileSync(backup).subarray(0, 40_960)), says: 'not a whole one' },
    {
      what: 'has a page of noise',
      source: () => {
        const bytes = Buffer.from(readFileSync(backup));
        bytes.fill(0xa5, 20 * 4096, 21 * 4096);
        return file(bytes);
      },
      says: 'not a whole one',
    },
    {
      what: 'belongs to another root key',
      source: () => backup,
      spoil: (dataDir) => writeFileSync(`${dataDir}.key`, Buffer.alloc(32, 7)),
      says: 'is not the one this data was sealed with',
    },
  ];
  for (const { what, source, spoil, says } of refusals) {
    it(`refuses a file that ${what}, and leaves the present database as it was`, async () => {
      const dataDir = emptyMachine();
      mkdirSync(dataDir, { mode: 0o700 });
      writeFileSync(join(dataDir, 'infra.db'), 'the present one');
      spoil?.(dataDir);
      const { code, stderr } = await serverCommand(dataDir, 'restore', source());
      expect(code).to.equal(1);
      expect(stderr)
        .to.match(/^infra-server: [^\n]+\n$/)
        .and.to.include(says);
      expect(readdirSync(dataDir).filter((name) => name.startsWith('infra.db'))).to.deep.equal(['infra.db']);
      expect(readFileSync(join(dataDir, 'infra.db'), 'utf8')).to.equal('the present one');
    });
  }

  it('refuses a backup whose root key is not here, and makes none', async () => {
    const dataDir = join(tempDir('infra-restored'), 'data');
    const { code, stderr } = await serverCommand(dataDir, 'restore', backup);
    expect(code).to.equal(1);
    expect(stderr).to.include('data.key is missing; put back the one this data was made with');
    expect(readdirSync(join(dataDir, '..'))).to.deep.equal(['data']);
  });

  for (const command of ['backup', 'restore']) {
    it(`${command} without a file is wrong use`, async () => {
      const { code, stderr } = await serverCommand(server.dataDir, command);
      expect([code, stderr]).to.deep.equal([2, `infra-server: infra-server ${command} needs a FILE\n`]);
    });
  }
});

function file(content: string | Buffer): string {
  const path = join(tempDir(), 'some.backup');
  writeFileSync(path, content);
  return path;
}
