/** The first start: what it makes, who becomes admin, and that a second start finds it all again. */
import { readdirSync, statSync } from 'node:fs';
import { connect } from 'node:tls';
import Sqlite from 'better-sqlite3';
import { expect } from 'chai';
import { certificateFingerprint } from '../../shared/node/fingerprint.ts';
import { api } from '../../shared/api/index.ts';
import { refusal } from '../support/refusal.ts';
import { adminEmail, adminPassword, startServer, type RunningServer } from '../support/server.ts';
import { waitFor } from '../support/wait-for.ts';

const mode = (path: string): string => (statSync(path).mode & 0o777).toString(8);
const password = 'a lantern in the harbour';

/** The token of the set-up link that this start printed. */
async function printedToken(server: RunningServer): Promise<string> {
  const link = await waitFor(() => /https:\/\/\S+\/setup#(\S+)/.exec(server.program().stderr()), {
    within: 10,
    what: 'the set-up link',
  });
  expect(link[0]).to.match(new RegExp(`^${server.url}/setup#`));
  return link[1] ?? '';
}

describe('the first start', function () {
  this.timeout(60_000);

  describe('with an admin in its settings', () => {
    let server: RunningServer;
    before(async () => {
      server = await startServer({ isNew: true });
    });
    after(async () => server.stop());

    it('makes a data directory of 0700 with files of 0600, and the root key of 0600 beside it', () => {
      expect(mode(server.dataDir)).to.equal('700');
      const files = readdirSync(server.dataDir);
      expect(files).to.include('infra.db');
      for (const file of files) expect(mode(`${server.dataDir}/${file}`), file).to.equal('600');
      expect(files.join()).not.to.include('key');
      expect(mode(`${server.dataDir}.key`)).to.equal('600');
      expect(statSync(`${server.dataDir}.key`).size).to.equal(32);
    });

    it('makes that admin, prints no link, and audits that the server itself did it', async () => {
      const admin = await server.admin();
      expect((await admin(api.sessions.current, {})).serverRoles).to.include('admin');
      expect(server.info.setupPending).to.equal(false);
      expect(server.program().stderr()).not.to.include('/setup');
      const { items } = await admin(api.audit.list, {});
      const byServer = items.filter(({ actor }) => actor.kind === 'system').map(({ event }) => event);
      expect(byServer).to.have.members(['server.started', 'user.added', 'grant.added']);
    });

    it('serves a certificate that its own root verifies, under the fingerprint that it states', async () => {
      expect(certificateFingerprint(server.info.rootCertificate)).to.equal(server.info.rootFingerprint);
      const chain = await new Promise<{ authorized: boolean; root: string }>((resolve, reject) => {
        const socket = connect({ host: 'localhost', port: server.port, ca: server.info.rootCertificate }, () => {
          let certificate = socket.getPeerCertificate(true);
          // Node ends the chain with a root that issued itself.
          while (certificate.issuerCertificate.fingerprint256 !== certificate.fingerprint256) certificate = certificate.issuerCertificate;
          resolve({ authorized: socket.authorized, root: certificate.fingerprint256 });
          socket.destroy();
        });
        socket.once('error', reject);
      });
      expect(chain.authorized).to.equal(true);
      expect(`SHA256:${chain.root.replaceAll(':', '').toLowerCase()}`).to.equal(server.info.rootFingerprint);
    });

    it('is the only first one: the second keeps authority, trust domain, people and sessions', async () => {
      const { secret } = await server.login(adminEmail, adminPassword);
      await server.stop();
      await server.start();
      expect(await server.client()(api.server.info, {})).to.deep.equal(server.info);
      const admin = server.client(secret);
      const { items } = await admin(api.audit.list, { query: { event: 'server.started' } });
      expect(items.map((event) => event.event === 'server.started' && event.details.firstStart)).to.deep.equal([false, true]);
      expect((await admin(api.users.list, {})).items.map(({ email }) => email)).to.deep.equal([adminEmail]);
      expect((await admin(api.grants.list, {})).items).to.have.length(1);
    });
  });

  describe('without an admin', () => {
    let server: RunningServer;
    beforeEach(async () => {
      server = await startServer({ withAdmin: false });
    });
    afterEach(async () => server.stop());
    const setUp = async (token: string, email = 'first@example.com') =>
      server.client()(api.server.setup, { body: { token, email, password } });

    it('prints a link that makes one admin, once, and says to nobody else what it is', async () => {
      expect(server.info.setupPending).to.equal(true);
      const token = await printedToken(server);
      expect(server.program().stdout()).not.to.include(token);
      await setUp(token);
      const { call } = await server.login('first@example.com', password);
      expect((await call(api.sessions.current, {})).serverRoles).to.include('admin');
      expect((await server.client()(api.server.info, {})).setupPending).to.equal(false);
      expect((await refusal(setUp(token, 'second@example.com'))).code).to.equal('token.invalid');
      expect((await call(api.users.list, {})).items.map(({ email }) => email)).to.deep.equal(['first@example.com']);
      const { items } = await call(api.audit.list, {});
      expect(JSON.stringify(items)).not.to.include(token);
      expect(items.map(({ event }) => event)).to.include.members(['setup.link-created', 'setup.used', 'login.refused']);
    });

    it('lets one of many who use the link at the same moment become admin', async () => {
      const token = await printedToken(server);
      const outcomes = await Promise.allSettled(Array.from({ length: 4 }, async (_, index) => setUp(token, `racer${index}@example.com`)));
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).to.have.length(1);
    });

    it('keeps the link good after a password that is too weak', async () => {
      const token = await printedToken(server);
      const weak = server.client()(api.server.setup, { body: { token, email: 'first@example.com', password: 'password1234' } });
      expect((await refusal(weak)).code).to.equal('password.too-weak');
      await setUp(token);
    });

    it('refuses a link that nobody printed, and one older than a day', async () => {
      const token = await printedToken(server);
      const madeUp = await refusal(setUp(`${token.slice(0, -4)}AAAA`));
      expect(madeUp.detail).to.include('infra-server recover-admin');
      // A day cannot be waited for: the link is made a day older where it is kept.
      const database = new Sqlite(server.databaseFile);
      database.prepare("UPDATE tokens SET expires_at = ? WHERE kind = 'setup'").run(new Date().toISOString());
      database.close();
      expect((await refusal(setUp(token))).code).to.equal('token.invalid');
      expect((await server.client()(api.server.info, {})).setupPending).to.equal(true);
    });

    it('prints a new link at each start until there is an admin, which voids the one before', async () => {
      const before = await printedToken(server);
      await server.stop();
      await server.start();
      const after = await printedToken(server);
      expect((await refusal(setUp(before))).code).to.equal('token.invalid');
      await setUp(after);
      await server.stop();
      await server.start();
      expect(server.program().stderr()).not.to.include('/setup');
    });
  });
});
