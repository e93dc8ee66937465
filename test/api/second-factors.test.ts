/** Second factors over the API: adding, proving, recovering, removing; grants that ask for one, and the leases that follow. */
import Sqlite from 'better-sqlite3';
import { expect } from 'chai';
import { createKeyPair } from '../../cli/key-pair.ts';
import { api } from '../../shared/api/index.ts';
import type { DesiredState } from '../../shared/api/connectors.ts';
import type { DestinationId } from '../../shared/api/values.ts';
import type { Call } from '../../shared/client.ts';
import { enrolConnector } from '../support/enrolled-connector.ts';
import { refusal } from '../support/refusal.ts';
import { addSecondFactor, newCodeApp } from '../support/second-factor.ts';
import { newPerson, startServer, type RunningServer } from '../support/server.ts';

describe('second factors', function () {
  this.timeout(60_000);
  let server: RunningServer;
  let admin: Call;
  before(async () => {
    server = await startServer();
    admin = await server.admin();
  });
  after(async () => server.stop());

  const firstStep = async (email: string, password: string): Promise<string> => {
    const result = await server.client()(api.login.password, { body: { email, password } });
    if (result.status !== 'mfa-required') throw new Error(`${result.status}, where a second factor should be asked for`);
    return result.mfaToken;
  };
  /** As if it had been proven so long ago. */
  function age(person: { readonly id: string }, seconds: number): void {
    const database = new Sqlite(server.databaseFile);
    const at = new Date(Date.now() - seconds * 1000).toISOString();
    database.prepare('UPDATE sessions SET mfa_at = ? WHERE identity_id = ? AND mfa_at IS NOT NULL').run(at, person.id);
    database.close();
  }
  const mfaAtOf = async (call: Call): Promise<string | null> => (await call(api.sessions.current, {})).session.mfaAt;

  describe('of one’s own', () => {
    it('count once they are confirmed; then the password alone opens no session, and a code with it does, proven', async () => {
      const ana = await newPerson(server, 'ana@example.com');
      const begun = await ana.call(api.secondFactors.begin, { body: { kind: 'totp' } });
      await server.login('ana@example.com', ana.password);
      expect((await ana.call(api.secondFactors.list, {})).items).to.deep.equal([]);
      const app = newCodeApp(begun.secret);
      const confirmed = await ana.call(api.secondFactors.confirm, { params: { id: begun.id }, body: { code: app.next() } });
      expect(new Set(confirmed.recoveryCodes)).to.have.property('size', 10);
      expect(await mfaAtOf(ana.call)).not.to.equal(null);
      const { items, recoveryCodesLeft } = await ana.call(api.secondFactors.list, {});
      expect([items.map(({ kind }) => kind), recoveryCodesLeft]).to.deep.equal([['totp'], 10]);
      expect((await admin(api.users.get, { params: { id: ana.id } })).secondFactors).to.deep.equal(['totp']);

      const mfaToken = await firstStep('ana@example.com', ana.password);
      const opened = await server.client()(api.login.secondFactor, { body: { mfaToken, code: app.next() } });
      if (opened.status !== 'session') throw new Error(opened.status);
      expect(opened.session.mfaAt).to.equal(opened.session.createdAt);
    });

    it('a recovery code serves in place of a code, at a login and in a session, once each', async () => {
      const bea = await newPerson(server, 'bea@example.com');
      const { recoveryCodes } = await addSecondFactor(bea.call);
      const [atLogin = '', inSession = ''] = recoveryCodes;
      const mfaToken = await firstStep('bea@example.com', bea.password);
      const opened = await server.client()(api.login.secondFactor, {
        body: { mfaToken, code: atLogin.toUpperCase().replaceAll('-', ' ') },
      });
      expect(opened.status).to.equal('session');
      await bea.call(api.secondFactors.prove, { body: { code: inSession } });
      expect((await bea.call(api.secondFactors.list, {})).recoveryCodesLeft).to.equal(8);
    });

    it('recovery codes that are made anew void those of before', async () => {
      const cy = await newPerson(server, 'cy@example.com');
      const { recoveryCodes, app } = await addSecondFactor(cy.call);
      const renewed = await cy.call(api.secondFactors.renewRecoveryCodes, { body: { code: app.next() } });
      expect((await refusal(cy.call(api.secondFactors.prove, { body: { code: recoveryCodes[3] ?? '' } }))).code).to.equal('mfa.failed');
      await cy.call(api.secondFactors.prove, { body: { code: renewed.recoveryCodes[3] ?? '' } });
    });

    it('another takes the place of the one there is, with a code of that one; proofs of it count no more', async () => {
      const dan = await newPerson(server, 'dan@example.com');
      const { recoveryCodes, app } = await addSecondFactor(dan.call);
      const mfaToken = await firstStep('dan@example.com', dan.password);
      const other = await server.client()(api.login.secondFactor, { body: { mfaToken, code: app.next() } });
      if (other.status !== 'session') throw new Error(other.status);
      const added = await addSecondFactor(dan.call, recoveryCodes[0]);
      expect((await dan.call(api.secondFactors.list, {})).items.map(({ id }) => id)).to.deep.equal([added.id]);
      expect(await mfaAtOf(server.client(other.secret))).to.equal(null);
      expect(await mfaAtOf(dan.call)).not.to.equal(null);
      expect((await refusal(dan.call(api.secondFactors.prove, { body: { code: recoveryCodes[1] ?? '' } }))).code).to.equal('mfa.failed');
    });

    it('removed with a code, the password alone opens the door again, and nothing counts as proven', async () => {
      const eva = await newPerson(server, 'eva@example.com');
      const { id, app } = await addSecondFactor(eva.call);
      await eva.call(api.secondFactors.remove, { params: { id }, body: { code: app.next() } });
      expect(await mfaAtOf(eva.call)).to.equal(null);
      expect(await eva.call(api.secondFactors.list, {})).to.deep.equal({ items: [], recoveryCodesLeft: 0, atProvider: null });
      await server.login('eva@example.com', eva.password);
    });

    it('an admin takes them away from somebody who lost them: their sessions end; not from themselves', async () => {
      const fay = await newPerson(server, 'fay@example.com');
      await addSecondFactor(fay.call);
      const reset = await admin(api.secondFactors.reset, { params: { id: fay.id } });
      expect(reset).to.include({ factorsRemoved: 1, sessionsEnded: 1 });
      expect((await refusal(fay.call(api.sessions.current, {}))).code).to.equal('session.expired');
      await server.login('fay@example.com', fay.password);
      const { identity } = await admin(api.sessions.current, {});
      const own = await refusal(admin(api.secondFactors.reset, { params: { id: identity.id } }));
      expect(own.code).to.equal('access.denied');
      expect(own.detail).to.include('infra mfa remove');
    });

    it('a one-time password is changed after the second factor, and the session is proven', async () => {
      const gus = await newPerson(server, 'gus@example.com');
      const { app } = await addSecondFactor(gus.call);
      const { oneTimePassword } = await admin(api.users.resetPassword, { params: { id: gus.id } });
      const mfaToken = await firstStep('gus@example.com', oneTimePassword);
      const second = await server.client()(api.login.secondFactor, { body: { mfaToken, code: app.next() } });
      if (second.status !== 'password-change-required') throw new Error(second.status);
      const body = { changeToken: second.changeToken, newPassword: 'another lantern by the harbour' };
      expect((await server.client()(api.login.changePassword, { body })).session.mfaAt).not.to.equal(null);
    });

    it('go with their user', async () => {
      const ned = await newPerson(server, 'ned@example.com');
      await addSecondFactor(ned.call);
      await admin(api.users.remove, { params: { id: ned.id } });
      const database = new Sqlite(server.databaseFile, { readonly: true });
      for (const table of ['second_factors', 'recovery_codes'])
        expect(database.prepare(`SELECT count(*) FROM ${table} WHERE identity_id = ?`).pluck().get(ned.id), table).to.equal(0);
      database.close();
    });

    it('who has none is told so, and how to add one', async () => {
      const hal = await newPerson(server, 'hal@example.com');
      const problem = await refusal(hal.call(api.secondFactors.prove, { body: { code: '123456' } }));
      expect(problem.code).to.equal('second-factor.not-found');
      expect(problem.detail).to.include('infra mfa add');
    });
  });

  describe('that a grant asks for', () => {
    let destination: DestinationId;
    before(async () => {
      destination = (await admin(api.destinations.create, { body: { name: 'prod' } })).destination.id;
    });
    const grant = async (subject: string, mfaSeconds?: number, resource = 'prod') =>
      admin(api.grants.create, { body: { subject, role: 'view', resource, ...(mfaSeconds === undefined ? {} : { mfaSeconds }) } });
    const ask = async (call: Call) => call(api.leases.create, { body: { destination, csr: createKeyPair().certificateRequest } });

    it('are shown with it wherever the grant is', async () => {
      const ida = await newPerson(server, 'ida@example.com');
      const { grant: made } = await grant('ida@example.com', 900);
      expect(made.mfaSeconds).to.equal(900);
      const query = { subject: 'ida@example.com', resource: 'prod' };
      const { reachable } = await ida.call(api.grants.mine, {});
      const why = await ida.call(api.explanations.mine, {});
      const { holders } = await admin(api.explanations.whoCan, { query: { role: 'view', resource: 'prod' } });
      const shown = [reachable[0]?.grants[0], why.destinations[0]?.grants[0], holders.find(({ grant: { id } }) => id === made.id)?.grant];
      expect(shown.map((each) => each?.mfaSeconds)).to.deep.equal([900, 900, 900]);
      const before = await ida.call(api.explanations.explain, { query });
      expect([before.allowed, before.sentence]).to.deep.equal([
        false,
        'ida@example.com is granted it, but needs a second factor proven within 15m; run: infra mfa verify (without one yet: infra mfa add); none was proven yet.',
      ]);
      await addSecondFactor(ida.call);
      for (const call of [ida.call, admin]) {
        const { allowed, chains } = await call(api.explanations.explain, { query });
        expect(allowed).to.equal(true);
        expect(chains[0]?.conditions.find(({ condition }) => condition === 'second-factor')?.detail).to.match(/was proven at/);
      }
    });

    it('are asked of no workload and not on infra; a wider grant that stands makes it pointless and says so', async () => {
      await admin(api.workloads.create, { body: { name: 'robot' } });
      const workload = await refusal(grant('workload:robot', 900));
      expect(workload.detail).to.include('which has no second factor');
      await newPerson(server, 'jan@example.com');
      expect((await refusal(grant('jan@example.com', 900, 'infra'))).code).to.equal('request.invalid');
      await grant('jan@example.com');
      const standing = await refusal(grant('jan@example.com', 900));
      expect(standing.code).to.equal('grant.duplicate');
      expect(standing.detail).to.include('ask for a second factor, change it: infra grants change');
      for (const mfaSeconds of [59, 86_401]) expect((await refusal(grant('jan@example.com', mfaSeconds))).code).to.equal('request.invalid');
    });

    it('refuse a lease until it is proven, on record; then it lives no longer than the proof', async () => {
      const kim = await newPerson(server, 'kim@example.com');
      await grant('kim@example.com', 900);
      const problem = await refusal(ask(kim.call));
      expect([problem.status, problem.code]).to.deep.equal([403, 'mfa.required']);
      expect(problem.detail).to.equal(
        'What kim@example.com is granted on prod needs a second factor proven within 15m; run: infra mfa verify (without one yet: infra mfa add)',
      );
      const { items } = await admin(api.audit.list, { query: { actor: 'kim@example.com', event: 'lease.refused' } });
      expect(items).to.have.length(1);
      const { recoveryCodes } = await addSecondFactor(kim.call);
      const issued = await ask(kim.call);
      const proofEnds = Date.parse((await mfaAtOf(kim.call)) ?? '') + 900_000;
      expect([issued.limitedBy, Date.parse(issued.lease.expiresAt)]).to.deep.equal(['second-factor', proofEnds]);
      age(kim, 900);
      expect((await refusal(ask(kim.call))).code).to.equal('mfa.required');
      await kim.call(api.secondFactors.prove, { body: { code: recoveryCodes[0] ?? '' } });
      await ask(kim.call);
    });

    it('let a lease be issued as ever when another grant asks for none', async () => {
      const lou = await newPerson(server, 'lou@example.com');
      await grant('lou@example.com', 900);
      await grant('lou@example.com', undefined, 'prod.web');
      expect((await ask(lou.call)).limitedBy).to.equal('setting');
    });

    it('reach connectors apart from other grants, with each proof in the session of a lease', async () => {
      const connector = await enrolConnector(server, 'guarded');
      const mia = await newPerson(server, 'mia@example.com');
      const resource = 'guarded';
      await admin(api.grants.create, { body: { subject: 'mia@example.com', role: 'edit', resource, mfaSeconds: 900 } });
      await admin(api.grants.create, { body: { subject: 'mia@example.com', role: 'view', resource } });
      const csr = createKeyPair().certificateRequest;
      const { lease } = await mia.call(api.leases.create, { body: { destination: connector.destinationId, csr } });
      const state = async (): Promise<DesiredState> => {
        const answer = await connector.send({ method: 'GET', path: api.connectors.desiredState.path });
        return api.connectors.desiredState.result.parse(await answer.json());
      };
      const leaseIn = ({ leases }: DesiredState) => leases.find(({ id }) => id === lease.id);
      const before = await state();
      const held = before.identities.find(({ id }) => (id as string) === mia.id);
      expect(held?.grants.map(({ role }) => role)).to.deep.equal(['view']);
      expect(held?.mfaGrants?.map(({ role, mfaSeconds }) => [role, mfaSeconds])).to.deep.equal([['edit', 900]]);
      expect(leaseIn(before)?.mfaAt).to.equal(null);
      const { id, app } = await addSecondFactor(mia.call);
      const proven = await state();
      expect(proven.revision).to.be.greaterThan(before.revision);
      expect(leaseIn(proven)?.mfaAt).to.equal(await mfaAtOf(mia.call));
      await mia.call(api.secondFactors.remove, { params: { id }, body: { code: app.next() } });
      expect(leaseIn(await state())?.mfaAt).to.equal(null);
    });
  });
});
