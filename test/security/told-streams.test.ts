/** What connectors tell of their open streams: of their own destination alone, bounded, and gone with them. */
import { expect } from 'chai';
import { api } from '../../shared/api/index.ts';
import { newLease } from '../support/lease.ts';
import { refusal } from '../support/refusal.ts';
import { newPerson, startServer, type RunningServer } from '../support/server.ts';
import { stream, tellingConnector, type TellingConnector } from '../support/telling-connector.ts';

describe('security of the server: what connectors tell of open streams', function () {
  this.timeout(60_000);
  let server: RunningServer;
  let own: TellingConnector;
  let other: TellingConnector;
  let lease: string;
  let foreign: string;
  let ana: Awaited<ReturnType<typeof newPerson>>;

  before(async () => {
    server = await startServer();
    own = await tellingConnector(server, 'own');
    other = await tellingConnector(server, 'other');
    ana = await newPerson(server, 'ana@example.com');
    const admin = await server.admin();
    for (const resource of ['own', 'other'])
      await admin(api.grants.create, { body: { subject: 'ana@example.com', role: 'view', resource } });
    lease = (await newLease(ana.call, own.destinationId)).lease.id;
    foreign = (await newLease(ana.call, other.destinationId)).lease.id;
  });
  after(async () => server.stop());

  it('row 24: shows what is told, and whose it is says the server', async () => {
    expect(await own.tell({ total: 1, streams: [stream(lease)] })).to.equal(204);
    const { told, total, streams } = await own.streams();
    expect({ told, total }).to.deep.equal({ told: true, total: 1 });
    expect(streams[0]).to.deep.include({
      identity: { id: ana.id, kind: 'user', name: 'ana@example.com' },
      ...{ leaseId: lease, connectorId: own.connector.id, subresource: 'exec', name: 'shop' },
    });
  });

  it('row 24: a connector writes its own destination’s alone', async () => {
    await other.tell({ total: 0, streams: [] });
    await own.tell({ total: 1, streams: [stream(lease)] });
    expect(await other.streams()).to.deep.equal({ told: true, total: 0, streams: [] });
    expect((await own.streams()).total).to.equal(1);
  });

  it('row 24: leads nobody to a lease of another destination, nor to one that never was', async () => {
    const unknown = 'lse_01kbzzzzzzzzzzzzzzzzzzzzzz';
    expect(await own.tell({ total: 3, streams: [stream(foreign), stream(unknown), stream(lease)] })).to.equal(204);
    const { total, streams } = await own.streams();
    expect(streams.map(({ leaseId }) => leaseId)).to.deep.equal([lease]);
    expect(total).to.equal(1);
  });

  const outOfBounds: Readonly<Record<string, () => object>> = {
    'more streams than 200': () => ({ total: 201, streams: Array.from({ length: 201 }, () => stream(lease)) }),
    'a path of 501 characters': () => ({ total: 1, streams: [stream(lease, { path: 'x'.repeat(501) })] }),
    'a name of 254 characters': () => ({ total: 1, streams: [stream(lease, { name: 'x'.repeat(254) })] }),
    'a lease that is none': () => ({ total: 1, streams: [stream('usr_1')] }),
    'an identity of its choice': () => ({ total: 1, streams: [stream(lease, { identity: { id: ana.id, name: 'somebody' } })] }),
    'a destination of its choice': () => ({ total: 1, streams: [stream(lease)], destination: other.destinationId }),
    'a negative count': () => ({ total: -1, streams: [] }),
  };
  for (const title of Object.keys(outOfBounds))
    it(`row 24: refuses ${title}, and what was told before stays`, async () => {
      await own.tell({ total: 1, streams: [stream(lease)] });
      expect(await own.tell(outOfBounds[title]?.() ?? {})).to.equal(400);
      expect((await own.streams()).total).to.equal(1);
    });

  it('row 31: replicas that a connector makes up do not fill the memory', async () => {
    const fresh = await tellingConnector(server, 'many-replicas');
    for (let replica = 0; replica < 30; replica += 1) await fresh.tell({ replica: `r${replica}`, total: 1000 });
    expect((await fresh.streams()).total).to.equal(20_000);
  });

  it('row 24: what was told earlier and comes late changes nothing', async () => {
    await own.tell({ sequence: 5000, total: 2, streams: [stream(lease)] });
    await own.tell({ sequence: 4999, total: 9, streams: [] });
    expect((await own.streams()).total).to.equal(2);
  });

  it('row 22: only a connector tells, and only whoever may view reads', async () => {
    const admin = await server.admin();
    const body = { replica: 'one', sequence: 1_000_000, total: 0, streams: [] };
    expect((await refusal(admin(api.connectors.tellStreams, { body }))).status).to.equal(401);
    const denied = await refusal(ana.call(api.destinations.streams, { params: { id: own.destinationId } }));
    expect(denied.code).to.equal('access.role-missing');
  });

  it('is gone with the connector’s contact, and a connector without one tells nothing', async () => {
    const leaving = await tellingConnector(server, 'leaving');
    await leaving.tell({ total: 5 });
    await leaving.leave();
    expect(await leaving.streams()).to.deep.equal({ told: false, total: 0, streams: [] });
    expect(await leaving.tell({ total: 5 })).to.equal(204);
    expect((await leaving.streams()).told).to.equal(false);
  });

  it('is gone with its destination', async () => {
    const removed = await tellingConnector(server, 'removed');
    await removed.tell({ total: 1 });
    const admin = await server.admin();
    await admin(api.destinations.remove, { params: { id: removed.destinationId } });
    expect((await refusal(removed.streams())).code).to.equal('destination.not-found');
  });
});
