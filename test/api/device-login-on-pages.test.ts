/** A login by a code, decided by somebody who signs in with a password on the server's own pages. */
import { expect } from 'chai';
import { newBrowser } from '../support/browser.ts';
import { askForCode, decide, poll, typeCode } from '../support/device-login.ts';
import { formOn, leadsTo, submit } from '../support/page-login.ts';
import { addSecondFactor } from '../support/second-factor.ts';
import { newPerson, startServer, type RunningServer } from '../support/server.ts';

describe('a login by a code, with a password', function () {
  this.timeout(60_000);
  let server: RunningServer;
  before(async () => (server = await startServer()));
  after(async () => server.stop());

  it('asks for password and second factor, then for the decision, and opens a session by password with its proof', async () => {
    const { call, password } = await newPerson(server, 'ana@example.com');
    const { app } = await addSecondFactor(call);
    const asking = await askForCode(server);
    const browser = newBrowser(server);
    await typeCode(server, browser, asking.begun.userCode);
    const choice = await browser.get(`${server.url}/device/sign-in`);
    expect(choice.body).to.include('Email and password').and.include('laptop');
    const page = await browser.get(`${server.url}/device/sign-in?provider=infra`);
    const second = await submit(browser, page, { email: 'ana@example.com', password });
    const end = await submit(browser, second, { code: app.next() });
    const decision = await browser.get(new URL(leadsTo(end) ?? '', server.url).href);
    expect(decision.body).to.include('ana@example.com').and.include('Approve');
    expect(formOn(decision).action).to.equal(`${server.url}/device/approve`);
    await decide(server, browser, decision);
    const { session } = await poll(server, asking);
    expect(session.method).to.equal('password');
    expect(session.mfaAt).to.be.a('string');
  });
});
