/** What overviews tell is for those who may see it, and holds no secret: rows 23 and 30. */
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { expect } from 'chai';
import { api } from '../../shared/api/index.ts';
import type { UserId } from '../../shared/api/values.ts';
import { newId } from '../../shared/id.ts';
import { enrolConnector } from '../support/enrolled-connector.ts';
import { refusal } from '../support/refusal.ts';
import { newPerson, startServer, type RunningServer } from '../support/server.ts';
import { tempDir } from '../support/temp-dir.ts';
import { createKeyPair } from '../../cli/key-pair.ts';

describe('security of the server: overviews', function () {
  this.timeout(60_000);
  const mailPassword = `canary${randomBytes(12).toString('hex')}`;
  const mailUser = `canary${randomBytes(12).toString('hex')}`;
  const claim = `canary${randomBytes(12).toString('hex')}`;
  let server: RunningServer;
  let viewer: Awaited<ReturnType<typeof newPerson>>;
  let stranger: Awaited<ReturnType<typeof newPerson>>;
  let owner: Awaited<ReturnType<typeof newPerson>>;

  before(async () => {
    const passwordFile = join(tempDir('infra-mail'), 'password');
    writeFileSync(passwordFile, mailPassword);
    const mail = { 'mail-url': 'smtps://localhost:1', 'mail-from': 'infra@example.com', 'mail-user': mailUser };
    server = await startServer({ settings: { ...mail, 'mail-password-file': passwordFile } });
    const admin = await server.admin();
    viewer = await newPerson(server, 'viewer@example.com');
    stranger = await newPerson(server, 'stranger@example.com');
    owner = await newPerson(server, 'owner@example.com');
    await admin(api.grants.create, { body: { subject: 'viewer@example.com', role: 'view', resource: 'infra' } });
    plantAccount();
  });
  after(async () => server.stop());

  /** As a login at a provider leaves it. */
  function plantAccount(): void {
    const database = new Sqlite(server.databaseFile);
    const at = new Date().toISOString();
    const provider = newId('provider', Date.now());
    database
      .prepare(
        "INSERT INTO identity_providers (id, name, kind, issuer, client_id, sealed_client_secret, email_domains, scopes, create_users, link_users, trust_mfa, status, created_at, updated_at) VALUES (?, 'acme', 'oidc', 'https://login.example.com', 'infra', 'x', '[\"example.com\"]', '[\"openid\"]', 1, 0, 1, 'active', ?, ?)",
      )
      .run(provider, at, at);
    database
      .prepare(
        "INSERT INTO accounts (id, provider_id, subject, identity_id, email, state, claims, created_at, last_login_at) VALUES (?, ?, 'sub', ?, 'owner@example.com', 'active', ?, ?, ?)",
      )
      .run(newId('account', Date.now()), provider, owner.id, JSON.stringify({ department: claim, amr: [claim] }), at, at);
    database.close();
  }
  // Of a user it is the id of one.
  const ownerId = (): UserId => owner.id as UserId;

  it('row 23: what a provider says of a person is told to them and to admins, not to who may only look', async () => {
    const admin = await server.admin();
    expect(JSON.stringify(await owner.call(api.explanations.mine, {}))).to.include(claim);
    const toAdmin = await admin(api.users.why, { params: { id: ownerId() } });
    expect(toAdmin.accounts[0]?.claims).to.deep.equal({ department: claim, amr: [claim] });
    const toViewer = await viewer.call(api.users.why, { params: { id: ownerId() } });
    expect(toViewer.accounts[0]).to.include({ provider: 'acme', subject: 'sub', claims: null, secondFactor: null });
    expect(JSON.stringify(toViewer)).to.not.include(claim);
  });

  it('row 23: a user is no workload, and a workload no user', async () => {
    const workload = await (await server.admin())(api.workloads.create, { body: { name: 'robot' } });
    expect((await refusal(viewer.call(api.users.why, { params: { id: workload.id } }))).code).to.equal('request.invalid');
    expect((await refusal(viewer.call(api.users.why, { params: { id: newId('user', 0) } }))).code).to.equal('identity.not-found');
    expect(await viewer.call(api.workloads.why, { params: { id: workload.id } })).to.deep.include({ accounts: [], destinations: [] });
  });

  it('row 23: what ends is told of one’s own; of others it is not even told whether it is there', async () => {
    const admin = await server.admin();
    const connector = await enrolConnector(server, 'prod');
    const { grant } = await admin(api.grants.create, { body: { subject: 'owner@example.com', role: 'view', resource: 'prod' } });
    const { lease } = await owner.call(api.leases.create, {
      body: { destination: connector.destinationId, csr: createKeyPair().certificateRequest },
    });
    const { session } = await owner.call(api.sessions.current, {});
    const impact = { sessions: 1, leases: 1, people: 1, destinations: [{ id: connector.destinationId, name: 'prod', online: false }] };
    const targets = [{ user: ownerId() }, { session: session.id }, { lease: lease.id }] as const;
    for (const query of targets) {
      const expected = 'lease' in query ? { ...impact, sessions: 0 } : impact;
      expect(await owner.call(api.revocations.impact, { query })).to.deep.equal(expected);
      expect(await viewer.call(api.revocations.impact, { query })).to.deep.equal(expected);
    }
    const refusals = await Promise.all(targets.map(async (query) => refusal(stranger.call(api.revocations.impact, { query }))));
    expect(refusals.map(({ code }) => code)).to.deep.equal(['access.denied', 'session.not-found', 'lease.not-found']);
    const none = { session: newId('session', 0) as never };
    expect((await refusal(stranger.call(api.revocations.impact, { query: none }))).detail).to.equal(refusals[1]?.detail);
    for (const query of [{ grant: grant.id }, { destination: connector.destinationId as never }]) {
      for (const person of [stranger, owner])
        expect((await refusal(person.call(api.revocations.impact, { query }))).code).to.equal('access.denied');
      expect(await viewer.call(api.revocations.impact, { query })).to.deep.equal({ ...impact, sessions: 0 });
    }
    for (const query of [{}, { user: ownerId(), lease: lease.id }])
      expect((await refusal(admin(api.revocations.impact, { query }))).code).to.equal('request.invalid');
  });

  it('row 30: neither settings nor overview hold a secret', async () => {
    const answers = JSON.stringify([
      await viewer.call(api.settings.get, {}),
      await viewer.call(api.overview.get, {}),
      await (await server.admin())(api.settings.get, {}),
    ]);
    const database = new Sqlite(server.databaseFile, { readonly: true });
    const sealed = database.prepare('SELECT sealed_key FROM authorities').pluck().all() as string[];
    const hashes = database.prepare('SELECT secret_hash FROM sessions').pluck().all() as string[];
    database.close();
    expect(sealed.length + hashes.length).to.be.greaterThan(3);
    for (const secret of [mailPassword, mailUser, viewer.secret, owner.secret, claim, ...sealed, ...hashes])
      expect(answers).to.not.include(secret);
    expect(answers).to.not.match(/PRIVATE KEY|sealed|"localhost:1"|smtps?:/);
  });
});
