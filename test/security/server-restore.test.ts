/** Row 38: an old backup is put back. Whoever was sent away meanwhile must not come back with it, at the server or at a connector. */
import { join } from 'node:path';
import { expect } from 'chai';
import { api } from '../../shared/api/index.ts';
import { controlPlane } from '../support/clusters.ts';
import type { ConnectorClient } from '../support/connector-client.ts';
import { askForCode, poll } from '../support/device-login.ts';
import { enrolConnector, enrolWithToken } from '../support/enrolled-connector.ts';
import { guardCluster, type GuardedCluster, type Person } from '../support/guarded-cluster.ts';
import { newLease } from '../support/lease.ts';
import { leadsTo, openPasswordPage } from '../support/page-login.ts';
import { answerPasskey, signInByPasskey } from '../support/passkey-sign-in.ts';
import { addPasskey } from '../support/passkeys.ts';
import { refusal } from '../support/refusal.ts';
import { serverCommand } from '../support/server-command.ts';
import { adminEmail, adminPassword, newPerson, startServer, type RunningServer } from '../support/server.ts';
import { tempDir } from '../support/temp-dir.ts';
import { waitFor } from '../support/wait-for.ts';
import { afterPassword } from './page-login-stage.ts';

const password = 'a lantern in the harbour';

async function backUp(server: RunningServer): Promise<string> {
  const file = join(tempDir(), 'infra.backup');
  const { code, stderr } = await serverCommand(server.dataDir, 'backup', file);
  expect(code, stderr).to.equal(0);
  return file;
}

async function putBack(server: RunningServer, file: string): Promise<void> {
  await server.stop('SIGKILL');
  const { code, stderr } = await serverCommand(server.dataDir, 'restore', file);
  expect(code, stderr).to.equal(0);
  await server.start();
}

describe('a restored backup', function () {
  this.timeout(90_000);

  describe('at the server', () => {
    let server: RunningServer;
    beforeEach(async () => {
      server = await startServer({ isNew: true });
    });
    afterEach(async () => server.stop('SIGKILL'));

    it('row 38: begins another epoch, so a revision that was reached again is not taken for the old one', async () => {
      const connector = await enrolConnector(server, 'prod');
      const state = async (): Promise<{ epoch: string; revision: number }> => {
        const answer = await connector.send({ method: 'GET', path: '/api/v1/connector/desired-state' });
        expect(answer.status).to.equal(200);
        return (await answer.json()) as { epoch: string; revision: number };
      };
      const file = await backUp(server);
      const before = await state();
      await putBack(server, file);
      const after = await state();
      expect(after.epoch).to.not.equal(before.epoch);
      const sinceBefore = `/api/v1/connector/desired-state?epoch=${before.epoch}&since=${before.revision}`;
      const answer = await connector.send({ method: 'GET', path: sinceBefore });
      expect(await answer.json()).to.deep.include({ epoch: after.epoch, kind: 'full' });
    });

    it('row 38: revives no session, whether it was revoked after the backup or not', async () => {
      const revoked = await newPerson(server, 'revoked@example.com');
      const live = await newPerson(server, 'live@example.com');
      const file = await backUp(server);
      const admin = await server.admin();
      await admin(api.users.revoke, { params: { id: revoked.id } });
      await putBack(server, file);
      for (const { secret } of [revoked, live])
        expect((await refusal(server.client(secret)(api.sessions.current, {}))).code).to.equal('session.expired');
    });

    it('row 38: revives no passkey that logs in alone, were it removed since or not, until it was used beside the password', async () => {
      const { call } = await newPerson(server, 'passkey@example.com', password);
      const { authenticator } = await addPasskey(server, call);
      await signInByPasskey(server, authenticator);
      const file = await backUp(server);
      await putBack(server, file);
      const refused = await answerPasskey(server, await openPasswordPage(server), authenticator);
      expect([refused.status, leadsTo(refused)]).to.deep.equal([401, undefined]);
      const { browser, next } = await afterPassword(server, { email: 'passkey@example.com', password });
      expect(leadsTo(await answerPasskey(server, { browser, page: next }, authenticator))).to.include('code=');
      await signInByPasskey(server, authenticator);
    });

    it('row 38: revives no login by a code', async () => {
      const asking = await askForCode(server);
      const file = await backUp(server);
      await putBack(server, file);
      expect((await refusal(poll(server, asking))).code).to.equal('device-login.expired-token');
    });

    it('row 38: revives no one-time secret that was used or unused at the backup', async () => {
      const own = await startServer({ withAdmin: false });
      try {
        const link = await waitFor(() => /\/setup#(\S+)/.exec(own.program().stderr())?.[1], { within: 10, what: 'the set-up link' });
        const setUp = async (email: string): Promise<void> => own.client()(api.server.setup, { body: { token: link, email, password } });
        const unusedLink = await backUp(own);
        await setUp('first@example.com');
        const { call: admin } = await own.login('first@example.com', password);
        const { destination, joinToken } = await admin(api.destinations.create, { body: { name: 'prod' } });
        const unusedJoinToken = await backUp(own);
        await enrolWithToken(own, { joinToken, destinationId: destination.id });

        await putBack(own, unusedJoinToken);
        const enrolled = await refusal(enrolWithToken(own, { joinToken, destinationId: destination.id }));
        expect(enrolled.code).to.equal('token.invalid');
        await putBack(own, unusedLink);
        expect((await refusal(setUp('thief@example.com'))).code).to.equal('token.invalid');
      } finally {
        await own.stop('SIGKILL');
      }
    });
  });

  describe('at a connector', () => {
    let guarded: GuardedCluster;
    let ana: Person;
    let bob: Person;
    before(async () => {
      guarded = await guardCluster({ cluster: await controlPlane(), name: 'restore' });
      ana = await guarded.person('ana', { role: 'view' });
      bob = await guarded.person('bob', { role: 'view' });
    });
    after(async () => guarded.stop());

    it('row 38: opens for no lease of before or after the backup; who logs in again gets in, by the grants of then', async () => {
      const { server, connector, call } = guarded;
      const path = `/api/v1/namespaces/${guarded.namespace}/configmaps`;
      const status = async (client: ConnectorClient): Promise<number> => (await client.request(path)).status;
      const refused = async (client: ConnectorClient, whose: string): Promise<unknown> =>
        waitFor(async () => (await status(client)) === 401, { within: 10, what: `the lease ${whose} to be refused` });

      const ofBefore = await ana.client();
      expect(await status(ofBefore)).to.equal(200);
      const file = await backUp(server);
      const ofAfter = await bob.client();
      expect(await status(ofAfter)).to.equal(200);
      await call(api.users.revoke, { params: { id: ana.id } });
      await refused(ofBefore, 'that was revoked');
      // Revisions go far beyond those that the restored server counts from.
      for (let round = 0; round < 20; round += 1) {
        const { grant } = await call(api.grants.create, {
          body: { subject: bob.email, role: 'edit', resource: connector.destination.name },
        });
        await call(api.grants.remove, { params: { id: grant.id } });
      }

      await putBack(server, file);

      await refused(ofAfter, 'that the backup does not know');
      expect(await status(ofBefore)).to.equal(401);
      const again = await server.login(bob.email, password);
      const fresh = guarded.client(await newLease(again.call, connector.destination.id));
      expect(await status(fresh)).to.equal(200);
      const { call: admin } = await server.login(adminEmail, adminPassword);
      await admin(api.users.revoke, { params: { id: bob.id } });
      await refused(fresh, 'revoked at a revision that the connector had passed');
    });
  });
});
