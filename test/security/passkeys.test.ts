/** Passkeys under attack: rows 26, 27, 28, 29 and 41. */
import Sqlite from 'better-sqlite3';
import { expect } from 'chai';
import { generateKeyPairSync } from 'node:crypto';
import { api } from '../../shared/api/index.ts';
import type { Call } from '../../shared/client.ts';
import { addPasskey, ask, finishLink, openLink, passkeyProof, tokenIn, useLink, type AddedPasskey } from '../support/passkeys.ts';
import { refusal } from '../support/refusal.ts';
import { addSecondFactor, newCodeApp } from '../support/second-factor.ts';
import type { Visited } from '../support/browser.ts';
import { leadsTo, submit } from '../support/page-login.ts';
import { serverCommand } from '../support/server-command.ts';
import { adminEmail, adminPassword, newPerson, startServer, type RunningServer } from '../support/server.ts';
import { softwareAuthenticator, type BrowserOptions, type Lies } from '../support/software-authenticator.ts';
import { afterPassword, type PageLoginAt } from './page-login-stage.ts';

const unescaped = (text: string): string => text.replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)));

describe('passkeys under attack', function () {
  this.timeout(120_000);
  let server: RunningServer;
  before(async () => {
    server = await startServer();
  });
  after(async () => server.stop());

  interface Holder extends AddedPasskey {
    readonly email: string;
    readonly password: string;
    readonly userId: string;
    readonly call: Call;
    readonly secret: string;
  }
  async function holder(name: string, at = server): Promise<Holder> {
    const email = `${name}@example.com`;
    const { call, secret, id: userId, password } = await newPerson(at, email);
    return { ...(await addPasskey(at, call)), email, password, userId, call, secret };
  }
  const codeOf = async (work: Promise<unknown>): Promise<string> => (await refusal(work)).code;
  const prove = async (call: Call, code: string) => call(api.secondFactors.prove, { body: { code } });
  const mfaAtOf = async (call: Call): Promise<string | null> => (await call(api.sessions.current, {})).session.mfaAt;
  const forget = (userId: string): void => write('UPDATE sessions SET mfa_at = NULL WHERE identity_id = ?', userId);
  const ageLogin = (seconds: number, userId: string): void =>
    write('UPDATE sessions SET created_at = ? WHERE identity_id = ?', new Date(Date.now() - seconds * 1000).toISOString(), userId);
  function write(sql: string, ...values: readonly string[]): void {
    const database = new Sqlite(server.databaseFile);
    database.prepare(sql).run(...values);
    database.close();
  }
  /** As the browser of a recovered login: another session of the same person. */
  async function secondSession({ email, password, recoveryCodes }: Holder): Promise<Call> {
    const first = await server.client()(api.login.password, { body: { email, password } });
    if (first.status !== 'mfa-required') throw new Error(first.status);
    const opened = await server.client()(api.login.secondFactor, { body: { mfaToken: first.mfaToken, code: recoveryCodes[9] ?? '' } });
    if (opened.status !== 'session') throw new Error(opened.status);
    return server.client(opened.secret);
  }

  it('row 26: whoever has a passkey alone logs in by password alone at no door', async () => {
    const person = await holder('doors');
    const first = await server.client()(api.login.password, { body: { email: person.email, password: person.password } });
    expect(first.status).to.equal('mfa-required');
    const { oneTimePassword } = await (await server.admin())(api.users.resetPassword, { params: { id: person.userId } });
    const again = await server.client()(api.login.password, { body: { email: person.email, password: oneTimePassword } });
    expect(again.status).to.equal('mfa-required');
  });

  it('row 26: what a session was given for a passkey is no second factor of a login', async () => {
    const person = await holder('login');
    const proof = await passkeyProof(server, person.call, { authenticator: person.authenticator });
    const first = await server.client()(api.login.password, { body: { email: person.email, password: person.password } });
    if (first.status !== 'mfa-required') throw new Error(first.status);
    expect(await codeOf(server.client()(api.login.secondFactor, { body: { mfaToken: first.mfaToken, code: proof } }))).to.equal(
      'mfa.failed',
    );
  });

  const foreignKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const lies: Readonly<Record<string, Lies>> = {
    'for another origin': { origin: 'https://infra.example.com' },
    'for the same host at another port': { origin: 'https://localhost:1' },
    'for our origin with more behind it': { origin: 'https://localhost.example.com' },
    'without TLS': { origin: 'http://localhost' },
    'for another relying party': { rpId: 'example.com' },
    'of another challenge': { challenge: 'AAAA' },
    'of the other ceremony': { type: 'webauthn.none' },
    'in a frame of another site': { crossOrigin: true },
    'in a frame of another site that is named': { crossOrigin: true, topOrigin: 'https://evil.example.com' },
    'with a page around it that cannot be': { topOrigin: 'https://evil.example.com' },
    'of somebody whom the authenticator did not check': { isVerified: false },
    'of nobody': { isPresent: false, isVerified: false },
    'backed up though it cannot be': { isBackedUp: true },
  };
  for (const [what, lie] of Object.entries(lies)) {
    it(`row 41: an assertion ${what} proves nothing`, async () => {
      const person = await holder(`get-${Object.keys(lies).indexOf(what)}`);
      forget(person.userId);
      const { url, proof } = await person.call(api.passkeys.ask, { body: { purpose: 'verify' } });
      expect(await codeOf(useLink(server, url, person.authenticator, lie))).to.equal('mfa.failed');
      expect(await codeOf(prove(person.call, proof))).to.equal('mfa.failed');
      expect(await mfaAtOf(person.call)).to.equal(null);
      await useLink(server, url, person.authenticator);
      await prove(person.call, proof);
    });
    it(`row 41: a new passkey ${what} is none`, async () => {
      const person = await newPerson(server, `create-${Object.keys(lies).indexOf(what)}@example.com`);
      const { id, url } = await person.call(api.passkeys.begin, { body: {} });
      expect(await codeOf(useLink(server, url, softwareAuthenticator(), lie))).to.equal('mfa.failed');
      expect(await codeOf(person.call(api.passkeys.confirm, { params: { id } }))).to.equal('second-factor.not-found');
      expect((await person.call(api.secondFactors.list, {})).items).to.deep.equal([]);
    });
  }

  const more: Readonly<Record<string, Lies>> = {
    'signed by another key': { key: foreignKey },
    'of somebody else’s user handle': { userHandle: Buffer.from('usr_00000000000000000000000000').toString('base64url') },
    'of a credential that may be copied now': { isBackupEligible: true, isBackedUp: true },
    'of a credential that nobody has': { credentialId: 'AAAA' },
  };
  for (const [what, lie] of Object.entries(more))
    it(`row 41: an assertion ${what} proves nothing`, async () => {
      const person = await holder(`more-${Object.keys(more).indexOf(what)}`);
      const { url } = await person.call(api.passkeys.ask, { body: { purpose: 'verify' } });
      expect(await codeOf(useLink(server, url, person.authenticator, lie))).to.equal('mfa.failed');
    });

  it('row 41: a new passkey with a certificate is none, and the server asks nobody whom it names', async () => {
    const { call } = await newPerson(server, 'attested@example.com');
    const { url } = await call(api.passkeys.begin, { body: {} });
    const certificate = Buffer.from('no certificate at all');
    expect(await codeOf(useLink(server, url, softwareAuthenticator(), { certificate }))).to.equal('mfa.failed');
  });

  it('row 41: somebody else’s passkey proves nothing for me, on my link or theirs', async () => {
    const [mine, theirs] = [await holder('mine'), await holder('theirs')];
    const { url } = await mine.call(api.passkeys.ask, { body: { purpose: 'verify' } });
    expect(await codeOf(useLink(server, url, theirs.authenticator))).to.equal('mfa.failed');
    const proof = await passkeyProof(server, theirs.call, { authenticator: theirs.authenticator });
    expect(await codeOf(prove(mine.call, proof))).to.equal('mfa.failed');
    await prove(theirs.call, proof);
  });

  it('row 41: a copy of an authenticator shows by its count, on record, when the other was used since', async () => {
    const person = await holder('cloned');
    const copy = person.authenticator.copy();
    await prove(person.call, await passkeyProof(server, person.call, { authenticator: person.authenticator }));
    const { url } = await person.call(api.passkeys.ask, { body: { purpose: 'verify' } });
    expect(await codeOf(useLink(server, url, copy))).to.equal('mfa.failed');
    const { items } = await (await server.admin())(api.audit.list, { query: { event: 'second-factor.refused', limit: 1 } });
    expect(items[0]?.event === 'second-factor.refused' && items[0].details.reason).to.include('there may be a copy of it');
  });

  it('row 41: one whose count fell to nothing is none', async () => {
    const person = await holder('zero');
    const { url } = await person.call(api.passkeys.ask, { body: { purpose: 'verify' } });
    expect(await codeOf(useLink(server, url, person.authenticator, { signCount: 0 }))).to.equal('mfa.failed');
  });

  it('row 41: an answer is looked at once: not on the same link, not on another, not at the same moment, not after a newer question', async () => {
    const person = await holder('replay');
    const [one, other] = [
      await person.call(api.passkeys.ask, { body: { purpose: 'verify' } }),
      await person.call(api.passkeys.ask, { body: { purpose: 'verify' } }),
    ];
    const { options } = await openLink(server, one.url);
    await openLink(server, other.url);
    const answer = person.authenticator.get(options, server.url);
    expect(await codeOf(finishLink(server, other.url, answer))).to.equal('mfa.failed');
    const answers = await Promise.allSettled([1, 2, 3].map(async () => finishLink(server, one.url, answer)));
    expect(answers.filter(({ status }) => status === 'fulfilled')).to.have.length(1);
    expect(await codeOf(finishLink(server, one.url, answer))).to.equal('token.invalid');
    const late = await person.call(api.passkeys.ask, { body: { purpose: 'verify' } });
    const stale = (await openLink(server, late.url)).options;
    await openLink(server, late.url);
    expect(await codeOf(finishLink(server, late.url, person.authenticator.get(stale, server.url)))).to.equal('mfa.failed');
  });

  it('row 41: a proof is good once, in the session that asked for it, for what it was asked for, and not before the browser is done', async () => {
    const person = await holder('proof');
    const other = await secondSession(person);
    const waiting = await person.call(api.passkeys.ask, { body: { purpose: 'verify' } });
    expect(await codeOf(prove(person.call, waiting.proof))).to.equal('mfa.failed');
    const proof = await passkeyProof(server, person.call, { authenticator: person.authenticator });
    expect(await codeOf(prove(other, proof))).to.equal('mfa.failed');
    const remove = person.call(api.secondFactors.remove, { params: { id: person.id }, body: { code: proof } });
    expect(await codeOf(remove)).to.equal('mfa.failed');
    expect(await codeOf(person.call(api.secondFactors.begin, { body: { kind: 'totp', code: proof } }))).to.equal('mfa.failed');
    const tries = await Promise.allSettled([1, 2, 3].map(async () => prove(person.call, proof)));
    expect(tries.filter(({ status }) => status === 'fulfilled')).to.have.length(1);
  });

  it('row 41: a proof by a passkey that was removed since is none', async () => {
    const person = await holder('removed');
    const other = await secondSession(person);
    const proof = await passkeyProof(server, other, { authenticator: person.authenticator });
    await person.call(api.secondFactors.remove, { params: { id: person.id }, body: { code: person.recoveryCodes[0] ?? '' } });
    await addSecondFactor(person.call);
    expect(await codeOf(prove(other, proof))).to.equal('mfa.failed');
  });

  it('row 41: a stolen session adds no passkey: without a proof beside a second factor, when it is old, or as a key', async () => {
    const person = await holder('stolen');
    const thief = server.client(person.secret);
    expect(await codeOf(thief(api.passkeys.begin, { body: {} }))).to.equal('mfa.required');
    expect(await codeOf(thief(api.passkeys.begin, { body: { code: '000000' } }))).to.equal('mfa.failed');
    const old = await newPerson(server, 'old@example.com');
    const key = await old.call(api.accessKeys.create, { body: { name: 'robot' } });
    const byKey = server.client((await server.client()(api.login.accessKey, { body: { key: key.secret } })).secret);
    expect(await codeOf(byKey(api.passkeys.begin, { body: {} }))).to.equal('mfa.not-possible');
    expect(await codeOf(byKey(api.passkeys.ask, { body: { purpose: 'verify' } }))).to.equal('mfa.not-possible');
    ageLogin(601, old.id);
    expect(await codeOf(old.call(api.passkeys.begin, { body: {} }))).to.equal('mfa.login-too-old');
  });

  it('row 41: what a thief began before there was a second factor does not join it: neither passkey nor app', async () => {
    const person = await newPerson(server, 'before@example.com');
    const thief = server.client(person.secret);
    const link = await thief(api.passkeys.begin, { body: {} });
    const app = await thief(api.secondFactors.begin, { body: { kind: 'totp' } });
    await useLink(server, link.url, softwareAuthenticator());
    await addPasskey(server, person.call);
    expect(await codeOf(thief(api.passkeys.confirm, { params: { id: link.id } }))).to.equal('second-factor.not-found');
    const confirm = thief(api.secondFactors.confirm, { params: { id: app.id }, body: { code: newCodeApp(app.secret).next() } });
    expect(await codeOf(confirm)).to.equal('second-factor.not-found');
  });

  it('row 41: what was begun is confirmed once, in the session that began it, after the browser; a link does one thing', async () => {
    const person = await newPerson(server, 'begun@example.com');
    const other = (await server.login('begun@example.com', person.password)).call;
    const link = await person.call(api.passkeys.begin, { body: {} });
    const params = { id: link.id };
    expect(await codeOf(person.call(api.passkeys.confirm, { params }))).to.equal('second-factor.not-found');
    const authenticator = softwareAuthenticator();
    await useLink(server, link.url, authenticator);
    expect(await codeOf(other(api.passkeys.link, { params }))).to.equal('second-factor.not-found');
    expect(await codeOf(other(api.passkeys.confirm, { params }))).to.equal('second-factor.not-found');
    await person.call(api.passkeys.confirm, { params });
    expect(await codeOf(person.call(api.passkeys.confirm, { params }))).to.equal('second-factor.not-found');
    const asked = await person.call(api.passkeys.ask, { body: { purpose: 'verify' } });
    const { options } = await openLink(server, asked.url);
    const made = softwareAuthenticator().create({ ...options, rp: { id: 'localhost' }, user: { id: '' } }, server.url);
    expect(await codeOf(finishLink(server, asked.url, made))).to.equal('mfa.failed');
    expect(await codeOf(person.call(api.passkeys.confirm, { params: { id: asked.id } }))).to.equal('second-factor.not-found');
  });

  it('row 41: the same credential is nobody’s second one', async () => {
    const [ana, eve] = [await holder('credential'), await newPerson(server, 'eve@example.com')];
    const link = await eve.call(api.passkeys.begin, { body: {} });
    write('UPDATE passkeys SET credential_id = ? WHERE factor_id = ?', 'taken', ana.id);
    await useLink(server, link.url, softwareAuthenticator());
    // As a registration that claims what is somebody else's would have it.
    const copy = softwareAuthenticator();
    const again = await eve.call(api.passkeys.begin, { body: {} });
    await useLink(server, again.url, copy);
    write('UPDATE passkeys SET credential_id = ? WHERE factor_id = ?', copy.credentialId(), ana.id);
    expect(await codeOf(eve.call(api.passkeys.confirm, { params: { id: again.id } }))).to.equal('passkey.duplicate');
    expect((await eve.call(api.secondFactors.list, {})).items).to.deep.equal([]);
  });

  describe('at a login on our own pages', () => {
    /** What the page after the password asks the browser for. */
    const questionOn = ({ body }: Visited): BrowserOptions =>
      JSON.parse(unescaped(/data-passkey="([^"]*)"/.exec(body)?.[1] ?? '')) as BrowserOptions;
    const answer = async ({ browser, next }: PageLoginAt, passkey: unknown): Promise<Visited> =>
      submit(browser, next, { passkey: JSON.stringify(passkey) });
    const opens = (page: Visited): boolean => leadsTo(page) !== undefined;

    it('row 41: the passkey of this person alone, of this login alone, and true in every way', async () => {
      const [mine, theirs] = [await holder('page-mine'), await holder('page-theirs')];
      const [login, other] = [await afterPassword(server, mine), await afterPassword(server, mine)];
      const options = questionOn(login.next);
      expect(options.allowCredentials?.map(({ id }) => id)).to.deep.equal([mine.authenticator.credentialId()]);
      const { authenticator } = mine;
      for (const lie of [{ origin: 'https://infra.example.com' }, { crossOrigin: true }, { isVerified: false }, { rpId: 'example.com' }])
        expect(opens(await answer(login, authenticator.get(options, server.url, lie))), JSON.stringify(lie)).to.equal(false);
      expect(opens(await answer(login, theirs.authenticator.get(options, server.url)))).to.equal(false);
      const right = authenticator.get(options, server.url);
      expect(opens(await answer(other, right))).to.equal(false);
      expect(opens(await answer(login, right))).to.equal(true);
      expect(opens(await answer(login, authenticator.get(options, server.url)))).to.equal(false);
    });

    it('row 28: is tried as seldom as a code', async () => {
      const person = await holder('page-guessed');
      const login = await afterPassword(server, person);
      const wrong = person.authenticator.get(questionOn(login.next), server.url, { key: foreignKey });
      for (let guess = 0; guess < 10; guess += 1) expect((await answer(login, wrong)).status).to.equal(401);
      expect((await answer(login, person.authenticator.get(questionOn(login.next), server.url))).status).to.equal(429);
    });
  });

  it('row 11: a link ends with its session, and with the account', async () => {
    const person = await holder('ended');
    const { url } = await person.call(api.passkeys.ask, { body: { purpose: 'verify' } });
    await person.call(api.sessions.logout, {});
    expect(await codeOf(openLink(server, url))).to.equal('token.invalid');
    const disabled = await newPerson(server, 'disabled@example.com');
    const link = await disabled.call(api.passkeys.begin, { body: {} });
    await (
      await server.admin()
    )(api.users.disable, { params: { id: disabled.id } });
    expect(await codeOf(openLink(server, link.url))).to.equal('token.invalid');
  });

  it('row 26: the token of a link is no session and no other token, holds five minutes, and is answered as one that never was', async () => {
    const person = await holder('token');
    const { url, id } = await person.call(api.passkeys.ask, { body: { purpose: 'verify' } });
    const token = tokenIn(url);
    for (const authorization of [`Bearer ${token}`, `Bearer ${token.replace('infra_link_', 'infra_ses_')}`])
      expect((await server.request('/api/v1/whoami', { headers: { authorization } })).status).to.equal(401);
    expect(await codeOf(prove(person.call, token))).to.equal('mfa.failed');
    write('UPDATE passkey_links SET expires_at = ? WHERE id = ?', new Date().toISOString(), id);
    const [over, never] = [
      await refusal(openLink(server, url)),
      await refusal(openLink(server, `${server.url}/passkeys/prove#infra_link_x`)),
    ];
    expect(over).to.deep.equal(never);
  });

  it('row 29: another site’s page asks nothing with a link, and a form of it neither', async () => {
    const person = await holder('origin');
    const { url } = await person.call(api.passkeys.ask, { body: { purpose: 'verify' } });
    for (const origin of ['https://evil.example.com', 'null', `${server.url}.example.com`])
      expect(await codeOf(ask(server, api.passkeys.open.path, { token: tokenIn(url) }, origin))).to.equal('access.denied');
    const form = await server.request(api.passkeys.open.path, {
      method: 'POST',
      headers: { 'content-type': 'text/plain' },
      body: JSON.stringify({ token: tokenIn(url) }),
    });
    expect(form.status).to.equal(415);
  });

  it('row 28: ten answers that do not hold are looked at, and then none, in the browser and as a code', async () => {
    const person = await holder('guessed');
    const { url } = await person.call(api.passkeys.ask, { body: { purpose: 'verify' } });
    for (let guess = 0; guess < 10; guess += 1)
      expect(await codeOf(useLink(server, url, person.authenticator, { key: foreignKey }))).to.equal('mfa.failed');
    expect(await codeOf(useLink(server, url, person.authenticator))).to.equal('login.rate-limited');
    expect(await codeOf(prove(person.call, person.recoveryCodes[0] ?? ''))).to.equal('login.rate-limited');
  });

  it('row 41: the public key of a passkey is no secret that codes are made of', async () => {
    const person = await holder('public-key');
    expect(await codeOf(prove(person.call, '123456'))).to.equal('mfa.failed');
    const other = await secondSession(person);
    const confirm = other(api.secondFactors.confirm, { params: { id: person.id }, body: { code: '123456' } });
    expect(await codeOf(confirm)).to.equal('second-factor.not-found');
  });

  it('row 32: recover-admin on the server’s host takes passkeys away, too', async () => {
    const own = await startServer();
    try {
      await addPasskey(own, (await own.login(adminEmail, adminPassword)).call);
      const recovery = await serverCommand(own.dataDir, 'recover-admin');
      const token = /\/setup#(\S+)/.exec(recovery.stdout)?.[1] ?? '';
      const password = 'another lantern by the harbour';
      await own.client()(api.server.setup, { body: { token, email: adminEmail, password } });
      const { call } = await own.login(adminEmail, password);
      expect((await call(api.secondFactors.list, {})).items).to.deep.equal([]);
    } finally {
      await own.stop();
    }
  });
});
