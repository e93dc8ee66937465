/** Rows 11, 16, 23, 32: an account that is taken off its user is out at once, and does not come back unless an admin says so. */
import Sqlite from 'better-sqlite3';
import { expect } from 'chai';
import { createKeyPair } from '../../cli/key-pair.ts';
import { api } from '../../shared/api/index.ts';
import type { UserId } from '../../shared/api/values.ts';
import { exchange, loginByBrowser } from '../support/browser.ts';
import { tryByLogin } from '../support/login-test.ts';
import { refusal } from '../support/refusal.ts';
import { enrolConnector } from '../support/enrolled-connector.ts';
import { groupUrn, newScimClient, userUrn } from '../support/scim.ts';
import { newPerson } from '../support/server.ts';
import { attempt, connect, expectRefusal, federationStage, loginWithRefresh, type FederationStage } from './federation-stage.ts';

describe('an account that is taken off its user', function () {
  this.timeout(60_000);
  let stage: FederationStage;
  before(async () => (stage = await federationStage({ groupsClaim: 'groups', linkUsers: true })));
  beforeEach(() => stage.evil.honest());
  after(async () => stage.stop());

  let people = 0;
  /** Somebody who is logged in by the provider. */
  const inside = async (hasPassword = false) => {
    const name = `person-${(people += 1)}`;
    const email = `${name}@example.com`;
    const own = hasPassword ? await newPerson(stage.server, email) : undefined;
    stage.evil.person = { sub: name, email, email_verified: true, groups: ['crew'] };
    const opened = await loginWithRefresh(stage);
    // Of a user it is the id of one.
    return { ...opened, email, own, params: { id: opened.session.identity.id as string as UserId, provider: 'acme' } };
  };
  const sql = (statement: string, ...values: readonly string[]): void => {
    const database = new Sqlite(stage.server.databaseFile);
    database.prepare(statement).run(...values);
    database.close();
  };
  const refreshTokensOf = (identityId: string): unknown => {
    const database = new Sqlite(stage.server.databaseFile, { readonly: true });
    const query = 'SELECT count(*) FROM refresh_tokens WHERE account_id IN (SELECT id FROM accounts WHERE identity_id = ?)';
    const found = database.prepare(query).pluck().get(identityId);
    database.close();
    return found;
  };
  const admin = async () => stage.server.admin();
  const staysOut = async (): Promise<void> => expectRefusal(await attempt(stage.server), 'login.account-unlinked');

  it('row 11: ends its sessions, groups and refresh token at once; what came by another way stays', async () => {
    const { call, own, params } = await inside(true);
    const impact = await (await admin())(api.users.unlinkImpact, { params });
    expect(impact).to.deep.equal({ sessions: 1, leases: 0, memberships: 1, groups: ['acme/crew'], onlyWayIn: false });
    expect((await call(api.sessions.current, {})).groups).to.have.length(1);
    expect(refreshTokensOf(params.id)).to.equal(1);
    const ended = await (await admin())(api.users.unlink, { params });
    expect(ended).to.deep.include({ sessionsEnded: 1, membershipsEnded: 1, onlyWayIn: false });
    expect((await refusal(call(api.sessions.current, {}))).code).to.equal('session.expired');
    expect((await own?.call(api.sessions.current, {}))?.groups).to.deep.equal([]);
    expect(refreshTokensOf(params.id)).to.equal(0);
    await staysOut();
    expect((await refusal((await admin())(api.users.unlink, { params }))).code).to.equal('account.not-found');
  });

  it('row 11: ends its leases, tells every destination, and gives the change by which that is acknowledged', async () => {
    const { call, params } = await inside(true);
    const first = await admin();
    const name = `prod-${people}`;
    const connector = await enrolConnector(stage.server, name);
    await first(api.grants.create, { body: { subject: 'group:acme/crew', role: 'view', resource: name } });
    await call(api.leases.create, { body: { destination: connector.destinationId, csr: createKeyPair().certificateRequest } });
    expect(await first(api.users.unlinkImpact, { params })).to.deep.include({ leases: 1 });
    const { leasesRevoked, change } = await first(api.users.unlink, { params });
    expect(leasesRevoked).to.equal(1);
    const query = { params: { revision: change?.revision ?? 0 }, query: { waitSeconds: 0 } };
    const { acknowledgements } = await first(api.changes.acknowledgements, query);
    expect(acknowledgements.map((each) => [each.connectorId, each.state])).to.deep.equal([[connector.id, 'pending']]);
  });

  it('row 11: an access key opens nothing when it was the only way in', async () => {
    const { call, params } = await inside();
    const { secret } = await call(api.accessKeys.create, { body: { name: 'left-over' } });
    expect((await call(api.users.unlinkImpact, { params })).onlyWayIn).to.equal(true);
    await call(api.users.unlink, { params });
    expect((await refusal(stage.server.client()(api.login.accessKey, { body: { key: secret } }))).code).to.equal('login.failed');
  });

  it('row 16: leaves no invitation by which its person comes in all the same', async () => {
    const email = 'invited@example.com';
    const first = await admin();
    const { user, oneTimePassword } = await first(api.users.create, { body: { email } });
    stage.evil.person = { sub: 'invited', email, email_verified: true };
    await loginWithRefresh(stage);
    const params = { id: user.id, provider: 'acme' };
    expect(await first(api.users.unlink, { params })).to.deep.include({ onlyWayIn: true });
    const body = { email, password: oneTimePassword ?? '' };
    expect((await refusal(stage.server.client()(api.login.password, { body }))).code).to.equal('login.failed');
    expect((await first(api.users.get, { params: { id: user.id } })).password).to.equal('none');
    const reset = await first(api.users.resetPassword, { params: { id: user.id } });
    const opened = await stage.server.client()(api.login.password, { body: { email, password: reset.oneTimePassword } });
    expect(opened.status).to.equal('password-change-required');
  });

  it('row 16: does not come back by its email, by another subject with it, by its provider’s end, or by its directory', async () => {
    const { email, params } = await inside();
    await (
      await admin()
    )(api.users.unlink, { params });
    await staysOut();
    const { person } = stage.evil;
    stage.evil.person = { ...person, sub: `${String(person['sub'])}-anew` };
    expectRefusal(await attempt(stage.server), 'login.account-conflict');
    stage.evil.person = person;
    const at = { params: { id: stage.acme.id } };
    await (
      await admin()
    )(api.identityProviders.disable, at);
    await (
      await admin()
    )(api.identityProviders.enable, at);
    await staysOut();
    const scim = await newScimClient(stage.server, stage.acme);
    const emails = [{ value: email, primary: true }];
    const given = await scim.post('/Users', { schemas: [userUrn], userName: email, externalId: String(person['sub']), emails });
    expect(given.status).to.equal(201);
    await staysOut();
    expect((await scim.remove(`/Users/${given.body.id}`)).status).to.equal(204);
    expect((await attempt(stage.server)).answer.get('code')).to.equal(null);
  });

  it('row 11: ends and keeps out of the groups of its directory, too', async () => {
    const { email, own, params } = await inside(true);
    const scim = await newScimClient(stage.server, stage.acme);
    const person = { schemas: [userUrn], userName: email, externalId: String(stage.evil.person['sub']) };
    const given = await scim.post('/Users', person);
    const members = [{ value: given.body.id }];
    const displayName = `pushed-${people}`;
    const group = await scim.post('/Groups', { schemas: [groupUrn], displayName, members });
    expect(group.status, JSON.stringify(group.body)).to.equal(201);
    const groupsNow = async () => ((await own?.call(api.sessions.current, {}))?.groups ?? []).map(({ name }) => name);
    expect(await groupsNow()).to.deep.equal(['acme/crew', `acme/${displayName}`]);
    const ended = await (await admin())(api.users.unlink, { params });
    expect(ended).to.deep.include({ membershipsEnded: 2 });
    expect(await groupsNow()).to.deep.equal([]);
    const pushed = await scim.patch(`/Groups/${group.body.id}`, { op: 'add', path: 'members', value: members });
    expect(pushed.status).to.be.oneOf([200, 204]);
    const replaced = await scim.put(`/Groups/${group.body.id}`, { schemas: [groupUrn], displayName, members });
    expect(replaced.status, JSON.stringify(replaced.body)).to.equal(200);
    expect(await groupsNow()).to.deep.equal([]);
    await (
      await admin()
    )(api.users.relink, { params });
    await scim.patch(`/Groups/${group.body.id}`, { op: 'add', path: 'members', value: members });
    expect(await groupsNow()).to.deep.equal([`acme/${displayName}`]);
  });

  it('says of somebody whom the directory gave, and who never came, that there is nothing to take off, and what to do', async () => {
    const scim = await newScimClient(stage.server, stage.acme);
    const given = await scim.post('/Users', { schemas: [userUrn], userName: 'never-came@example.com' });
    const refused = await refusal((await admin())(api.users.unlink, { params: { id: given.body.id, provider: 'acme' } }));
    expect([refused.code, refused.detail.includes('has not logged in there yet')]).to.deep.equal(['account.not-found', true]);
  });

  it('row 11: a login that is under way when it is taken off opens nothing', async () => {
    const { params } = await inside();
    const { end, cli } = await attempt(stage.server);
    await (
      await admin()
    )(api.users.unlink, { params });
    expect((await refusal(exchange(stage.server, end.url, cli))).code).to.equal('token.invalid');
  });

  it('row 23: is taken off by nobody but an admin, or its owner soon after a login; not by a key, or a session of yesterday', async () => {
    const { call, params } = await inside();
    const stranger = await newPerson(stage.server, `stranger-${people}@example.com`);
    for (const endpoint of [api.users.unlink, api.users.unlinkImpact])
      expect((await refusal(stranger.call(endpoint, { params }))).code).to.equal('access.denied');
    const { secret } = await call(api.accessKeys.create, { body: { name: 'mine' } });
    const opened = await stage.server.client()(api.login.accessKey, { body: { key: secret } });
    expect((await refusal(stage.server.client(opened.secret)(api.users.unlink, { params }))).code).to.equal('account.login-too-old');
    sql('UPDATE sessions SET created_at = ? WHERE identity_id = ?', new Date(Date.now() - 601_000).toISOString(), params.id);
    const refused = await refusal(call(api.users.unlink, { params }));
    expect([refused.code, refused.detail]).to.satisfy(
      ([code, detail]: string[]) => code === 'account.login-too-old' && detail?.includes('infra login'),
    );
    expect((await refusal(call(api.users.relink, { params }))).code).to.equal('access.role-missing');
  });

  it('row 32: is not the only way in of the last who can administer', async () => {
    const { call, email, params } = await inside();
    const first = await admin();
    await first(api.grants.create, { body: { subject: email, role: 'admin', resource: 'infra' } });
    const [grant] = (await first(api.grants.list, { query: { subject: 'admin@example.com', role: 'admin', resource: 'infra' } })).items;
    await first(api.grants.remove, { params: { id: grant?.id ?? '' } });
    const refused = await refusal(call(api.users.unlink, { params }));
    expect(refused.code).to.equal('admin.last');
    expect((await call(api.sessions.current, {})).serverRoles).to.include('admin');
    // Who was taken off the only account is nobody to fall back on.
    const other = await inside();
    await call(api.grants.create, { body: { subject: other.email, role: 'admin', resource: 'infra' } });
    await call(api.users.unlink, { params: other.params });
    expect((await refusal(call(api.users.unlink, { params }))).code).to.equal('admin.last');
    expect((await refusal(call(api.users.disable, { params: { id: params.id } }))).code).to.equal('admin.last');
    await call(api.grants.create, { body: { subject: 'admin@example.com', role: 'admin', resource: 'infra' } });
    expect(await call(api.users.unlink, { params })).to.deep.include({ onlyWayIn: true });
  });

  it('comes in again once an admin says so, and a test of the provider says whose it was and what to do', async () => {
    const { email, params, session } = await inside();
    await (
      await admin()
    )(api.users.unlink, { params });
    const { result } = await tryByLogin(stage.server, await admin(), stage.acme.id);
    expect(result.refusal).to.equal('login.account-unlinked');
    expect(result.steps.find(({ step }) => step === 'account')?.detail).to.include('infra users relink EMAIL --provider acme');
    await (
      await admin()
    )(api.users.relink, { params });
    expect((await refusal((await admin())(api.users.relink, { params }))).code).to.equal('account.not-found');
    const again = await loginByBrowser(stage.server, 'acme');
    expect([again.session.identity.id, again.session.identity.name]).to.deep.equal([session.identity.id, email]);
  });

  it('is none of those whom closing its provider would shut out', async () => {
    const { email, params } = await inside();
    const first = await admin();
    const shutOut = async () =>
      (await first(api.identityProviders.impact, { params: { id: stage.acme.id } })).users.map((user) => user.email);
    expect(await shutOut()).to.include(email);
    await first(api.users.unlink, { params });
    expect(await shutOut()).to.not.include(email);
  });

  it('leaves the account at another provider alone', async () => {
    const { email, params } = await inside();
    await connect(stage.server, stage.evil, `other-${people}`, { linkUsers: true });
    const other = await loginByBrowser(stage.server, `other-${people}`);
    expect(other.session.identity.name).to.equal(email);
    expect((await (await admin())(api.users.unlinkImpact, { params })).onlyWayIn).to.equal(false);
    await (
      await admin()
    )(api.users.unlink, { params });
    expect((await other.call(api.sessions.current, {})).identity.name).to.equal(email);
  });
});
