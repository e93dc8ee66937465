/** Second factors under attack: rows 11, 26, 27, 28 and 41. */
import Sqlite from 'better-sqlite3';
import { expect } from 'chai';
import { createKeyPair } from '../../cli/key-pair.ts';
import { api } from '../../shared/api/index.ts';
import type { Call } from '../../shared/client.ts';
import { enrolConnector } from '../support/enrolled-connector.ts';
import { refusal } from '../support/refusal.ts';
import { serverCommand } from '../support/server-command.ts';
import { addSecondFactor, newCodeApp, type AddedFactor } from '../support/second-factor.ts';
import { adminEmail, adminPassword, newPerson, startServer, type RunningServer } from '../support/server.ts';

describe('second factors under attack', function () {
  this.timeout(120_000);
  let server: RunningServer;
  before(async () => {
    server = await startServer();
  });
  after(async () => server.stop());

  interface Protected extends AddedFactor {
    readonly email: string;
    readonly password: string;
    readonly id: AddedFactor['id'];
    readonly userId: string;
    readonly call: Call;
    readonly secretOfSession: string;
  }
  async function protectedPerson(name: string, at = server): Promise<Protected> {
    const email = `${name}@example.com`;
    const { call, secret: secretOfSession, id: userId, password } = await newPerson(at, email);
    return { ...(await addSecondFactor(call)), email, password, userId, call, secretOfSession };
  }
  const firstStep = async ({ email, password }: Pick<Protected, 'email' | 'password'>, at = server): Promise<string> => {
    const result = await at.client()(api.login.password, { body: { email, password } });
    if (result.status !== 'mfa-required') throw new Error(`${result.status}, where a second factor should be asked for`);
    return result.mfaToken;
  };
  const secondStep = async (mfaToken: string, code: string, at = server) =>
    at.client()(api.login.secondFactor, { body: { mfaToken, code } });
  const codeOf = async (work: Promise<unknown>): Promise<string> => (await refusal(work)).code;
  const ageLogin = (seconds: number, sessionOf: string): void => {
    const database = new Sqlite(server.databaseFile);
    const at = new Date(Date.now() - seconds * 1000).toISOString();
    database.prepare('UPDATE sessions SET created_at = ? WHERE identity_id = ?').run(at, sessionOf);
    database.close();
  };

  it('row 26: the token between the two steps is no session, no key and no other token, and opens one session', async () => {
    const person = await protectedPerson('between');
    const mfaToken = await firstStep(person);
    for (const authorization of [`Bearer ${mfaToken}`, `Bearer ${mfaToken.replace('infra_mfa_', 'infra_ses_')}`])
      expect((await server.request('/api/v1/whoami', { headers: { authorization } })).status).to.equal(401);
    expect(await codeOf(server.client()(api.login.accessKey, { body: { key: mfaToken } }))).to.equal('login.failed');
    const newPassword = 'a lantern in the harbour';
    expect(await codeOf(server.client()(api.login.changePassword, { body: { changeToken: mfaToken, newPassword } }))).to.equal(
      'token.invalid',
    );
    expect(
      await codeOf(server.client()(api.server.setup, { body: { token: mfaToken, email: person.email, password: newPassword } })),
    ).to.equal('token.invalid');
    expect((await secondStep(mfaToken, person.app.next())).status).to.equal('session');
    expect(await codeOf(secondStep(mfaToken, person.recoveryCodes[0] ?? ''))).to.equal('token.invalid');
  });

  it('row 26: a change token that was given before there was a second factor does not get around it', async () => {
    const admin = await server.admin();
    const { user, oneTimePassword } = await admin(api.users.create, { body: { email: 'late@example.com' } });
    const body = { email: user.email, password: oneTimePassword ?? '' };
    const early = await server.client()(api.login.password, { body });
    const own = await server.client()(api.login.password, { body });
    if (early.status !== 'password-change-required' || own.status !== 'password-change-required') throw new Error('a change is asked for');
    const newPassword = 'a lantern in the harbour';
    const opened = await server.client()(api.login.changePassword, { body: { changeToken: own.changeToken, newPassword } });
    await addSecondFactor(server.client(opened.secret));
    const around = server.client()(api.login.changePassword, {
      body: { changeToken: early.changeToken, newPassword: `${newPassword} two` },
    });
    expect(await codeOf(around)).to.equal('token.invalid');
  });

  it('row 26: a login that is under way ends with the account’s sessions, and with its password', async () => {
    const person = await protectedPerson('under-way');
    const [reset, changed] = [await firstStep(person), await firstStep(person)];
    const newPassword = 'another lantern by the harbour';
    await person.call(api.sessions.changeOwnPassword, { body: { currentPassword: person.password, newPassword } });
    expect(await codeOf(secondStep(changed, person.app.next()))).to.equal('token.invalid');
    const late = await firstStep({ ...person, password: newPassword });
    await (
      await server.admin()
    )(api.users.resetPassword, { params: { id: person.userId } });
    for (const token of [reset, late]) expect(await codeOf(secondStep(token, person.recoveryCodes[0] ?? ''))).to.equal('token.invalid');
  });

  it('row 41: a code is taken once: not again, not in another session, not at the same moment', async () => {
    const person = await protectedPerson('replay');
    const code = person.app.next();
    const tokens = [await firstStep(person), await firstStep(person), await firstStep(person)];
    const answers = await Promise.allSettled(tokens.map(async (token) => secondStep(token, code)));
    expect(answers.filter(({ status }) => status === 'fulfilled')).to.have.length(1);
    expect(await codeOf(person.call(api.secondFactors.prove, { body: { code } }))).to.equal('mfa.failed');
  });

  it('row 41: nor is one of an earlier step, after a later one was taken', async () => {
    const person = await protectedPerson('earlier');
    await secondStep(await firstStep(person), person.app.next());
    expect(await codeOf(person.call(api.secondFactors.prove, { body: { code: person.app.codeAt() } }))).to.equal('mfa.failed');
  });

  it('row 41: the code and the recovery code of somebody else are none, and stay theirs', async () => {
    const [mine, theirs] = [await protectedPerson('mine'), await protectedPerson('theirs')];
    const [code, recoveryCode = ''] = [theirs.app.next(), theirs.recoveryCodes[0]];
    for (const foreign of [code, recoveryCode]) {
      expect(await codeOf(secondStep(await firstStep(mine), foreign))).to.equal('mfa.failed');
      expect(await codeOf(mine.call(api.secondFactors.prove, { body: { code: foreign } }))).to.equal('mfa.failed');
      await theirs.call(api.secondFactors.prove, { body: { code: foreign } });
    }
  });

  it('row 41: a recovery code is good once, at the same moment too', async () => {
    const person = await protectedPerson('recovery');
    const [code = ''] = person.recoveryCodes;
    const tries = await Promise.allSettled([0, 1, 2, 3].map(async () => person.call(api.secondFactors.prove, { body: { code } })));
    expect(tries.filter(({ status }) => status === 'fulfilled')).to.have.length(1);
    expect(await codeOf(secondStep(await firstStep(person), code))).to.equal('mfa.failed');
  });

  it('row 27: whatever is wrong with a code, the answer is the same to the byte', async () => {
    const person = await protectedPerson('same');
    const used = person.recoveryCodes[0] ?? '';
    await person.call(api.secondFactors.prove, { body: { code: used } });
    const answers = [];
    for (const code of ['000000', 'no code at all', used, 'aaaaa-aaaaa-aaaaa']) {
      const mfaToken = await firstStep(person);
      const answer = await server.request('/api/v1/login/second-factor', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ mfaToken, code }),
      });
      answers.push(`${answer.status} ${await answer.text()}`);
    }
    expect(new Set(answers).size, answers.join('\n')).to.equal(1);
  });

  it('row 28: ten wrong codes are looked at, in parallel too; then 429, even for the right one, across a restart', async () => {
    const own = await startServer();
    try {
      const person = await protectedPerson('guessed', own);
      const mfaToken = await firstStep(person, own);
      const statuses = await Promise.all(
        Array.from({ length: 16 }, async (_, index) => (await refusal(secondStep(mfaToken, String(100_000 + index), own))).status),
      );
      expect(statuses.filter((status) => status === 401)).to.have.length(10);
      expect(statuses.filter((status) => status === 429)).to.have.length(6);
      await own.stop('SIGKILL');
      await own.start();
      const late = await refusal(secondStep(mfaToken, person.app.next(), own));
      expect(late.code).to.equal('login.rate-limited');
      expect(
        await codeOf(own.client(person.secretOfSession)(api.secondFactors.prove, { body: { code: person.recoveryCodes[0] ?? '' } })),
      ).to.equal('login.rate-limited');
      const { items } = await (await own.admin())(api.audit.list, { query: { event: 'second-factor.refused' } });
      expect(
        items.filter((event) => event.event === 'second-factor.refused' && event.details.reason.startsWith('too many')),
      ).to.have.length(1);
    } finally {
      await own.stop();
    }
  });

  it('row 41: a stolen session swaps and removes no second factor, however lately it was proven, and makes no recovery codes', async () => {
    const person = await protectedPerson('stolen');
    const thief = server.client(person.secretOfSession);
    expect(await codeOf(thief(api.secondFactors.begin, { body: { kind: 'totp' } }))).to.equal('mfa.required');
    const guess = { code: '000000' };
    expect(await codeOf(thief(api.secondFactors.begin, { body: { kind: 'totp', ...guess } }))).to.equal('mfa.failed');
    expect(await codeOf(thief(api.secondFactors.remove, { params: { id: person.id }, body: guess }))).to.equal('mfa.failed');
    expect(await codeOf(thief(api.secondFactors.renewRecoveryCodes, { body: guess }))).to.equal('mfa.failed');
    expect((await person.call(api.secondFactors.list, {})).items.map(({ id }) => id)).to.deep.equal([person.id]);
  });

  it('row 41: what was begun is confirmed in the session that began it, in place of what was proven then, and by its own code', async () => {
    const { call, password } = await newPerson(server, 'begun@example.com');
    const other = await server.login('begun@example.com', password);
    const mine = await call(api.secondFactors.begin, { body: { kind: 'totp' } });
    const params = { id: mine.id };
    const right = { code: newCodeApp(mine.secret).next() };
    expect(await codeOf(other.call(api.secondFactors.confirm, { params, body: right }))).to.equal('second-factor.not-found');
    expect(await codeOf(call(api.secondFactors.confirm, { params, body: { code: '000000' } }))).to.equal('mfa.failed');
    const database = new Sqlite(server.databaseFile);
    const pending = database.prepare('SELECT * FROM second_factors WHERE id = ?').get(mine.id) as object;
    await call(api.secondFactors.confirm, { params, body: right });
    // As two that were begun at the same moment would leave it.
    const late = { ...pending, id: mine.id.replace(/.$/, (last) => (last === '0' ? '1' : '0')) };
    const columns = Object.keys(late);
    database.prepare(`INSERT INTO second_factors (${columns.join()}) VALUES (${columns.map((name) => `@${name}`).join()})`).run(late);
    database.close();
    expect(await codeOf(call(api.secondFactors.confirm, { params: { id: late.id }, body: right }))).to.equal('second-factor.not-found');
  });

  it('row 41: the first second factor is not added by a session that is old, nor by a key', async () => {
    const { call, id, secret } = await newPerson(server, 'first@example.com');
    const key = await call(api.accessKeys.create, { body: { name: 'robot' } });
    const byKey = await server.client()(api.login.accessKey, { body: { key: key.secret } });
    expect(await codeOf(server.client(byKey.secret)(api.secondFactors.begin, { body: { kind: 'totp' } }))).to.equal('mfa.not-possible');
    ageLogin(601, id);
    expect(await codeOf(server.client(secret)(api.secondFactors.begin, { body: { kind: 'totp' } }))).to.equal('mfa.login-too-old');
  });

  it('row 41: a session of an access key proves nothing, and opens no grant that asks for it', async () => {
    const person = await protectedPerson('by-key');
    const admin = await server.admin();
    const { destination } = await admin(api.destinations.create, { body: { name: 'by-key' } });
    await admin(api.grants.create, { body: { subject: person.email, role: 'view', resource: 'by-key', mfaSeconds: 900 } });
    const { secret } = await person.call(api.accessKeys.create, { body: { name: 'robot' } });
    const opened = await server.client()(api.login.accessKey, { body: { key: secret } });
    const byKey = server.client(opened.secret);
    expect(opened.session.mfaAt).to.equal(null);
    expect(await codeOf(byKey(api.secondFactors.prove, { body: { code: person.app.next() } }))).to.equal('mfa.not-possible');
    const body = { destination: destination.id, csr: createKeyPair().certificateRequest };
    expect(await codeOf(byKey(api.leases.create, { body }))).to.equal('mfa.required');
    // The person's own session has proven one, and that helps no other.
    await person.call(api.leases.create, { body });
    expect(await codeOf(byKey(api.leases.create, { body }))).to.equal('mfa.required');
  });

  it('row 41: a workload in a group that is granted with it gets no lease, and connectors hear of none', async () => {
    const connector = await enrolConnector(server, 'workloads-out');
    const admin = await server.admin();
    await admin(api.workloads.create, { body: { name: 'crew-robot' } });
    const group = await admin(api.groups.create, { body: { name: 'crew' } });
    await admin(api.groups.addMember, { params: { id: group.id }, body: { identity: 'workload:crew-robot' } });
    await admin(api.grants.create, {
      body: { subject: 'group:crew', role: 'view', resource: 'workloads-out', mfaSeconds: 900 },
    });
    const { secret } = await admin(api.accessKeys.create, { body: { name: 'robot', identity: 'workload:crew-robot' } });
    const opened = await server.client()(api.login.accessKey, { body: { key: secret } });
    const body = { destination: connector.destinationId, csr: createKeyPair().certificateRequest };
    expect(await codeOf(server.client(opened.secret)(api.leases.create, { body }))).to.equal('grant.missing');
    const answer = await connector.send({ method: 'GET', path: api.connectors.desiredState.path });
    expect(api.connectors.desiredState.result.parse(await answer.json()).identities).to.deep.equal([]);
  });

  it('row 34: a sealed secret that is moved into another’s row opens for nobody', async () => {
    const [victim, thief] = [await protectedPerson('victim'), await protectedPerson('mover')];
    const database = new Sqlite(server.databaseFile);
    const sealed = database.prepare('SELECT sealed_secret FROM second_factors WHERE id = ?').pluck().get(thief.id);
    database.prepare('UPDATE second_factors SET sealed_secret = ? WHERE id = ?').run(sealed, victim.id);
    database.close();
    expect(await codeOf(secondStep(await firstStep(victim), thief.app.next()))).to.equal('server.failed');
  });

  it('row 32: an admin who lost everything gets in by the word of the server’s host', async () => {
    const own = await startServer();
    try {
      // A first second factor asks for a young login.
      const { call: admin } = await own.login(adminEmail, adminPassword);
      await addSecondFactor(admin);
      const recovery = await serverCommand(own.dataDir, 'recover-admin');
      const token = /\/setup#(\S+)/.exec(recovery.stdout)?.[1] ?? '';
      const password = 'a lantern in the harbour';
      await own.client()(api.server.setup, { body: { token, email: adminEmail, password } });
      expect(await codeOf(admin(api.sessions.current, {}))).to.equal('session.expired');
      const { call } = await own.login(adminEmail, password);
      const { items } = await call(api.audit.list, { query: { event: 'second-factor.reset' } });
      expect(items).to.have.length(1);
    } finally {
      await own.stop();
    }
  });

  it('row 38: a restore makes no recovery code good again', async () => {
    const own = await startServer();
    try {
      const person = await protectedPerson('restored', own);
      const copy = `${own.dataDir}-copy.db`;
      expect((await serverCommand(own.dataDir, 'backup', copy)).code).to.equal(0);
      await own.stop();
      const restored = await serverCommand(own.dataDir, 'restore', copy);
      expect(restored.code, restored.stderr).to.equal(0);
      expect(restored.stdout + restored.stderr).to.include('infra mfa recovery-codes');
      await own.start();
      const mfaToken = await firstStep(person, own);
      expect(await codeOf(secondStep(mfaToken, person.recoveryCodes[0] ?? '', own))).to.equal('mfa.failed');
      expect((await secondStep(mfaToken, person.app.next(), own)).status).to.equal('session');
    } finally {
      await own.stop();
    }
  });
});
