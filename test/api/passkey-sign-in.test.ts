/** A passkey as the whole of a login: what it opens, where it is offered, and which passkeys can. */
import { expect } from 'chai';
import { api } from '../../shared/api/index.ts';
import type { Call } from '../../shared/client.ts';
import { connect } from '../security/federation-stage.ts';
import { loginUrl, newBrowser, newCliSide } from '../support/browser.ts';
import { askForCode, decide, poll, typeCode } from '../support/device-login.ts';
import { leadsTo, openPasswordPage } from '../support/page-login.ts';
import { answerPasskey, asked, questionOn, signInByPasskey } from '../support/passkey-sign-in.ts';
import { addPasskey, type AddedPasskey } from '../support/passkeys.ts';
import { startScriptedProvider } from '../support/scripted-provider.ts';
import { addSecondFactor } from '../support/second-factor.ts';
import { newPerson, startServer, type RunningServer } from '../support/server.ts';
import { softwareAuthenticator } from '../support/software-authenticator.ts';

describe('a passkey alone', function () {
  this.timeout(60_000);
  let server: RunningServer;
  let ana: AddedPasskey & { readonly call: Call; readonly id: string };
  before(async () => {
    server = await startServer();
    expect(questionOn((await openPasswordPage(server)).page), 'nobody has one').to.equal(undefined);
    const { call, id: userId } = await newPerson(server, 'ana@example.com');
    ana = { call, ...(await addPasskey(server, call, { name: 'laptop' })), id: userId as never };
  });
  after(async () => server.stop());

  it('is asked for without an account, whoever is to be known by it is checked, and each page asks anew', async () => {
    const [one, other] = [asked((await openPasswordPage(server)).page), asked((await openPasswordPage(server)).page)];
    expect(one.options).to.deep.include({ rpId: 'localhost', userVerification: 'required', allowCredentials: [] });
    expect(one.options.challenge)
      .to.match(/^[\w-]{43}$/)
      .and.not.equal(other.options.challenge);
    expect(one.action).to.equal(`${server.url}/login/passkey`);
  });

  it('opens a session that says so, with a second factor proven, on record with the passkey', async () => {
    const before = new Date().toISOString();
    const { call, session } = await signInByPasskey(server, ana.authenticator);
    expect(session).to.deep.include({ method: 'passkey', provider: null });
    expect((session.mfaAt ?? '') >= before).to.equal(true);
    const me = await call(api.sessions.current, {});
    expect([me.identity.name, me.session.method]).to.deep.equal(['ana@example.com', 'passkey']);
    const { items } = await call(api.sessions.list, {});
    expect(items.map(({ method }) => method))
      .to.include('passkey')
      .and.include('password');
    const audit = await server.admin();
    const [succeeded] = (await audit(api.audit.list, { query: { event: 'login.succeeded', actor: 'ana@example.com', limit: 1 } })).items;
    const [factor] = (await call(api.secondFactors.list, {})).items;
    expect(succeeded?.details).to.deep.equal({ session: session.id, method: 'passkey', passkey: factor?.id });
    const [proven] = (await audit(api.audit.list, { query: { event: 'second-factor.proven', limit: 1 } })).items;
    expect(proven?.details).to.deep.include({ session: null, by: 'passkey' });
    expect(factor?.lastUsedAt).not.to.equal(null);
  });

  it('adds another second factor with a proof alone, as any session does', async () => {
    const { call } = await signInByPasskey(server, ana.authenticator);
    await addSecondFactor(call, ana.recoveryCodes[0] ?? '');
  });

  it('is enough whatever other second factors its owner has, and a synchronised one signs in again and again', async () => {
    const bea = await newPerson(server, 'bea@example.com');
    const { app } = await addSecondFactor(bea.call);
    const authenticator = softwareAuthenticator({ isSynchronised: true });
    await addPasskey(server, bea.call, { authenticator, code: app.next() });
    for (const times of [1, 2]) expect((await signInByPasskey(server, authenticator)).session.method, `${times}`).to.equal('passkey');
  });

  it('the list says which can, as far as their devices have told; an app cannot', async () => {
    const cy = await newPerson(server, 'cy@example.com');
    const codes = [...(await addSecondFactor(cy.call)).recoveryCodes];
    const key = softwareAuthenticator();
    for (const [name, isDiscoverable] of [
      ['yes', true],
      ['no', false],
      ['unknown', null],
    ] as const)
      await addPasskey(server, cy.call, {
        name,
        code: codes.shift() ?? '',
        lies: { isDiscoverable },
        ...(name === 'unknown' ? { authenticator: key } : {}),
      });
    const listed = async () =>
      Object.fromEntries((await cy.call(api.secondFactors.list, {})).items.map(({ name, signsInAlone }) => [name ?? 'app', signsInAlone]));
    expect(await listed()).to.deep.equal({ app: false, yes: true, no: false, unknown: null });
    await signInByPasskey(server, key);
    expect(await listed()).to.deep.include({ unknown: true });
  });

  it('lets a terminal in by a code, and is one of the ways where there are several providers', async () => {
    const program = await askForCode(server);
    const browser = newBrowser(server);
    await typeCode(server, browser, program.begun.userCode);
    const page = await browser.get(`${server.url}/device/sign-in`);
    const end = await answerPasskey(server, { browser, page }, ana.authenticator);
    const decision = await browser.walk(new URL(leadsTo(end) ?? '', server.url).href);
    expect(decision.body).to.include('You are ana@example.com');
    await decide(server, browser, decision);
    expect((await poll(server, program)).session).to.deep.include({ method: 'passkey' });

    const idp = await startScriptedProvider();
    try {
      for (const name of ['acme', 'beta']) await connect(server, idp, name);
      const choice = await browser.get(loginUrl(server, newCliSide()));
      expect(choice.body).to.include('With which account?');
      expect(leadsTo(await answerPasskey(server, { browser, page: choice }, ana.authenticator))).to.match(/^http:\/\/127\.0\.0\.1:43210\//);
    } finally {
      await idp.stop();
    }
  });

  it('with the setting off it is asked for nowhere and taken nowhere, and stays a second factor', async () => {
    const strict = await startServer({ settings: { 'passkey-login': 'off' } });
    try {
      const dan = await newPerson(strict, 'dan@example.com');
      await addPasskey(strict, dan.call);
      expect((await dan.call(api.secondFactors.list, {})).items.map(({ signsInAlone }) => signsInAlone)).to.deep.equal([false]);
      const { browser, page } = await openPasswordPage(strict);
      expect(questionOn(page)).to.equal(undefined);
      const login = /name="login" value="([^"]*)"/.exec(page.body)?.[1] ?? '';
      const credential = softwareAuthenticator();
      credential.create({ challenge: 'x', user: { id: 'x' } }, strict.url);
      const passkey = JSON.stringify(credential.get({ challenge: 'x', rpId: 'localhost' }, strict.url));
      const refused = await browser.post(`${strict.url}/login/passkey`, { login, step: 'x', passkey });
      expect([refused.status, leadsTo(refused)]).to.deep.equal([409, undefined]);
      expect(refused.body).to.include('takes no passkey without a password');
    } finally {
      await strict.stop();
    }
  });
});
