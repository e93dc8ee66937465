/** Rows 15, 20, 23, 29, 34: a login that tries a provider opens nothing, is told to who began it alone, and its link is good once. */
import Sqlite from 'better-sqlite3';
import { expect } from 'chai';
import { api } from '../../shared/api/index.ts';
import { newBrowser } from '../support/browser.ts';
import { goOnFrom, tryByLogin, walkLoginTest } from '../support/login-test.ts';
import { refusal } from '../support/refusal.ts';
import { adminEmail, adminPassword, newPerson } from '../support/server.ts';
import { federationStage, type FederationStage } from './federation-stage.ts';

describe('a login that tries a provider', function () {
  this.timeout(60_000);
  let stage: FederationStage;
  before(async () => (stage = await federationStage({ groupsClaim: 'groups' })));
  beforeEach(() => stage.evil.honest());
  after(async () => stage.stop());

  const begin = async () => (await stage.server.admin())(api.providerLoginTests.begin, { params: { id: stage.acme.id } });
  const sql = <Result>(work: (database: Sqlite.Database) => Result): Result => {
    const database = new Sqlite(stage.server.databaseFile);
    try {
      return work(database);
    } finally {
      database.close();
    }
  };
  const counts = (): Record<string, unknown> =>
    sql((database) =>
      Object.fromEntries(
        ['identities', 'accounts', 'sessions', 'groups', 'group_members', 'refresh_tokens', 'provider_sessions', 'directory_groups'].map(
          (table) => [table, database.prepare(`SELECT count(*) FROM ${table}`).pluck().get()],
        ),
      ),
    );

  it('row 15: makes no user, account, session, group or refresh token, and gives no code', async () => {
    const admin = await stage.server.admin();
    stage.evil.person = { sub: 'new', email: 'new@example.com', email_verified: true, groups: ['fresh'] };
    stage.evil.script = { tokens: (answer) => ({ ...answer, refresh_token: 'CANARY-refresh' }) };
    const before = counts();
    const { end, result } = await tryByLogin(stage.server, admin, stage.acme.id);
    expect(result.refusal).to.equal(null);
    expect(counts()).to.deep.equal(before);
    expect(end.url).to.equal(`${stage.server.url}/login/provider-test/ended`);
    expect(sql((database) => database.prepare('SELECT count(*) FROM browser_logins WHERE code_hash IS NOT NULL').pluck().get())).to.equal(
      0,
    );
    // Row 34: nor is the ticket in the database, or the token that was dropped.
    const dump = sql((database) => JSON.stringify(database.prepare('SELECT * FROM provider_login_tests').all()));
    expect(dump).to.not.include('infra_test_').and.not.include('CANARY-refresh');
  });

  it('row 15: its link is good once, also for two at the same moment', async () => {
    const { url } = await begin();
    const browser = newBrowser(stage.server);
    const go = await goOnFrom(browser, url);
    // Looking at what it is for uses nothing up.
    expect((await browser.get(url)).status).to.equal(200);
    const both = await Promise.all([browser.get(go), newBrowser(stage.server).get(go)]);
    expect(both.map(({ status }) => status).sort()).to.deep.equal([303, 400]);
    expect((await browser.get(url)).body).to.include('This link is over');
  });

  it('row 15: its link ends with the session of the admin who made it, and after ten minutes', async () => {
    const own = await stage.server.login(adminEmail, adminPassword);
    const { url } = await own.call(api.providerLoginTests.begin, { params: { id: stage.acme.id } });
    await own.call(api.sessions.logout, {});
    expect((await newBrowser(stage.server).get(url)).body).to.include('This link is over');
    const late = await begin();
    sql((database) => database.prepare('UPDATE provider_login_tests SET expires_at = ?').run(new Date(Date.now() - 1).toISOString()));
    expect((await newBrowser(stage.server).get(late.url)).body).to.include('This link is over');
  });

  it('row 15: the answer is taken from the browser that went on alone, once, and not after the test is over', async () => {
    const { id, url } = await begin();
    const browser = newBrowser(stage.server);
    const { url: callback } = await browser.walk(await goOnFrom(browser, url), (to) => to.includes('/login/callback/'));
    expect((await newBrowser(stage.server).get(callback)).status).to.equal(400);
    sql((database) => database.prepare('UPDATE provider_login_tests SET expires_at = ?').run(new Date(Date.now() - 1).toISOString()));
    expect((await browser.walk(callback)).url).to.include('refusal=login.expired');
    const admin = await stage.server.admin();
    const params = { id: stage.acme.id, test: id };
    expect(await admin(api.providerLoginTests.get, { params })).to.include({ state: 'over', result: null });
    expect((await browser.get(callback)).status).to.equal(400);
  });

  it('row 23: what came is told to nobody but the admin who began it', async () => {
    const admin = await stage.server.admin();
    const { begun } = await tryByLogin(stage.server, admin, stage.acme.id);
    const params = { id: stage.acme.id, test: begun.id };
    const other = await newPerson(stage.server, 'other-admin@example.com');
    await admin(api.grants.create, { body: { subject: 'other-admin@example.com', role: 'admin', resource: 'infra' } });
    expect((await refusal(other.call(api.providerLoginTests.get, { params }))).code).to.equal('provider.test-not-found');
    const audited = JSON.stringify((await admin(api.audit.list, { query: { event: 'provider.login-tested' } })).items);
    expect(audited).to.include(begun.id).and.not.include('ana@example.com');
  });

  it('rows 15, 19: whoever is sent the link reads whose test it is and who will read what, before anything is asked of the provider', async () => {
    const { url } = await begin();
    const page = await newBrowser(stage.server).get(url);
    expect(page.body)
      .to.include(`${adminEmail} began this`)
      .and.include('gets to read what acme says of you')
      .and.include('close this page');
    expect(page.headers.get('set-cookie')).to.equal(null);
    expect(stage.evil.seen.authorization).to.have.length(0);
  });

  it('rows 20, 29: its pages take no words and no address from their own', async () => {
    for (const refusalText of ['<script>alert(1)</script>', 'constructor', '__proto__', 'https://evil.example/']) {
      const { status, headers, body } = await newBrowser(stage.server).get(
        `${stage.server.url}/login/provider-test/ended?refusal=${encodeURIComponent(refusalText)}`,
      );
      expect([status, headers.get('location')]).to.deep.equal([200, null]);
      expect(body).to.include('would be refused').and.not.include(refusalText);
    }
    for (const query of [
      '',
      '?ticket=x',
      `?ticket=infra_test_${'A'.repeat(43)}&next=https://evil.example`,
      `?ticket=infra_test_${'A'.repeat(43)}`,
    ])
      for (const path of ['/login/provider-test', '/login/provider-test/begin']) {
        const { status, headers } = await newBrowser(stage.server).get(`${stage.server.url}${path}${query}`);
        expect([status, headers.get('location')], query).to.deep.equal([400, null]);
      }
  });

  it('row 29: what a provider says with escapes and markup in it stays text', async () => {
    const admin = await stage.server.admin();
    await admin(api.identityProviders.update, { params: { id: stage.acme.id }, body: { emailDomains: ['example.com'] } });
    stage.evil.person = { ...stage.evil.person, email: '<b>x</b>@example.com' };
    const { end, result } = await tryByLogin(stage.server, admin, stage.acme.id);
    expect(end.body).to.not.include('<b>x');
    expect(result.claims).to.include({ email: '<b>x</b>@example.com' });
  });

  it('row 28: starts count against an address as those of logins do', async () => {
    await walkLoginTest(stage.server, (await begin()).url);
    sql((database) => database.prepare("UPDATE login_attempts SET failures = 1000 WHERE bucket LIKE 'browser-login:%'").run());
    expect((await walkLoginTest(stage.server, (await begin()).url)).status).to.equal(429);
    sql((database) => database.prepare('DELETE FROM login_attempts').run());
  });
});
