/** How things stand, as it is told: what is there is counted, what is wrong wants a hand, and settings are what was set. */
import { X509Certificate } from 'node:crypto';
import Sqlite from 'better-sqlite3';
import { expect } from 'chai';
import { api } from '../../shared/api/index.ts';
import type { Overview, Want } from '../../shared/api/overview.ts';
import type { Call } from '../../shared/client.ts';
import { certificateFingerprint } from '../../shared/node/fingerprint.ts';
import { enrolConnector } from '../support/enrolled-connector.ts';
import { startOidcProvider, type OidcProvider } from '../support/oidc-provider.ts';
import { refusal } from '../support/refusal.ts';
import { adminEmail, newPerson, startServer, type RunningServer } from '../support/server.ts';

describe('the overview', function () {
  this.timeout(60_000);
  let server: RunningServer;
  let admin: Call;
  let idp: OidcProvider;
  before(async () => {
    server = await startServer({ settings: { 'lease-ttl': '20m', 'trusted-proxies': '10.0.0.0/8,192.168.0.0/16', 'device-login': 'off' } });
    idp = await startOidcProvider([]);
    admin = await server.admin();
  });
  after(async () => {
    await server.stop();
    await idp.stop();
  });

  const overview = async (): Promise<Overview> => admin(api.overview.get, {});
  const wanting = async (kind: Want['kind']): Promise<Want[]> => (await overview()).wants.filter((want) => want.kind === kind);
  const inDays = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString();
  const change = (statement: string, ...values: readonly string[]): void => {
    const database = new Sqlite(server.databaseFile);
    database.prepare(statement).run(...values);
    database.close();
  };

  it('counts destinations by whether their connectors are there, and says what to do', async () => {
    expect((await overview()).destinations).to.deep.equal({ total: 0, online: 0, offline: 0, never: 0 });
    await admin(api.destinations.create, { body: { name: 'new' } });
    const away = await enrolConnector(server, 'away');
    const old = await enrolConnector(server, 'old');
    change("UPDATE connectors SET last_seen_at = ?, version = '0.0.9' WHERE id = ?", inDays(-1 / 48), away.id);
    change("UPDATE connectors SET last_seen_at = ?, version = 'test' WHERE id = ?", inDays(-3), old.id);
    expect((await overview()).destinations).to.deep.equal({ total: 3, online: 0, offline: 2, never: 1 });
    const [never] = await wanting('connector-never');
    expect([never?.subject.name, never?.remedy]).to.deep.equal(['new', 'Start one with a join token: infra destinations token new']);
    expect((await wanting('connector-offline')).map(({ subject, severity }) => [subject.name, severity])).to.deep.equal([['away', 'now']]);
    expect((await wanting('connector-stale')).map(({ subject }) => subject.name)).to.deep.equal(['old']);
    expect((await wanting('connector-outdated')).map(({ subject }) => subject.name)).to.deep.equal(['away']);
  });

  it('counts who is active, once however many sessions they have', async () => {
    const before = (await overview()).peopleActive;
    await newPerson(server, 'ana@example.com');
    await server.login('ana@example.com', 'a lantern in the harbour');
    expect((await overview()).peopleActive).to.equal(before + 1);
    change(
      "UPDATE sessions SET last_used_at = ? WHERE identity_id IN (SELECT id FROM identities WHERE name = 'ana@example.com')",
      inDays(-1 / 24),
    );
    expect((await overview()).peopleActive).to.equal(before);
  });

  it('shows grants that end within a week, the first to end first, and those that are not in place', async () => {
    const give = async (role: string, until?: string) =>
      (
        await admin(api.grants.create, {
          body: { subject: 'ana@example.com', role, resource: 'away', ...(until === undefined ? {} : { until }) },
        })
      ).grant;
    await give('late', inDays(8));
    const second = await give('second', inDays(6));
    const first = await give('first', inDays(1));
    const { grantsEndingSoon } = await overview();
    expect([grantsEndingSoon.count, grantsEndingSoon.items.map(({ id }) => id)]).to.deep.equal([2, [first.id, second.id]]);
    change(
      "INSERT INTO grant_states SELECT ?, id, 'failed', 'There is no ClusterRole first.', enrolled_at FROM connectors LIMIT 1",
      first.id,
    );
    const [failed] = await wanting('grant-failed');
    expect(failed?.subject).to.deep.equal({ kind: 'grant', id: first.id, name: 'ana@example.com' });
    expect(failed?.sentence).to.include('There is no ClusterRole first.');
  });

  it('shows the refusals of the last hour, newest first', async () => {
    const { call } = await server.login('ana@example.com', 'a lantern in the harbour');
    const before = (await overview()).refusals.count;
    await refusal(call(api.users.list, {}));
    await refusal(call(api.overview.get, {}));
    const { refusals } = await overview();
    expect(refusals.count).to.equal(before + 2);
    expect(refusals.items.slice(0, 2).map(({ details }) => 'endpoint' in details && details.endpoint)).to.deep.equal([
      'overview.get',
      'users.list',
    ]);
  });

  it('wants a second admin, and no more once there is one', async () => {
    expect((await wanting('second-admin-missing'))[0]).to.include({ severity: 'soon' });
    await admin(api.grants.create, { body: { subject: 'ana@example.com', role: 'admin', resource: 'infra' } });
    expect(await wanting('second-admin-missing')).to.deep.equal([]);
  });

  it('wants new secrets before those that are in use end', async () => {
    const { id } = await admin(api.identityProviders.create, {
      body: { name: 'acme', kind: 'oidc', issuer: idp.issuer, clientId: 'infra', clientSecret: 'x', emailDomains: ['example.com'] },
    });
    const add = async (days: number) => admin(api.scimTokens.create, { params: { id }, body: { expiresInSeconds: days * 86_400 } });
    const { scimToken } = await add(10);
    expect((await wanting('scim-token-ending')).map(({ subject }) => subject)).to.deep.equal([
      { kind: 'scim-token', id: scimToken.id, name: 'acme' },
    ]);
    await add(100);
    expect(await wanting('scim-token-ending')).to.deep.equal([]);
    const { accessKey } = await admin(api.accessKeys.create, { body: { name: 'nightly', expiresInSeconds: 7200 } });
    await admin(api.accessKeys.create, { body: { name: 'yearly', expiresInSeconds: 300 * 86_400 } });
    const [key, ...more] = await wanting('access-key-ending');
    expect([key?.subject.id, key?.severity, more]).to.deep.equal([accessKey.id, 'now', []]);
    expect(key?.sentence).to.include(adminEmail);
  });

  it('tells settings as they were set, and the certificates of the authority', async () => {
    const told = await admin(api.settings.get, {});
    expect(told).to.deep.include({
      ...{ publicUrl: server.url, trustDomain: server.info.trustDomain, leaseTtlSeconds: 1200, deviceLogin: false, passkeyLogin: true },
      ...{ mail: false, trustedProxies: 2, proxyProtocol: false, session: { lifetimeSeconds: 43_200, idleSeconds: null } },
      ...{ version: server.info.version, relay: { address: `localhost:${server.port}`, streams: 5000 } },
    });
    expect(Math.abs(Date.parse(told.startedAt) - Date.now())).to.be.below(120_000);
    const [root, intermediate] = told.authorities;
    expect([root?.kind, root?.certificate, root?.fingerprint]).to.deep.equal([
      'root',
      server.info.rootCertificate,
      certificateFingerprint(server.info.rootCertificate),
    ]);
    expect(root?.name).to.equal(`infra root ${server.info.trustDomain}`);
    expect([intermediate?.kind, intermediate?.state]).to.deep.equal(['intermediate', 'active']);
    const parsed = new X509Certificate(intermediate?.certificate ?? '');
    expect(parsed.verify(new X509Certificate(root?.certificate ?? '').publicKey)).to.equal(true);
    expect(intermediate?.notAfter).to.equal(new Date(parsed.validTo).toISOString());
  });
});
