/** Row 19: where the settings close the login by a code, nothing of it opens anything, whatever was begun before. */
import { expect } from 'chai';
import { api } from '../../shared/api/index.ts';
import { newBrowser } from '../support/browser.ts';
import { approve, askForCode, decide, poll, signInWithCode, typeCode } from '../support/device-login.ts';
import { refusal } from '../support/refusal.ts';
import { startServer } from '../support/server.ts';
import { federationStage, type FederationStage } from './federation-stage.ts';

const closedWords = 'Whoever runs this server has closed logins by a code';

describe('a login by a code that the settings have closed', function () {
  this.timeout(60_000);
  let stage: FederationStage;
  before(async () => (stage = await federationStage()));
  after(async () => stage.stop());

  /** The same server, started anew. */
  const restarted = async (deviceLogin: 'on' | 'off') => {
    const { server } = stage;
    await server.stop();
    const { dataDir, port } = server;
    const again = await startServer({ dataDir, port, withAdmin: false, settings: { 'device-login': deviceLogin } });
    stage = { ...stage, server: again, stop: async () => Promise.all([again.stop(), stage.evil.stop()]).then(() => undefined) };
    return again;
  };

  it('row 19: what was asked for, typed, or let in before opens nothing, then or once it is open again', async () => {
    const open = stage.server;
    const [waiting, entered, signedIn, approved] = [
      await askForCode(open),
      await askForCode(open),
      await askForCode(open),
      await askForCode(open),
    ];
    const [atEntered, atSignedIn] = [newBrowser(open), newBrowser(open)];
    await typeCode(open, atEntered, entered.begun.userCode);
    const decision = await signInWithCode(open, atSignedIn, signedIn.begun.userCode);
    expect(decision.body).to.include('Let this terminal in?');
    await approve(open, approved.begun.userCode);

    const off = await restarted('off');
    for (const asking of [waiting, entered, signedIn, approved])
      expect((await refusal(poll(off, asking))).code).to.equal('device-login.closed');
    const pages = [
      await typeCode(off, newBrowser(off), waiting.begun.userCode),
      await atEntered.get(`${off.url}/device/sign-in?provider=acme`),
      await atSignedIn.get(decision.url),
      await decide(off, atSignedIn, decision),
    ];
    for (const { status, body, headers } of pages) {
      expect([status, body.includes(closedWords), headers.get('location')]).to.deep.equal([403, true, null]);
      expect(headers.getSetCookie()).to.deep.equal([]);
    }

    const on = await restarted('on');
    expect((await decide(on, atSignedIn, decision)).status).to.not.equal(303);
    for (const asking of [waiting, entered, signedIn, approved])
      expect((await refusal(poll(on, asking))).code).to.equal('device-login.expired-token');
    expect((await on.client()(api.server.info, {})).closedLoginMethods).to.deep.equal([]);
  });

  it('row 19: begins nothing, says so in the API and on every page, and names it closed beforehand', async () => {
    const off = await restarted('off');
    const refused = await refusal(askForCode(off));
    expect([refused.code, refused.status]).to.deep.equal(['device-login.closed', 403]);
    expect(refused.detail).to.include('--key-stdin').and.include('infra login');
    const paths = ['', '/sign-in', '/approve?code=x', '/approved', '/denied', '/failed?error=login.denied'];
    for (const path of paths.map((each) => `/device${each}`)) {
      const page = await newBrowser(off).get(off.url + path);
      expect([page.status, page.body.includes(closedWords)], path).to.deep.equal([403, true]);
    }
    const { loginMethods, closedLoginMethods } = await off.client()(api.server.info, {});
    expect(loginMethods).to.include.members(['password', 'browser']);
    expect(loginMethods).to.not.include('device');
    expect(closedLoginMethods).to.deep.equal(['device']);
  });
});
