/** Passkeys over the API, with an authenticator in software: adding, proving, removing, beside an app and alone. */
import { expect } from 'chai';
import { api } from '../../shared/api/index.ts';
import type { Call } from '../../shared/client.ts';
import { addPasskey, openLink, passkeyProof, tokenIn } from '../support/passkeys.ts';
import { refusal } from '../support/refusal.ts';
import { addSecondFactor } from '../support/second-factor.ts';
import { newPerson, startServer, type RunningServer } from '../support/server.ts';
import { softwareAuthenticator } from '../support/software-authenticator.ts';

describe('passkeys', function () {
  this.timeout(60_000);
  let server: RunningServer;
  before(async () => {
    server = await startServer();
  });
  after(async () => server.stop());

  const mfaAtOf = async (call: Call): Promise<string | null> => (await call(api.sessions.current, {})).session.mfaAt;
  const listOf = async (call: Call) => call(api.secondFactors.list, {});

  it('the first is added in a young session, proves it, and comes with recovery codes; then the password alone opens no session', async () => {
    const ana = await newPerson(server, 'ana@example.com');
    const begun = await ana.call(api.passkeys.begin, { body: { name: 'laptop' } });
    expect(begun.url.startsWith(`${server.url}/passkeys/new#infra_link_`), begun.url).to.equal(true);
    const { step, options } = await openLink(server, begun.url);
    expect([step, options.rp?.id]).to.deep.equal(['create', 'localhost']);
    expect(options).to.deep.include({ attestation: 'none' });
    expect(options['authenticatorSelection']).to.deep.include({ userVerification: 'required' });
    expect((await ana.call(api.passkeys.link, { params: { id: begun.id } })).isDone).to.equal(false);
    await server.login('ana@example.com', ana.password);

    const { recoveryCodes } = await addPasskey(server, ana.call, { name: 'phone' });
    expect(new Set(recoveryCodes)).to.have.property('size', 10);
    expect(await mfaAtOf(ana.call)).not.to.equal(null);
    const { items, recoveryCodesLeft } = await listOf(ana.call);
    expect([items.map(({ kind, name }) => [kind, name]), recoveryCodesLeft]).to.deep.equal([[['passkey', 'phone']], 10]);
    const first = await server.client()(api.login.password, { body: { email: 'ana@example.com', password: ana.password } });
    if (first.status !== 'mfa-required') throw new Error(first.status);
    expect(first.kinds).to.deep.equal(['passkey']);
    const body = { mfaToken: first.mfaToken, code: recoveryCodes[0] ?? '' };
    expect((await server.client()(api.login.secondFactor, { body })).status).to.equal('session');
  });

  it('another joins what there is, with a proof of it; recovery codes stay, and so do proofs', async () => {
    const bea = await newPerson(server, 'bea@example.com');
    const { app, recoveryCodes } = await addSecondFactor(bea.call);
    const problem = await refusal(bea.call(api.passkeys.begin, { body: {} }));
    expect(problem.code).to.equal('mfa.required');
    const first = await addPasskey(server, bea.call, { name: 'laptop', code: app.next() });
    expect(first.recoveryCodes).to.deep.equal([]);
    const code = await passkeyProof(server, bea.call, { authenticator: first.authenticator, purpose: 'add' });
    await addPasskey(server, bea.call, { name: 'phone', code });
    const { items, recoveryCodesLeft } = await listOf(bea.call);
    expect(items.map(({ kind, name }) => name ?? kind)).to.deep.equal(['totp', 'laptop', 'phone']);
    expect(recoveryCodesLeft).to.equal(recoveryCodes.length);
    const admin = await server.admin();
    expect((await admin(api.users.get, { params: { id: bea.id } })).secondFactors).to.deep.equal(['totp', 'passkey', 'passkey']);
  });

  it('one proves a session: when it was used is shown', async () => {
    const cy = await newPerson(server, 'cy@example.com');
    const { authenticator } = await addPasskey(server, cy.call);
    const before = await mfaAtOf(cy.call);
    const { mfaAt } = await cy.call(api.secondFactors.prove, { body: { code: await passkeyProof(server, cy.call, { authenticator }) } });
    expect(mfaAt >= (before ?? '')).to.equal(true);
    expect((await listOf(cy.call)).items[0]?.lastUsedAt).not.to.equal(null);
  });

  it('a synchronised one, which counts nothing, proves again and again', async () => {
    const dan = await newPerson(server, 'dan@example.com');
    const { authenticator } = await addPasskey(server, dan.call, { authenticator: softwareAuthenticator({ isSynchronised: true }) });
    for (const times of [1, 2]) {
      const code = await passkeyProof(server, dan.call, { authenticator });
      expect(await dan.call(api.secondFactors.prove, { body: { code } }), `${times}`).to.have.property('mfaAt');
    }
  });

  it('one removes another, itself, and makes recovery codes; with the last of them the codes go', async () => {
    const eva = await newPerson(server, 'eva@example.com');
    const { authenticator, id } = await addPasskey(server, eva.call);
    const proof = async (purpose: 'add' | 'remove' | 'recovery-codes') => passkeyProof(server, eva.call, { authenticator, purpose });
    const second = await addPasskey(server, eva.call, { code: await proof('add') });
    const renewed = await eva.call(api.secondFactors.renewRecoveryCodes, { body: { code: await proof('recovery-codes') } });
    expect(renewed.recoveryCodes).to.have.length(10);
    await eva.call(api.secondFactors.remove, { params: { id: second.id }, body: { code: await proof('remove') } });
    expect(await mfaAtOf(eva.call)).to.equal(null);
    expect((await listOf(eva.call)).recoveryCodesLeft).to.equal(10);
    await eva.call(api.secondFactors.remove, { params: { id }, body: { code: await proof('remove') } });
    expect(await listOf(eva.call)).to.deep.equal({ items: [], recoveryCodesLeft: 0, atProvider: null });
    await server.login('eva@example.com', eva.password);
  });

  it('an app is added beside one, with a proof by it, and replaced without touching it', async () => {
    const fay = await newPerson(server, 'fay@example.com');
    const { authenticator } = await addPasskey(server, fay.call, { name: 'key' });
    const proof = async () => passkeyProof(server, fay.call, { authenticator, purpose: 'add' });
    await addSecondFactor(fay.call, await proof());
    await addSecondFactor(fay.call, await proof());
    expect((await listOf(fay.call)).items.map(({ kind }) => kind).sort()).to.deep.equal(['passkey', 'totp']);
  });

  it('an admin’s reset takes them away, and whoever has none is told how to add one', async () => {
    const gus = await newPerson(server, 'gus@example.com');
    expect((await refusal(gus.call(api.passkeys.ask, { body: { purpose: 'verify' } }))).detail).to.include('infra mfa add-passkey');
    await addPasskey(server, gus.call);
    const admin = await server.admin();
    expect(await admin(api.secondFactors.reset, { params: { id: gus.id } })).to.include({ factorsRemoved: 1, sessionsEnded: 1 });
    await server.login('gus@example.com', gus.password);
  });

  it('one that is known here is made no second time, and a device is told which it has', async () => {
    const hal = await newPerson(server, 'hal@example.com');
    const { authenticator } = await addPasskey(server, hal.call);
    const code = await passkeyProof(server, hal.call, { authenticator, purpose: 'add' });
    const { url } = await hal.call(api.passkeys.begin, { body: { code } });
    const { options } = await openLink(server, url);
    expect(options.excludeCredentials?.map(({ id }) => id)).to.deep.equal([authenticator.credentialId()]);
    expect(tokenIn(url)).to.match(/^infra_link_/);
  });

  it('a server whose address is an IP says that it can have none, and what to do', async () => {
    const ip = await startServer({ settings: { 'public-url': 'https://127.0.0.1:8443' } });
    try {
      const problem = await refusal((await ip.admin())(api.passkeys.begin, { body: {} }));
      expect([problem.status, problem.code]).to.deep.equal([409, 'passkey.not-possible']);
      expect(problem.detail).to.include('publicUrl').and.to.include('infra mfa add');
    } finally {
      await ip.stop();
    }
  });
});
