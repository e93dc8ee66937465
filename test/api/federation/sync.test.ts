/** What a provider says between logins, when it is asked by the refresh token of a login: groups follow, and who is gone there is out here. */
import Sqlite from 'better-sqlite3';
import { expect } from 'chai';
import { api } from '../../../shared/api/index.ts';
import type { IdentityProvider } from '../../../shared/api/identity-providers.ts';
import type { Call } from '../../../shared/client.ts';
import { loginByBrowser } from '../../support/browser.ts';
import { startOidcProvider, type OidcProvider, type ProviderPerson } from '../../support/oidc-provider.ts';
import { startServer, type RunningServer } from '../../support/server.ts';
import { waitFor } from '../../support/wait-for.ts';

describe('sync with an identity provider', function () {
  this.timeout(60_000);
  let server: RunningServer;
  let idp: OidcProvider;
  let admin: Call;
  let acme: IdentityProvider;

  before(async () => {
    server = await startServer();
    idp = await startOidcProvider([`${server.url}/login/callback/acme`]);
    admin = await server.admin();
    acme = await admin(api.identityProviders.create, {
      body: {
        ...{ name: 'acme', kind: 'okta', issuer: idp.issuer, clientId: idp.clientId, clientSecret: idp.clientSecret },
        emailDomains: ['example.com'],
      },
    });
  });
  after(async () => {
    await server.stop();
    await idp.stop();
  });
  afterEach(async () => {
    idp.setDown(false);
    // Nobody stays for the next test.
    const { items } = await admin(api.sessions.list, { query: { all: 'true', live: 'true', limit: 1000 } });
    for (const { id, provider } of items) if (provider === 'acme') await admin(api.sessions.revoke, { params: { id } });
  });

  const params = { get id() { return acme.id; } }; // prettier-ignore
  const person = (subject: string, groups: readonly string[] = ['platform']): ProviderPerson => ({
    email: `${subject}@example.com`,
    email_verified: true,
    groups,
  });
  /** Somebody who is logged in. */
  async function inside(subject: string, groups?: readonly string[]) {
    idp.people.set(subject, person(subject, groups));
    idp.signIn(subject);
    return loginByBrowser(server, 'acme');
  }
  const ask = async (): Promise<number> => (await admin(api.identityProviders.sync, { params })).accounts;
  const state = async () => admin(api.identityProviders.syncState, { params });
  const groupsOf = async (call: Call): Promise<string[]> => (await call(api.sessions.current, {})).groups.map(({ name }) => name);
  const isIn = async (call: Call): Promise<boolean> =>
    call(api.sessions.current, {}).then(
      () => true,
      () => false,
    );
  const events = async (event: string) => (await admin(api.audit.list, { query: { event, limit: 1000 } })).items;

  it('is every 15 minutes unless an admin says otherwise', async () => {
    expect(acme.syncMinutes).to.equal(15);
    const changed = await admin(api.identityProviders.update, { params, body: { syncMinutes: 60 } });
    expect(changed.syncMinutes).to.equal(60);
    acme = await admin(api.identityProviders.update, { params, body: { syncMinutes: 15 } });
    const { call } = await inside('first');
    const { nextAt, ...counts } = await state();
    expect(counts).to.deep.equal({ accounts: 1, failing: 0, lastFailure: null, withoutToken: 0 });
    const minutes = (Date.parse(nextAt ?? '') - Date.now()) / 60_000;
    expect(minutes).to.be.within(13, 16);
    expect(await isIn(call)).to.equal(true);
  });

  it('brings groups in step while the session goes on, again and again', async () => {
    const { call } = await inside('mover', ['platform', 'on-call']);
    for (const groups of [['platform'], ['platform', 'leads'], []]) {
      idp.people.set('mover', person('mover', groups));
      expect(await ask()).to.equal(1);
      await waitFor(
        async () =>
          (await groupsOf(call)).sort().join() ===
          groups
            .map((name) => `acme/${name}`)
            .sort()
            .join(),
        {
          within: 10,
          what: `the groups ${groups.join()}`,
        },
      );
    }
    expect((await state()).failing).to.equal(0);
  });

  it('ends at once what somebody came in with whom the provider does not know any more, and leaves the others', async () => {
    const [gone, other] = [await inside('gone'), await inside('other')];
    idp.leave('gone');
    expect(await ask()).to.equal(2);
    await waitFor(async () => !(await isIn(gone.call)), { within: 10, what: 'the session to end' });
    expect(await isIn(other.call)).to.equal(true);
    const [ended] = await events('account.ended');
    expect(ended).to.deep.include({ actor: { kind: 'system', id: null, name: 'infra-server' } });
    expect(ended?.details).to.deep.include({ reason: 'acme says that this login is over', sessionsEnded: 1, membershipsEnded: 1 });
    const platform = (await admin(api.groups.list, { query: { limit: 1000 } })).items.find(({ name }) => name === 'acme/platform');
    const members = await admin(api.groups.members, { params: { id: platform!.id }, query: { limit: 100 } });
    expect(members.items.map(({ name }) => name))
      .to.include('other@example.com')
      .and.not.include('gone@example.com');
  });

  it('ends what a login would be refused for by now', async () => {
    const { call } = await inside('unverified');
    idp.people.set('unverified', { ...person('unverified'), email_verified: false });
    await ask();
    await waitFor(async () => !(await isIn(call)), { within: 10, what: 'the session to end' });
    const [ended] = await events('account.ended');
    expect(JSON.stringify(ended?.details)).to.include('has not verified your email');
  });

  it('changes nothing while the provider cannot be asked, says so, and goes on when it can', async () => {
    const { call } = await inside('patient', ['platform', 'on-call']);
    idp.people.set('patient', person('patient', ['platform']));
    idp.setDown(true);
    await ask();
    await waitFor(async () => (await state()).failing === 1, { within: 20, what: 'the failure to be told' });
    expect((await state()).lastFailure).to.match(/cannot be reached|connection/);
    expect(await groupsOf(call)).to.have.members(['acme/platform', 'acme/on-call']);
    idp.setDown(false);
    await ask();
    await waitFor(async () => (await groupsOf(call)).join() === 'acme/platform', { within: 10, what: 'the groups to follow' });
    expect((await state()).failing).to.equal(0);
  });

  it('keeps no token of somebody who is logged out, and gives it back to the provider', async () => {
    const before = idp.liveRefreshTokens();
    const { call } = await inside('leaver');
    const given = idp.liveRefreshTokens().filter((token) => !before.includes(token));
    expect(given).to.have.length(1);
    await call(api.sessions.logout, {});
    await ask();
    await waitFor(() => given.every((token) => !idp.liveRefreshTokens().includes(token)), {
      within: 10,
      what: 'the token to be given back',
    });
    expect(await state()).to.deep.include({ accounts: 0, nextAt: null });
  });

  it('is off where an admin says so: no token is asked for, none is kept, and that is said', async () => {
    acme = await admin(api.identityProviders.update, { params, body: { syncMinutes: null } });
    await inside('off');
    expect(await state()).to.deep.include({ accounts: 0, withoutToken: 1 });
    expect(await ask()).to.equal(0);
    acme = await admin(api.identityProviders.update, { params, body: { syncMinutes: 15 } });
  });

  it('keeps its tokens sealed: row 34', async () => {
    await inside('sealed');
    const database = new Sqlite(server.databaseFile, { readonly: true });
    const tokens = database.prepare('SELECT sealed_token FROM refresh_tokens').pluck().all() as string[];
    database.close();
    expect(tokens).to.have.length(1);
    // Of oidc-provider a token is 43 letters of base64url; what is kept has the form of what is sealed.
    expect(tokens[0]).to.match(/^v1\.[\w-]{16}\.[\w-]{22}\.[\w-]{57,}$/);
    for (const key of idp.liveRefreshTokens()) expect(tokens[0]).to.not.include(key);
  });
});
