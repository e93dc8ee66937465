/** Row 19: a login by a code is let in by whoever typed the code, saw who asked and said so, once; and by nothing else. */
import Sqlite from 'better-sqlite3';
import { expect } from 'chai';
import { api } from '../../shared/api/index.ts';
import { newBrowser } from '../support/browser.ts';
import { approve, askForCode, codeIn, decide, poll, signInWithCode, typeCode, type AskingProgram } from '../support/device-login.ts';
import { refusal } from '../support/refusal.ts';
import { federationStage, type FederationStage } from './federation-stage.ts';
import { postLogout, signedLogout } from './logout-token.ts';

const never = 'No login waits for this code';
const over = 'This login is over';

describe('a login by a code', function () {
  this.timeout(60_000);
  let stage: FederationStage;
  before(async () => (stage = await federationStage()));
  beforeEach(() => {
    stage.evil.honest();
    // Refusals count against this address, which all of these share.
    sql('DELETE FROM login_attempts');
  });
  after(async () => stage.stop());

  const sql = (statement: string, ...values: readonly string[]): void => {
    const database = new Sqlite(stage.server.databaseFile);
    database.prepare(statement).run(...values);
    database.close();
  };
  const ask = async (host?: string): Promise<AskingProgram> => askForCode(stage.server, host);
  /** As if it had waited. */
  const pollAtLeisure = async (asking: AskingProgram) => {
    sql('UPDATE device_logins SET polled_at = NULL');
    return poll(stage.server, asking);
  };
  const refused = async (work: Promise<unknown>, code = 'device-login.expired-token') => expect((await refusal(work)).code).to.equal(code);
  const somebody = (sub: string): void => {
    stage.evil.person = { sub, email: `${sub}@example.com`, email_verified: true, sid: sub };
  };

  it('row 19: the page shows from where, when and for what it was asked, before signing in and before deciding', async () => {
    const { begun } = await ask('build-7');
    sql('UPDATE device_logins SET source_address = ?, created_at = ?', '203.0.113.9', new Date(Date.now() - 125_000).toISOString());
    const browser = newBrowser(stage.server);
    await typeCode(stage.server, browser, begun.userCode);
    const before = await browser.get(`${stage.server.url}/device/sign-in`);
    const after = await signInWithCode(stage.server, browser, begun.userCode);
    for (const { body } of [before, after]) {
      expect(body).to.contain('<dt>Asked from the address</dt><dd>203.0.113.9</dd>');
      expect(body).to.contain('<dt>Your own address</dt><dd>127.0.0.1</dd>');
      expect(body).to.match(/<dt>Asked<\/dt><dd>2m\ds ago, at \d\d:\d\d:\d\d UTC<\/dd>/);
      expect(body).to.contain('unchecked</dt><dd>build-7').and.contain('A code that somebody else sent you');
    }
    expect(after.body).to.contain('You are ana@example.com.');
  });

  it('row 19: what a program says of itself holds no sentence for who reads it, and no code for the page', async () => {
    for (const host of ['Approved by your IT', '<b>x</b>', 'a\u202eb', 'x'.repeat(65)]) await refused(ask(host), 'request.invalid');
    const codeChallenge = 'c'.repeat(43);
    for (const agent of ['Approved by your IT department', '<img/src=x> onerror=alert(1)', 'y'.repeat(200)]) {
      const answer = await stage.server.request('/api/v1/login/device', {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'user-agent': agent },
        body: JSON.stringify({ codeChallenge }),
      });
      const { userCode } = (await answer.json()) as { userCode: string };
      const { body } = await signInWithCode(stage.server, newBrowser(stage.server), userCode);
      expect(body).to.not.contain('<img').and.not.contain('y'.repeat(40)).and.not.contain('your IT');
    }
  });

  it('row 19: a link types no code, neither one of its own nor the one that is complete', async () => {
    const { begun } = await ask();
    expect(Object.keys(begun)).to.not.include('verificationUriComplete');
    const browser = newBrowser(stage.server);
    const plain = await browser.get(`${stage.server.url}/device`);
    for (const query of [`code=${begun.userCode}`, `user_code=${begun.userCode}`]) {
      const linked = await browser.get(`${stage.server.url}/device?${query}`);
      expect([linked.status, linked.body, linked.headers.get('set-cookie')]).to.deep.equal([200, plain.body, null]);
    }
    for (const path of ['/device/sign-in', '/device/sign-in?provider=acme'])
      expect((await browser.get(stage.server.url + path)).body, path).to.contain(over);
  });

  it('row 19: nothing is approved by a link, nor without the button', async () => {
    const asking = await ask();
    const browser = newBrowser(stage.server);
    const page = await signInWithCode(stage.server, browser, asking.begun.userCode);
    const code = codeIn(page);
    await browser.get(`${stage.server.url}/device/approve?code=${code}&decision=approved`);
    await browser.post(`${stage.server.url}/device/approve?decision=approved`, { code });
    await browser.post(`${stage.server.url}/device/approve`, { code, decision: 'yes' });
    await refused(pollAtLeisure(asking), 'device-login.authorization-pending');
    await decide(stage.server, browser, page);
    expect((await pollAtLeisure(asking)).session.identity.name).to.equal('ana@example.com');
  });

  it('row 29: another site’s form neither types a code nor approves', async () => {
    const asking = await ask();
    const browser = newBrowser(stage.server);
    const page = await signInWithCode(stage.server, browser, asking.begun.userCode);
    const foreign: readonly Readonly<Record<string, string>>[] = [
      { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' },
      { 'sec-fetch-site': 'same-site', origin: 'null' },
      { 'sec-fetch-site': 'none' },
      { 'sec-fetch-site': '' },
      { origin: 'https://evil.example' },
      { 'content-type': 'text/plain' },
    ];
    for (const headers of foreign) {
      const approved = await browser.post(`${stage.server.url}/device/approve`, { code: codeIn(page), decision: 'approved' }, headers);
      const typed = await browser.post(`${stage.server.url}/device`, { code: asking.begun.userCode }, headers);
      expect([approved.status, typed.status], JSON.stringify(headers)).to.satisfy((both: number[]) => both.every((each) => each >= 403));
    }
    await refused(pollAtLeisure(asking), 'device-login.authorization-pending');
  });

  it('row 19: only the browser that typed the code decides about it, and the one that typed it last', async () => {
    const asking = await ask();
    const [first, second] = [newBrowser(stage.server), newBrowser(stage.server)];
    const page = await signInWithCode(stage.server, first, asking.begun.userCode);
    // The code of the sign-in alone, out of an address that was seen.
    expect((await newBrowser(stage.server).get(`${stage.server.url}/device/approve?code=${codeIn(page)}`)).status).to.equal(400);
    expect((await decide(stage.server, newBrowser(stage.server), page)).status).to.equal(400);
    // Somebody else’s, in a browser that has typed a code of its own: an attacker’s sign-in for the victim’s terminal, or the reverse.
    const other = await ask();
    const otherPage = await signInWithCode(stage.server, second, other.begun.userCode);
    expect((await decide(stage.server, second, page)).body).to.contain(over);
    expect((await decide(stage.server, first, otherPage)).body).to.contain(over);
    // Typed again elsewhere.
    await typeCode(stage.server, second, asking.begun.userCode);
    expect((await decide(stage.server, first, page)).body).to.contain(over);
    for (const each of [asking, other]) await refused(pollAtLeisure(each), 'device-login.authorization-pending');
  });

  it('row 15: the code of a sign-in for a terminal elsewhere is none for a CLI at the loopback', async () => {
    const asking = await ask();
    const page = await signInWithCode(stage.server, newBrowser(stage.server), asking.begun.userCode);
    const body = { code: codeIn(page), codeVerifier: asking.verifier };
    await refused(stage.server.client()(api.login.browser, { body }), 'token.invalid');
  });

  it('row 19: codes are known in whatever way they are typed, and unknown, used and old ones are answered alike', async () => {
    const { begun } = await ask();
    expect(begun.userCode).to.match(/^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/);
    const browser = newBrowser(stage.server);
    for (const typed of [begun.userCode, begun.userCode.replace('-', '').toLowerCase(), ` ${begun.userCode.replace('-', ' – ')} `])
      expect((await typeCode(stage.server, browser, typed)).status, typed).to.equal(303);
    const used = await ask();
    await approve(stage.server, used.begun.userCode);
    const old = await ask();
    sql('UPDATE device_logins SET expires_at = ? WHERE state = ? AND browser_hash IS NULL', new Date().toISOString(), 'waiting');
    const answers = [];
    for (const code of ['BCDF-GHJK', '', 'x', used.begun.userCode, old.begun.userCode]) {
      const { status, body, headers } = await typeCode(stage.server, browser, code);
      answers.push([status, body, headers.get('set-cookie')]);
    }
    expect(answers[0]?.[1]).to.contain(never);
    for (const answer of answers) expect(answer).to.deep.equal(answers[0]);
  });

  it('row 19: a login is over after ten minutes, in the browser and for the program', async () => {
    const asking = await ask();
    expect(asking.begun.expiresInSeconds).to.equal(600);
    const browser = newBrowser(stage.server);
    const page = await signInWithCode(stage.server, browser, asking.begun.userCode);
    const approved = await ask();
    await approve(stage.server, approved.begun.userCode);
    sql('UPDATE device_logins SET expires_at = ?', new Date(Date.now() - 1).toISOString());
    expect((await decide(stage.server, browser, page)).body).to.contain(over);
    for (const each of [asking, approved]) await refused(pollAtLeisure(each));
  });

  it('row 19: a session is opened once, of ten who ask at once for one', async () => {
    const asking = await ask();
    await approve(stage.server, asking.begun.userCode);
    const asked = Array.from({ length: 10 }, async () => poll(stage.server, asking));
    const opened = (await Promise.allSettled(asked)).filter(({ status }) => status === 'fulfilled');
    expect(opened).to.have.length(1);
    await refused(pollAtLeisure(asking));
  });

  it('row 19: a device code that was read somewhere opens nothing without the verifier, and is spent when it is tried', async () => {
    const asking = await ask();
    await approve(stage.server, asking.begun.userCode);
    await refused(poll(stage.server, { ...asking, verifier: 'v'.repeat(43) }));
    await refused(pollAtLeisure(asking));
  });

  it('row 19: who asks too soon is told to slow down, five seconds more each time, and gets no session by it', async () => {
    const asking = await ask();
    await refused(poll(stage.server, asking), 'device-login.authorization-pending');
    for (const seconds of [10, 15]) {
      const answer = await stage.server.request('/api/v1/login/device/token', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ deviceCode: asking.begun.deviceCode, codeVerifier: asking.verifier }),
      });
      expect([answer.status, answer.headers.get('retry-after')]).to.deep.equal([400, String(seconds)]);
      expect(((await answer.json()) as { code: string }).code).to.equal('device-login.slow-down');
    }
    await approve(stage.server, asking.begun.userCode);
    // Seven seconds were enough before.
    sql('UPDATE device_logins SET polled_at = ?', new Date(Date.now() - 7000).toISOString());
    await refused(poll(stage.server, asking), 'device-login.slow-down');
    await stage.server.stop();
    await stage.server.start();
    sql('UPDATE device_logins SET polled_at = ?', new Date(Date.now() - 17_000).toISOString());
    await refused(poll(stage.server, asking), 'device-login.slow-down');
    sql('UPDATE device_logins SET polled_at = ?', new Date(Date.now() - 25_000).toISOString());
    expect((await poll(stage.server, asking)).status).to.equal('session');
  });

  it('row 19: denied is denied, however often it is asked, and the sign-in is worth nothing any more', async () => {
    const asking = await ask();
    const browser = newBrowser(stage.server);
    const page = await signInWithCode(stage.server, browser, asking.begun.userCode);
    expect((await decide(stage.server, browser, page, 'denied')).headers.get('location')).to.equal('/device/denied');
    expect((await decide(stage.server, browser, page)).status).to.equal(400);
    for (const _ of [1, 2]) await refused(pollAtLeisure(asking), 'device-login.access-denied');
    expect((await typeCode(stage.server, browser, asking.begun.userCode)).body).to.contain(never);
  });

  describe('row 11: between the approval and the question for the session', () => {
    const admin = async () => stage.server.admin();
    const idOf = async (email: string) => (await (await admin())(api.users.list, { query: { email } })).items[0]?.id ?? '';
    const meanwhile: Readonly<Record<string, (who: string) => Promise<unknown>>> = {
      'a person who was disabled': async (who) => (await admin())(api.users.disable, { params: { id: await idOf(`${who}@example.com`) } }),
      'a person who was disabled and enabled again': async (who) => {
        const params = { id: await idOf(`${who}@example.com`) };
        await (
          await admin()
        )(api.users.disable, { params });
        await (
          await admin()
        )(api.users.enable, { params });
      },
      'a person whose access was revoked': async (who) =>
        (await admin())(api.users.revoke, { params: { id: await idOf(`${who}@example.com`) } }),
      'a person who was logged out at the provider': async (who) =>
        postLogout(stage.server, await signedLogout(stage.evil, { sub: who, sid: who }), 'acme'),
      'people of a provider that was closed, and opened again': async () => {
        await (
          await admin()
        )(api.identityProviders.disable, { params: { id: stage.acme.id } });
        await (
          await admin()
        )(api.identityProviders.enable, { params: { id: stage.acme.id } });
      },
    };
    for (const [title, happens] of Object.entries(meanwhile))
      it(`${title} let nothing in`, async () => {
        const who = title.replaceAll(/[^a-z]/g, '');
        somebody(who);
        const asking = await ask();
        await approve(stage.server, asking.begun.userCode);
        await happens(who);
        await refused(pollAtLeisure(asking));
      });

    it('somebody who ends all sessions but this one ends this as well', async () => {
      somebody('tidy');
      const [first, second] = [await ask(), await ask()];
      await approve(stage.server, first.begun.userCode);
      const { secret } = await pollAtLeisure(first);
      await approve(stage.server, second.begun.userCode);
      await stage.server.client(secret)(api.sessions.revokeOthers, {});
      await refused(pollAtLeisure(second));
    });

    it('one whose name was shown and who was disabled before they pressed Approve approves nothing', async () => {
      somebody('late');
      const asking = await ask();
      const browser = newBrowser(stage.server);
      const page = await signInWithCode(stage.server, browser, asking.begun.userCode);
      await (
        await admin()
      )(api.users.disable, { params: { id: await idOf('late@example.com') } });
      expect((await decide(stage.server, browser, page)).body).to.contain(over);
      await refused(pollAtLeisure(asking), 'device-login.authorization-pending');
    });
  });

  describe('row 28: limits', () => {
    const wrong = async (browser = newBrowser(stage.server)) => typeCode(stage.server, browser, 'BCDF-GHJK');
    const failures = (bucket: string, count: number): void => sql(`UPDATE login_attempts SET failures = ${count} WHERE bucket = ?`, bucket);

    it('thirty codes that wait for nothing are an address’s for a quarter of an hour; a right one among them is not looked at', async () => {
      const { begun } = await ask();
      for (let tries = 0; tries < 30; tries += 1) expect((await wrong()).status).to.equal(400);
      const { status, headers, body } = await typeCode(stage.server, newBrowser(stage.server), begun.userCode);
      expect([status, body]).to.satisfy(([code, text]: [number, string]) => code === 429 && text.includes('Too many attempts'));
      expect(Number(headers.get('retry-after'))).to.be.within(1, 900);
    });

    it('codes of one’s own pay for no guesses', async () => {
      await wrong();
      failures('user-code:127.0.0.1', 29);
      const { begun } = await ask();
      await typeCode(stage.server, newBrowser(stage.server), begun.userCode);
      await wrong();
      expect((await wrong()).status).to.equal(429);
    });

    it('guesses from everywhere are counted together', async () => {
      await wrong();
      failures('user-code', 2000);
      expect((await wrong()).status).to.equal(429);
    });

    it('an address that asks for codes without end is told to wait', async () => {
      await ask();
      failures('device-login:127.0.0.1', 200);
      await refused(ask(), 'login.rate-limited');
    });
  });

  it('row 34: what is stored opens nothing: neither code stands in the database', async () => {
    const { begun } = await ask();
    const database = new Sqlite(stage.server.databaseFile, { readonly: true });
    const rows = JSON.stringify([
      database.prepare('SELECT * FROM device_logins').all(),
      database.prepare('SELECT * FROM audit_events').all(),
    ]);
    database.close();
    for (const secret of [begun.deviceCode, begun.userCode, begun.userCode.replace('-', '')]) expect(rows).to.not.contain(secret);
  });

  it('its cookie is for this host and https alone, out of a script’s reach, and gone with the decision', async () => {
    const { begun } = await ask();
    const browser = newBrowser(stage.server);
    const { headers } = await typeCode(stage.server, browser, begun.userCode);
    expect(headers.get('set-cookie')).to.match(
      /^__Host-infra-device=infra_browser_[\w-]{43}; Path=\/; Max-Age=(600|59\d); Secure; HttpOnly; SameSite=Lax$/,
    );
    const decided = await decide(stage.server, browser, await signInWithCode(stage.server, browser, begun.userCode));
    expect(decided.headers.get('set-cookie')).to.match(/^__Host-infra-device=; .*Max-Age=0/);
  });
});
