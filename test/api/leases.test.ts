/** Leases: how long they live and why, who sees them, who ends them. */
import { expect } from 'chai';
import { api } from '../../shared/api/index.ts';
import type { Lease } from '../../shared/api/leases.ts';
import { destinationId, type DestinationId, type GrantId } from '../../shared/api/values.ts';
import type { Call } from '../../shared/client.ts';
import { createKeyPair } from '../../cli/key-pair.ts';
import { enrolConnector } from '../support/enrolled-connector.ts';
import { newLease } from '../support/lease.ts';
import { refusal } from '../support/refusal.ts';
import { newPerson, startServer, type RunningServer } from '../support/server.ts';
import { waitFor } from '../support/wait-for.ts';

const minute = 60_000;
const inMinutes = (count: number): string => new Date(Date.now() + count * minute).toISOString();
const lifeOf = ({ issuedAt, expiresAt }: Lease): number => new Date(expiresAt).getTime() - new Date(issuedAt).getTime();

describe('leases', function () {
  this.timeout(60_000);
  let server: RunningServer;
  let admin: Call;
  before(async () => {
    server = await startServer({ settings: { 'session-lifetime': '30m', 'lease-ttl': '10m' } });
    admin = await server.admin();
  });
  after(async () => server.stop());

  const newDestination = async (name: string, leaseTtlSeconds: number | null = null): Promise<DestinationId> =>
    (await admin(api.destinations.create, { body: { name, settings: { leaseTtlSeconds } } })).destination.id;
  const grant = async (subject: string, resource: string, until?: string): Promise<GrantId> =>
    (await admin(api.grants.create, { body: { subject, role: 'view', resource, ...(until === undefined ? {} : { until }) } })).grant.id;
  const ask = async (call: Call, destination: DestinationId) =>
    call(api.leases.create, { body: { destination, csr: createKeyPair().certificateRequest } });

  describe('live', () => {
    it('as long as the setting says when nothing ends earlier', async () => {
      const ana = await newPerson(server, 'setting@example.com');
      const destination = await newDestination('of-the-setting');
      await grant('setting@example.com', 'of-the-setting');
      const { lease, limitedBy } = await ask(ana.call, destination);
      expect([lifeOf(lease), limitedBy]).to.deep.equal([10 * minute, 'setting']);
    });

    it('as long as the setting of their destination, which goes before the server’s', async () => {
      const ana = await newPerson(server, 'destination@example.com');
      const destination = await newDestination('of-its-own', 300);
      await grant('destination@example.com', 'of-its-own');
      const { lease, limitedBy } = await ask(ana.call, destination);
      expect([lifeOf(lease), limitedBy]).to.deep.equal([5 * minute, 'setting']);
    });

    it('row 11: no longer than the session they were asked for in', async () => {
      const ana = await newPerson(server, 'session@example.com');
      const destination = await newDestination('longer-than-sessions', 7200);
      await grant('session@example.com', 'longer-than-sessions');
      const { lease, limitedBy } = await ask(ana.call, destination);
      const { session } = await ana.call(api.sessions.current, {});
      expect([lease.expiresAt, limitedBy]).to.deep.equal([session.expiresAt, 'session']);
    });

    it('row 11: no longer than the longest grant that justifies them, through groups and for namespaces too', async () => {
      const ana = await newPerson(server, 'grant@example.com');
      const destination = await newDestination('granted-for-a-while');
      const { id } = await admin(api.groups.create, { body: { name: 'a-while' } });
      await admin(api.groups.addMember, { params: { id }, body: { identity: 'grant@example.com' } });
      const [shorter, longer] = [inMinutes(3), inMinutes(6)];
      await grant('grant@example.com', 'granted-for-a-while', shorter);
      expect(await ask(ana.call, destination))
        .to.deep.include({ limitedBy: 'grant' })
        .and.to.have.nested.property('lease.expiresAt', shorter);
      await grant('group:a-while', 'granted-for-a-while.web', longer);
      expect((await ask(ana.call, destination)).lease.expiresAt).to.equal(longer);
      await grant('grant@example.com', 'granted-for-a-while');
      expect((await ask(ana.call, destination)).limitedBy).to.equal('setting');
    });

    it('row 11: are refused once the last grant has run out', async () => {
      const ana = await newPerson(server, 'over@example.com');
      const destination = await newDestination('soon-over');
      await grant('over@example.com', 'soon-over', new Date(Date.now() + 2500).toISOString());
      expect((await ask(ana.call, destination)).limitedBy).to.equal('grant');
      const problem = await waitFor(async () => refusal(ask(ana.call, destination)), { within: 10, what: 'the grant to run out' });
      expect(problem.code).to.equal('grant.missing');
    });
  });

  it('say whether a connector of their destination is in contact, and since when none is', async () => {
    const ines = await newPerson(server, 'ines@example.com');
    const offlineAt = async (destination: DestinationId) => (await ask(ines.call, destination)).offline;
    const unjoined = await newDestination('without-connector');
    const connector = await enrolConnector(server, 'coming-and-going');
    const destination = destinationId.parse(connector.destinationId);
    for (const name of ['without-connector', 'coming-and-going']) await grant('ines@example.com', name);
    expect(await offlineAt(unjoined)).to.deep.equal({ lastSeenAt: null });
    const joinedAt = (await offlineAt(destination))?.lastSeenAt ?? '';
    expect(joinedAt).to.match(/^20\S+Z$/);
    const stream = await connector.send({ method: 'GET', path: '/api/v1/connector/changes' });
    expect(await offlineAt(destination)).to.equal(null);
    await stream.body?.cancel();
    const isMissed = async (): Promise<boolean> => ((await offlineAt(destination))?.lastSeenAt ?? '') > joinedAt;
    await waitFor(isMissed, { within: 10, what: 'the connector to be missed, and its last contact noted' });
  });

  describe('are refused', () => {
    it('without a grant, with a sentence that says whom to ask and for what', async () => {
      const bob = await newPerson(server, 'bob@example.com');
      const destination = await newDestination('closed');
      const problem = await refusal(ask(bob.call, destination));
      expect(problem).to.include({ status: 403, code: 'grant.missing' });
      expect(problem.detail).to.equal(
        'bob@example.com has no grant on closed. Ask an admin for: infra grants add bob@example.com --role ROLE closed (ROLE: view, edit, admin …). What there is: infra explain bob@example.com closed',
      );
    });

    it('on the strength of a grant on another destination, or on the server itself', async () => {
      const destination = await newDestination('not-this-one');
      const carl = await newPerson(server, 'carl@example.com');
      await newDestination('that-one');
      await grant('carl@example.com', 'that-one');
      await grant('carl@example.com', 'infra');
      for (const call of [carl.call, admin]) expect((await refusal(ask(call, destination))).code).to.equal('grant.missing');
    });

    it('for a destination that was removed', async () => {
      const dora = await newPerson(server, 'dora@example.com');
      const destination = await newDestination('removed');
      await grant('dora@example.com', 'removed');
      const { lease } = await newLease(dora.call, destination);
      await admin(api.destinations.remove, { params: { id: destination } });
      const problem = await refusal(ask(dora.call, destination));
      expect([problem.status, problem.code]).to.deep.equal([404, 'destination.not-found']);
      expect((await dora.call(api.leases.get, { params: { id: lease.id } })).revokedBecause).to.equal('destination removed');
    });
  });

  describe('belong to somebody', () => {
    let destination: DestinationId;
    let eve: Awaited<ReturnType<typeof newPerson>>;
    let fred: Awaited<ReturnType<typeof newPerson>>;
    before(async () => {
      destination = await newDestination('shared');
      eve = await newPerson(server, 'eve@example.com');
      fred = await newPerson(server, 'fred@example.com');
      for (const email of ['eve@example.com', 'fred@example.com']) await grant(email, 'shared');
    });
    const idsOf = async (call: Call, query: object): Promise<string[]> =>
      (await call(api.leases.list, { query })).items.map(({ id }) => id);
    const revoked = async (): Promise<number> =>
      (await admin(api.audit.list, { query: { event: 'lease.revoked', destination } })).items.length;

    it('who lists them and nobody else’s; with view on infra one lists everybody’s', async () => {
      const [ofEve, ofFred] = [await newLease(eve.call, destination), await newLease(fred.call, destination)];
      expect(await idsOf(eve.call, {})).to.deep.equal([ofEve.lease.id]);
      for (const query of [{ all: 'true' }, { identity: fred.id }]) {
        const problem = await refusal(idsOf(eve.call, query));
        expect(problem.code).to.equal('access.denied');
        expect(problem.detail).to.include('infra grants add eve@example.com --role view infra');
      }
      expect(await idsOf(admin, { all: 'true', destination })).to.have.members([ofEve.lease.id, ofFred.lease.id]);
      expect(await idsOf(admin, { identity: fred.id })).to.deep.equal([ofFred.lease.id]);
    });

    it('who ends them, once; to others they look like none; an admin ends anybody’s', async () => {
      const { lease } = await newLease(eve.call, destination);
      const before = await revoked();
      const params = { id: lease.id };
      for (const attempt of [fred.call(api.leases.revoke, { params }), fred.call(api.leases.get, { params })])
        expect((await refusal(attempt)).code).to.equal('lease.not-found');
      expect(await revoked()).to.equal(before);
      const { change } = await eve.call(api.leases.revoke, { params });
      expect(change?.destinations).to.deep.equal([destination]);
      expect(await eve.call(api.leases.get, { params })).to.include({ state: 'revoked', revokedBecause: 'revoked' });
      expect((await eve.call(api.leases.revoke, { params })).change).to.equal(null);
      expect(await revoked()).to.equal(before + 1);
      expect(await idsOf(eve.call, { live: 'true' })).not.to.include(lease.id);

      const other = await newLease(eve.call, destination);
      await admin(api.leases.revoke, { params: { id: other.lease.id } });
      expect(await eve.call(api.leases.get, { params: { id: other.lease.id } })).to.include({ state: 'revoked' });
    });

    it('whose session, when it ends, takes them along', async () => {
      const second = await server.login('eve@example.com', eve.password);
      const { lease } = await newLease(second.call, destination);
      await second.call(api.sessions.logout, {});
      expect(await eve.call(api.leases.get, { params: { id: lease.id } })).to.include({ state: 'revoked', revokedBecause: 'logged out' });
    });

    it('whose grant, when it goes, leaves them be: the connector asks for a live one on every request (ADR 7)', async () => {
      const gina = await newPerson(server, 'gina@example.com');
      const only = await grant('gina@example.com', 'shared');
      const { lease } = await newLease(gina.call, destination);
      await admin(api.grants.remove, { params: { id: only } });
      expect(await gina.call(api.leases.get, { params: { id: lease.id } })).to.include({ state: 'active' });
      expect((await refusal(ask(gina.call, destination))).code).to.equal('grant.missing');
    });
  });
});
