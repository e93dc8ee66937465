/** Google between logins: it gives a refresh token with consent alone, and people are asked for that as seldom as can be. */
import { expect } from 'chai';
import { api } from '../../../shared/api/index.ts';
import type { IdentityProvider } from '../../../shared/api/identity-providers.ts';
import { loginByBrowser, loginUrl, newBrowser, newCliSide } from '../../support/browser.ts';
import { directoryStage, groupNames, type DirectoryStage } from '../../support/directory-stage.ts';
import { tryByLogin } from '../../support/login-test.ts';
import { waitFor } from '../../support/wait-for.ts';

describe('Google between logins', function () {
  this.timeout(60_000);
  let stage: DirectoryStage;
  let google: IdentityProvider;
  before(async () => {
    stage = await directoryStage();
    google = await stage.connectGoogle();
  });
  beforeEach(() => stage.google.honest());
  after(async () => stage.stop());

  let people = 0;
  const somebody = (...groups: string[]) => {
    const sub = `20${(people += 1)}`;
    const account = { sub, email: `${sub}@example.com`, hd: 'example.com' };
    stage.google.emails.set(sub, account.email);
    stage.google.memberOf.set(sub, groups);
    stage.google.signIn(account);
    return account;
  };
  const prompts = (): (string | null)[] => stage.google.authorizations.map((query) => query.get('prompt'));
  const state = async () => stage.admin(api.identityProviders.syncState, { params: { id: google.id } });
  /** Asks about everybody, and waits until somebody was. */
  const sync = async (): Promise<void> => {
    const before = stage.google.refreshed.length;
    await stage.admin(api.identityProviders.sync, { params: { id: google.id } });
    await waitFor(() => stage.google.refreshed.length > before, { within: 10, what: 'Google to be asked anew' });
  };
  const leave = async (call: Awaited<ReturnType<typeof loginByBrowser>>['call']): Promise<unknown> => call(api.sessions.logout, {});

  it('is asked for a refresh token by access_type, and groups follow without a login', async () => {
    const { sub } = somebody('crew@example.com', 'platform@example.com');
    const { call } = await loginByBrowser(stage.server, 'google');
    expect(stage.google.authorizations.map((query) => query.get('access_type'))).to.deep.equal(['offline']);
    expect(stage.google.authorizations[0]?.get('scope')).to.not.include('offline_access');
    expect(prompts()).to.deep.equal([null]);
    expect((await state()).withoutToken).to.equal(0);
    stage.google.memberOf.set(sub, ['crew@example.com']);
    await sync();
    await waitFor(async () => (await groupNames(call)).length === 1, { within: 10, what: 'the group to go' });
    // Who is gone at Google is out here.
    stage.google.suspend(sub);
    await sync();
    const isOut = async () => call(api.sessions.current, {}).then(() => false, () => true); // prettier-ignore
    await waitFor(isOut, { within: 10, what: 'the session to end' });
  });

  it('asks for consent once: its token is kept while nobody is logged in, without a question by it, and serves the next session', async () => {
    somebody('crew@example.com');
    const first = await loginByBrowser(stage.server, 'google');
    await leave(first.call);
    const asked = stage.google.refreshed.length;
    stage.sql('UPDATE refresh_tokens SET due_at = ?', new Date(0).toISOString());
    await stage.admin(api.identityProviders.sync, { params: { id: google.id } });
    await waitFor(() => stage.count('SELECT count(*) FROM refresh_tokens WHERE due_at > ?', new Date().toISOString()) > 0, {
      within: 20,
      what: 'the token to be put by',
    });
    expect([stage.google.refreshed.length, stage.google.revoked]).to.deep.equal([asked, []]);
    await loginByBrowser(stage.server, 'google');
    expect(prompts()).to.deep.equal([null, null]);
    expect((await state()).withoutToken).to.equal(0);
    await sync();
  });

  it('asks for consent within the login where none is kept, and Google gives none for it has asked before', async () => {
    somebody();
    await leave((await loginByBrowser(stage.server, 'google')).call);
    stage.sql('DELETE FROM refresh_tokens');
    stage.google.authorizations.length = 0;
    const { session } = await loginByBrowser(stage.server, 'google');
    expect(prompts()).to.deep.equal([null, 'consent']);
    expect(session.provider).to.equal('google');
    expect(stage.count('SELECT count(*) FROM refresh_tokens')).to.equal(1);
  });

  it('lets people in all the same when none comes even so, and asks no third time', async () => {
    somebody();
    stage.google.givesRefreshTokens = false;
    const before = (await state()).withoutToken;
    const { call } = await loginByBrowser(stage.server, 'google');
    expect(prompts()).to.deep.equal([null, 'consent']);
    expect((await state()).withoutToken).to.equal(before + 1);
    await leave(call);
  });

  it('takes nothing before consent was given: who says no there is not logged in', async () => {
    somebody();
    stage.google.givesRefreshTokens = false;
    stage.google.refusesConsent = true;
    const cli = newCliSide();
    const browser = newBrowser(stage.server);
    const before = stage.count('SELECT count(*) FROM accounts');
    const end = await browser.walk(loginUrl(stage.server, cli, 'google'));
    expect(new URL(end.url).searchParams.get('error')).to.equal('login.denied');
    expect(stage.count('SELECT count(*) FROM accounts')).to.equal(before);
  });

  it('row 15: the second part of a login is for the same browser, and the first is over with it', async () => {
    somebody();
    stage.google.givesRefreshTokens = false;
    const browser = newBrowser(stage.server);
    const isCallback = (url: string): boolean => url.includes('/login/callback/');
    const first = await browser.walk(loginUrl(stage.server, newCliSide(), 'google'), isCallback);
    const again = await browser.get(first.url);
    const second = await browser.walk(again.headers.get('location') ?? '', isCallback);
    expect(new URL(second.url).searchParams.get('state')).to.not.equal(new URL(first.url).searchParams.get('state'));
    expect((await newBrowser(stage.server).get(second.url)).status).to.equal(400);
    expect((await browser.get(first.url)).status).to.equal(400);
    expect((await browser.get(second.url)).headers.get('location')).to.include('code=');
  });

  it('is asked for none where only logins are to tell anything, and a login that tries it asks for no consent', async () => {
    somebody();
    await stage.admin(api.identityProviders.update, { params: { id: google.id }, body: { syncMinutes: null } });
    await loginByBrowser(stage.server, 'google');
    expect(stage.google.authorizations.map((query) => [query.get('access_type'), query.get('prompt')])).to.deep.equal([[null, null]]);
    await stage.admin(api.identityProviders.update, { params: { id: google.id }, body: { syncMinutes: 15 } });
    stage.google.authorizations.length = 0;
    const { result } = await tryByLogin(stage.server, stage.admin, google.id);
    expect(result.refusal).to.equal(null);
    expect(prompts()).to.deep.equal([null]);
    expect(result.steps.at(-1)?.detail).to.include('Google gives one with consent alone');
  });
});
