/** A passkey as the whole of a login under attack: rows 11, 15, 26, 28 and 41. */
import Sqlite from 'better-sqlite3';
import { expect } from 'chai';
import { generateKeyPairSync } from 'node:crypto';
import { api } from '../../shared/api/index.ts';
import type { Call } from '../../shared/client.ts';
import { exchange, loginByBrowser, loginUrl, newBrowser, newCliSide, type Visited } from '../support/browser.ts';
import { formOn, leadsTo, openPasswordPage, submit } from '../support/page-login.ts';
import { answerPasskey, asked, sendPasskey, signInByPasskey } from '../support/passkey-sign-in.ts';
import { addPasskey, passkeyProof, type AddedPasskey } from '../support/passkeys.ts';
import { refusal } from '../support/refusal.ts';
import { startScriptedProvider } from '../support/scripted-provider.ts';
import { newPerson, startServer, type RunningServer } from '../support/server.ts';
import type { Lies } from '../support/software-authenticator.ts';
import { connect } from './federation-stage.ts';
import { afterPassword } from './page-login-stage.ts';

const chosen = 'another lantern by the harbour';

describe('a passkey alone under attack', function () {
  this.timeout(120_000);
  let server: RunningServer;
  let mia: Holder;
  before(async () => {
    server = await startServer();
    mia = await holder('mia');
  });
  // Refusals count against this address, which all of these share.
  beforeEach(() => sql((database) => database.prepare('DELETE FROM login_attempts').run()));
  after(async () => server.stop());

  interface Holder extends AddedPasskey {
    readonly email: string;
    readonly password: string;
    readonly userId: string;
    readonly call: Call;
  }
  async function holder(name: string): Promise<Holder> {
    const email = `${name}@example.com`;
    const { call, id: userId, password } = await newPerson(server, email);
    return { ...(await addPasskey(server, call)), email, password, userId, call };
  }
  function sql<Result>(work: (database: Sqlite.Database) => Result): Result {
    const database = new Sqlite(server.databaseFile);
    try {
      return work(database);
    } finally {
      database.close();
    }
  }
  const handleOf = (id: string): string => Buffer.from(id).toString('base64url');
  function expectRefusal({ status, body }: Visited, words = 'This passkey logs nobody in here'): void {
    expect([status, leadsTo({ body } as Visited)], body).to.deep.equal([401, undefined]);
    expect(body).to.include(words).and.not.include('infra_code_');
  }
  const opens = async (person: Holder): Promise<boolean> => {
    const login = await openPasswordPage(server);
    return leadsTo(await answerPasskey(server, login, person.authenticator)) !== undefined;
  };
  /** Where the next step asks for this passkey, after the password. */
  const answerAfterPassword = async (person: Holder): Promise<Visited> => {
    const { browser, next } = await afterPassword(server, person);
    return answerPasskey(server, { browser, page: next }, person.authenticator);
  };
  const reasons = async (): Promise<string[]> => {
    const { items } = await (await server.admin())(api.audit.list, { query: { event: 'login.refused', limit: 5 } });
    return items.map(({ details }) => ('reason' in details ? (details.reason ?? '') : ''));
  };

  const lies: Readonly<Record<string, (other: Holder) => Lies>> = {
    'for another origin': () => ({ origin: 'https://infra.example.com' }),
    'for the same host at another port': () => ({ origin: 'https://localhost:1' }),
    'for our origin with more behind it': () => ({ origin: 'https://localhost.example.com' }),
    'without TLS': () => ({ origin: 'http://localhost' }),
    'for another relying party': () => ({ rpId: 'example.com' }),
    'of another challenge': () => ({ challenge: 'AAAA' }),
    'of the other ceremony': () => ({ type: 'webauthn.create' }),
    'in a frame of another site': () => ({ crossOrigin: true }),
    'with a page around it': () => ({ topOrigin: 'https://evil.example.com' }),
    'of somebody whom the authenticator did not check': () => ({ isVerified: false }),
    'of nobody': () => ({ isPresent: false, isVerified: false }),
    'of a credential that may be copied now': () => ({ isBackupEligible: true, isBackedUp: true }),
    'signed by another key': () => ({ key: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey }),
    'of a credential that nobody has': () => ({ credentialId: 'AAAA' }),
    'of a credential of somebody else than it names': ({ authenticator }) => ({ credentialId: authenticator.credentialId() }),
    'that names nobody': () => ({ userHandle: null }),
    'that names nothing': () => ({ userHandle: 'AAAA' }),
    'that names somebody else, who has a passkey too': ({ userId }) => ({ userHandle: handleOf(userId) }),
    'whose count fell to nothing': () => ({ signCount: 0 }),
  };
  it('row 41: nothing but the truth opens the door, and all the rest gets one and the same page', async () => {
    const eve = await holder('eve');
    await signInByPasskey(server, mia.authenticator);
    const seen = new Set<string>();
    for (const [what, lie] of Object.entries(lies)) {
      sql((database) => database.prepare('DELETE FROM login_attempts').run());
      const login = await openPasswordPage(server);
      const refused = await answerPasskey(server, login, mia.authenticator, lie(eve));
      expect(leadsTo(refused), what).to.equal(undefined);
      expectRefusal(refused);
      const { values, options } = asked(refused);
      seen.add(
        [values['login'] ?? '', values['step'] ?? '', options.challenge].reduce(
          (text, secret) => text.replaceAll(secret, '…'),
          refused.body,
        ),
      );
      // The same login goes on, by the question that its new page asks.
      expect(leadsTo(await answerPasskey(server, { ...login, page: refused }, mia.authenticator)), what).to.include('code=');
    }
    expect(seen.size).to.equal(1);
  });

  it('row 41: a copy shows by its count, on record with its owner', async () => {
    const person = await holder('cloned');
    const copy = person.authenticator.copy();
    await signInByPasskey(server, person.authenticator);
    expectRefusal(await answerPasskey(server, await openPasswordPage(server), copy));
    const { items } = await (await server.admin())(api.audit.list, { query: { event: 'login.refused', limit: 1 } });
    expect(items[0]?.details).to.deep.include({ attempted: person.email, method: 'passkey' });
    expect((await reasons())[0]).to.include('there may be a copy of it');
  });

  it('row 41: an answer is looked at once: not again after it failed, not after it held, not twice at the same moment', async () => {
    const login = await openPasswordPage(server);
    const { options } = asked(login.page);
    const [wrong, right] = [mia.authenticator.get(options, server.url, { isVerified: false }), mia.authenticator.get(options, server.url)];
    expectRefusal(await sendPasskey(login, wrong));
    expectRefusal(await sendPasskey(login, right));
    const next = await openPasswordPage(server);
    const answer = mia.authenticator.get(asked(next.page).options, server.url);
    const answers = await Promise.all([1, 2, 3].map(async () => sendPasskey(next, answer)));
    expect(answers.filter((page) => leadsTo(page) !== undefined)).to.have.length(1);
    const late = await sendPasskey(next, answer);
    expect([late.status, leadsTo(late)]).to.deep.equal([400, undefined]);
  });

  it('row 15: the answer for one login or browser is none for another, nor is its question', async () => {
    const [mine, other] = [await openPasswordPage(server), await openPasswordPage(server)];
    const answer = mia.authenticator.get(asked(mine.page).options, server.url);
    // With the other login's own question, and with mine carried over.
    expectRefusal(await sendPasskey(other, answer));
    const { action, values } = asked(mine.page);
    const third = await openPasswordPage(server);
    const carried = { ...asked(third.page).values, step: values['step'] ?? '', passkey: JSON.stringify(answer) };
    expectRefusal(await third.browser.post(action, carried));
    const thief = await newBrowser(server).post(action, { ...values, passkey: JSON.stringify(answer) });
    expect([thief.status, leadsTo(thief)]).to.deep.equal([400, undefined]);
    const foreign = await mine.browser.post(action, { ...values, passkey: JSON.stringify(answer) }, { 'sec-fetch-site': 'cross-site' });
    expect(foreign.status).to.equal(403);
    expect(leadsTo(await sendPasskey(mine, answer))).to.include('code=');
  });

  it('row 15: a question holds ten minutes at most, and never longer than its login', async () => {
    const login = await openPasswordPage(server);
    const answer = mia.authenticator.get(asked(login.page).options, server.url);
    sql((database) => database.prepare("UPDATE tokens SET expires_at = ? WHERE kind = 'passkey'").run(new Date().toISOString()));
    expectRefusal(await sendPasskey(login, answer));
    const late = await openPasswordPage(server);
    sql((database) => database.prepare('UPDATE browser_logins SET expires_at = ?').run(new Date().toISOString()));
    expect((await answerPasskey(server, late, mia.authenticator)).body).to.include('This login is over');
  });

  it('row 26: a question is no other step of a login, and no other step is a question', async () => {
    const login = await openPasswordPage(server);
    const { values } = asked(login.page);
    const answer = mia.authenticator.get(asked(login.page).options, server.url);
    const passkey = JSON.stringify(answer);
    const asSecond = await login.browser.post(`${server.url}/login/second-factor`, { ...values, passkey });
    expect(leadsTo(asSecond)).to.equal(undefined);
    const { browser, next } = await afterPassword(server, mia);
    const second = asked(next);
    const after = JSON.stringify(mia.authenticator.get(second.options, server.url));
    expectRefusal(await browser.post(`${server.url}/login/passkey`, { ...second.values, passkey: after }));
    const code = { mfaToken: values['step'] ?? '', code: mia.recoveryCodes[0] ?? '' };
    expect((await refusal(server.client()(api.login.secondFactor, { body: code }))).code).to.equal('token.invalid');
  });

  it('row 15: a login that is at a provider is not finished by a passkey; who comes by a provider alone comes by it alone', async () => {
    const idp = await startScriptedProvider();
    try {
      await connect(server, idp, 'acme');
      const { call } = await loginByBrowser(server, 'acme');
      const { authenticator } = await addPasskey(server, call);
      expect((await call(api.secondFactors.list, {})).items.map(({ signsInAlone }) => signsInAlone)).to.deep.equal([false]);
      expectRefusal(await answerPasskey(server, await openPasswordPage(server), authenticator), 'You have no password here');
      expect((await reasons())[0]).to.equal('account without password');
      const browser = newBrowser(server);
      const { headers } = await browser.get(loginUrl(server, newCliSide(), 'acme'));
      const login = new URL(headers.get('location') ?? '').searchParams.get('state') ?? '';
      const own = await openPasswordPage(server);
      const passkey = JSON.stringify(mia.authenticator.get(asked(own.page).options, server.url));
      const end = await browser.post(`${server.url}/login/passkey`, { ...asked(own.page).values, login, passkey });
      expect([end.status, leadsTo(end)]).to.deep.equal([400, undefined]);
    } finally {
      await idp.stop();
    }
  });

  it('row 11: an account that is disabled has no passkey', async () => {
    const person = await holder('disabled');
    const admin = await server.admin();
    await admin(api.users.disable, { params: { id: person.userId } });
    expectRefusal(await answerPasskey(server, await openPasswordPage(server), person.authenticator));
    expect((await reasons())[0]).to.equal('account disabled');
  });

  for (const [what, end] of [
    ['an admin’s reset of second factors', async (id: string) => (await server.admin())(api.secondFactors.reset, { params: { id } })],
    ['the removal of the user', async (id: string) => (await server.admin())(api.users.remove, { params: { id } })],
  ] as const)
    it(`row 41: ${what} takes the passkey away`, async () => {
      const person = await holder(`gone-${what.length}`);
      await end(person.userId);
      expectRefusal(await answerPasskey(server, await openPasswordPage(server), person.authenticator));
      expect((await reasons())[0]).to.equal('no passkey of whom it names');
    });

  it('row 26: a reset of the password puts out a passkey too, until it was used beside the new one', async () => {
    const person = await holder('reset');
    const admin = await server.admin();
    const { oneTimePassword } = await admin(api.users.resetPassword, { params: { id: person.userId } });
    const refused = await answerPasskey(server, await openPasswordPage(server), person.authenticator);
    expectRefusal(refused, 'log in with the one-time password first');
    // By a recovery code, the passkey has shown nothing yet.
    const begun = await afterPassword(server, { email: person.email, password: oneTimePassword });
    const change = await submit(
      begun.browser,
      { ...begun.next, body: withoutPasskey(begun.next) },
      { code: person.recoveryCodes[0] ?? '' },
    );
    expect(leadsTo(await submit(begun.browser, change, { password: chosen, again: chosen }))).to.include('code=');
    expectRefusal(
      await answerPasskey(server, await openPasswordPage(server), person.authenticator),
      'Log in with your password and this passkey once',
    );
    expect(leadsTo(await answerAfterPassword({ ...person, password: chosen }))).to.include('code=');
    expect(await opens(person)).to.equal(true);
  });

  it('row 26: a one-time password and the passkey, and it does alone from then on', async () => {
    const person = await holder('one-time');
    const { oneTimePassword } = await (await server.admin())(api.users.resetPassword, { params: { id: person.userId } });
    const begun = await afterPassword(server, { email: person.email, password: oneTimePassword });
    const change = await answerPasskey(server, { browser: begun.browser, page: begun.next }, person.authenticator);
    expect(leadsTo(await submit(begun.browser, change, { password: chosen, again: chosen }))).to.include('code=');
    expect(await opens(person)).to.equal(true);
  });

  it('row 11: whatever ends all of a person’s sessions does so: revocation, a password of their own, being disabled for a moment', async () => {
    const admin = await server.admin();
    const person = await holder('revoked');
    const id = person.userId;
    const again = async (): Promise<void> => {
      expect(await opens(person)).to.equal(false);
      expect((await reasons())[0]).to.equal('not used beside a password since all sessions were ended');
      expect(leadsTo(await answerAfterPassword(person))).to.include('code=');
      expect(await opens(person)).to.equal(true);
    };
    await admin(api.users.revoke, { params: { id } });
    await again();
    await admin(api.users.disable, { params: { id } });
    await admin(api.users.enable, { params: { id } });
    await again();
    const { call } = await signInByPasskey(server, person.authenticator);
    await call(api.sessions.changeOwnPassword, { body: { currentPassword: person.password, newPassword: chosen } });
    expect((await call(api.secondFactors.list, {})).items.map(({ signsInAlone }) => signsInAlone)).to.deep.equal([false]);
    expect(await opens(person)).to.equal(false);
    // A proof in a session does as well: whoever has one came in by something else.
    await passkeyProof(server, call, { authenticator: person.authenticator });
    expect(await opens(person)).to.equal(true);
  });

  it('row 11: a code is void once its passkey was removed, the password reset or the person put out', async () => {
    const dies = async (name: string, meanwhile: (person: Holder) => Promise<unknown>): Promise<void> => {
      const person = await holder(name);
      const login = await openPasswordPage(server);
      const url = leadsTo(await answerPasskey(server, login, person.authenticator)) ?? '';
      await meanwhile(person);
      expect((await refusal(exchange(server, url, login.cli))).code, name).to.equal('token.invalid');
    };
    await dies('removed', async ({ call, id, recoveryCodes: [code = ''] }) =>
      call(api.secondFactors.remove, { params: { id }, body: { code } }),
    );
    const admin = await server.admin();
    await dies('reset-meanwhile', async ({ userId }) => admin(api.users.resetPassword, { params: { id: userId } }));
    await dies('disabled-meanwhile', async ({ userId }) => admin(api.users.disable, { params: { id: userId } }));
  });

  it('row 28: ten wrong answers, and none is looked at any more; a flood by nobody is written down once', async () => {
    const person = await holder('guessed');
    for (let guess = 0; guess < 10; guess += 1)
      expectRefusal(await answerPasskey(server, await openPasswordPage(server), person.authenticator, { isVerified: false }));
    const over = await answerPasskey(server, await openPasswordPage(server), person.authenticator);
    expect([over.status, Number(over.headers.get('retry-after')) > 0, leadsTo(over)]).to.deep.equal([429, true, undefined]);
    expect(over.body).to.include('Too many attempts');
    // Others at this address go on, and so does the password.
    expect(await opens(mia)).to.equal(true);
    expect((await afterPassword(server, person)).next.status).to.equal(200);
    const count = (): number =>
      sql(
        (database) => database.prepare("SELECT count(*) FROM audit_events WHERE body LIKE '%no passkey of whom%'").pluck().get() as number,
      );
    const before = count();
    for (let guess = 0; guess < 13; guess += 1)
      await answerPasskey(server, await openPasswordPage(server), person.authenticator, { userHandle: null });
    expect(count() - before).to.equal(11);
  });

  it('row 28: who guesses a person’s password does not shut their passkey out', async () => {
    const person = await holder('password-guessed');
    const login = await openPasswordPage(server);
    for (let guess = 0; guess < 11; guess += 1)
      await submit(login.browser, login.page, { email: person.email, password: `wrong ${guess}` });
    expect((await submit(login.browser, login.page, { email: person.email, password: person.password })).status).to.equal(429);
    expect(await opens(person)).to.equal(true);
  });

  it('row 29: a form with no passkey, no JSON or far too much is none', async () => {
    const login = await openPasswordPage(server);
    const { action, values } = asked(login.page);
    for (const passkey of ['', '{', '[]', '{"id":"x"}', JSON.stringify('x'.repeat(31_000))]) {
      const page = await login.browser.post(action, { ...values, passkey });
      expect([page.status >= 400 && page.status < 500, leadsTo(page)], passkey.slice(0, 20)).to.deep.equal([true, undefined]);
    }
    expect((await login.browser.get(action)).status).to.equal(405);
    expect(formOn(login.page).action).to.equal(`${server.url}/login/password`);
    expect(leadsTo(await answerPasskey(server, login, mia.authenticator))).to.include('code=');
  });
});

/** As `formOn` of the page for the second factor reads it, where the form for a code is the second one. */
const withoutPasskey = ({ body }: Visited): string => body.replace(/<form[^>]*data-passkey.*?<\/form>/s, '');
