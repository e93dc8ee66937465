/** A connector's signed assertions under attack: rows 18, 24, 40. */
import { expect } from 'chai';
import { createHmac, createPublicKey } from 'node:crypto';
import { api } from '../../shared/api/index.ts';
import { newId } from '../../shared/id.ts';
import { enrolConnector, enrolWithToken, sendAsserted, type EnrolledConnector } from '../support/enrolled-connector.ts';
import { adminEmail, startServer, type RunningServer } from '../support/server.ts';

describe('assertions of connectors', function () {
  this.timeout(60_000);
  let server: RunningServer;
  let x: EnrolledConnector;
  let y: EnrolledConnector;
  const read = { method: 'GET', path: '/api/v1/connector/desired-state' };

  before(async () => {
    server = await startServer();
    x = await enrolConnector(server, 'x');
    y = await enrolConnector(server, 'y');
  });
  after(async () => server.stop());

  it('a right one is let in', async () => expect((await x.send(read)).status).to.equal(200));

  it('row 40: the same one a second time is refused', async () => {
    const authorization = await x.sign(read);
    expect((await sendAsserted(server, read, authorization)).status).to.equal(200);
    const replay = await sendAsserted(server, read, authorization);
    expect(replay.status).to.equal(401);
    expect(((await replay.json()) as { code: string }).code).to.equal('assertion.replayed');
  });

  it('row 40: with another path, query, method or body it is refused and changes nothing', async () => {
    const report = (address: string) => ({
      method: 'POST',
      path: '/api/v1/connector/report',
      body: JSON.stringify({ replica: 'r', sequence: 1, version: 'v', clusterUid: null, address, discovery: null, grants: [] }),
    });
    const attempts = [
      [await x.sign(read), { ...read, path: `${read.path}?since=0` }],
      [await x.sign(read), { method: 'GET', path: '/api/v1/connector/changes' }],
      [await x.sign({ ...report('10.0.0.1:1'), method: 'GET' }), report('10.0.0.1:1')],
      [await x.sign(report('10.0.0.1:1')), report('10.0.0.2:1')],
    ] as const;
    for (const [authorization, request] of attempts) expect((await sendAsserted(server, request, authorization)).status).to.equal(401);
    const admin = await server.admin();
    expect((await admin(api.destinations.get, { params: { id: x.destinationId } })).address).to.equal(null);
  });

  const seconds = (): number => Math.floor(Date.now() / 1000);
  const tamperings = {
    'another audience': () => ({ claims: { aud: 'infra-server:elsewhere' } }),
    'an audience that is missing': () => ({ claims: { aud: undefined } }),
    'a time two minutes ago': () => ({ claims: { iat: seconds() - 120 } }),
    'a time two minutes ahead': () => ({ claims: { iat: seconds() + 120 } }),
    'no id of its own': () => ({ claims: { jti: undefined } }),
    'a short id': () => ({ claims: { jti: 'x' } }),
    'no digest of the body': () => ({ claims: { bdh: undefined } }),
    'another issuer': () => ({ claims: { iss: y.id } }),
    'an issuer that is nobody': () => ({ claims: { iss: newId('connector', Date.now()) } }),
    'an issuer that is a statement': () => ({ claims: { iss: "x' OR '1'='1" } }),
    'another type': () => ({ header: { typ: 'JWT' } }),
  };
  for (const [what, tampering] of Object.entries(tamperings)) {
    it(`row 18: ${what} is refused`, async () => {
      expect((await sendAsserted(server, read, await x.sign(read, tampering()))).status).to.equal(401);
    });
  }

  it('row 18: alg none, HS256 keyed with the public key, and a key in the header are refused', async () => {
    const right = (await x.sign(read)).replace('Connector ', '');
    const [, payload = ''] = right.split('.');
    const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const unsigned = `${encode({ alg: 'none', typ: 'infra-connector+jwt' })}.${payload}.`;
    const header = encode({ alg: 'HS256', typ: 'infra-connector+jwt' });
    const secret = createPublicKey(server.info.rootCertificate).export({ type: 'spki', format: 'pem' });
    const keyed = `${header}.${payload}.${createHmac('sha256', secret).update(`${header}.${payload}`).digest('base64url')}`;
    const foreign = (await y.sign(read, { claims: { iss: x.id } })).replace('Connector ', '');
    for (const token of [unsigned, keyed, foreign, `${right}x`, ''])
      expect((await sendAsserted(server, read, `Connector ${token}`)).status).to.equal(401);
  });

  it('row 24: a connector says nothing about another destination’s grants, and its access log is its own', async () => {
    const admin = await server.admin();
    const { grant } = await admin(api.grants.create, { body: { subject: adminEmail, role: 'view', resource: 'y' } });
    const report = {
      replica: 'r',
      sequence: 10,
      version: 'v',
      clusterUid: null,
      address: '10.0.0.9:1',
      discovery: null,
      grants: [{ id: grant.id, state: 'failed', reason: 'forged' }],
    };
    expect((await x.send({ method: 'POST', path: '/api/v1/connector/report', body: JSON.stringify(report) })).status).to.equal(204);
    expect((await admin(api.grants.get, { params: { id: grant.id } })).state.state).to.equal('pending');
    expect((await admin(api.destinations.get, { params: { id: y.destinationId } })).address).to.equal(null);

    const line = {
      id: newId('auditEvent', Date.now()),
      at: new Date().toISOString(),
      phase: 'completed',
      identityId: null,
      leaseId: null,
      impersonatedUser: '',
      impersonatedGroups: [],
      verb: 'get',
      path: '/forged',
      apiGroup: '',
      resource: '',
      subresource: '',
      namespace: '',
      name: '',
      status: 200,
      durationMilliseconds: 1,
      reason: '',
      sourceAddress: '',
      userAgent: '',
    };
    const upload = { method: 'POST', path: '/api/v1/connector/audit-events', body: JSON.stringify({ replica: 'r', events: [line] }) };
    // Twice, as after a lost answer: stored once.
    for (let round = 0; round < 2; round += 1) expect((await x.send(upload)).status).to.equal(204);
    const { items } = await admin(api.audit.list, { query: { event: 'request.completed' } });
    const forged = items.filter((event) => event.event === 'request.completed' && event.details.path === '/forged');
    expect(forged.map(({ destination }) => destination?.id)).to.deep.equal([x.destinationId]);
  });

  it('row 24: an acknowledgement of one connector is none of another’s', async () => {
    const admin = await server.admin();
    const { change } = await admin(api.grants.create, { body: { subject: adminEmail, role: 'edit', resource: 'y' } });
    const state = (await (await x.send(read)).json()) as { epoch: string };
    const body = JSON.stringify({ replica: 'r', sequence: 99, epoch: state.epoch, revision: change?.revision ?? 0, kind: 'enforced' });
    expect((await x.send({ method: 'POST', path: '/api/v1/connector/acknowledgements', body })).status).to.equal(204);
    const answer = await admin(api.changes.acknowledgements, { params: { revision: change?.revision ?? 0 } });
    expect(answer.acknowledgements.map((each) => [each.connectorId, each.state])).to.deep.equal([[y.id, 'pending']]);
  });

  it('row 39: a destination made again under its old name shares nothing: old token dead, old connector sees nobody', async () => {
    const admin = await server.admin();
    const made = await admin(api.destinations.create, { body: { name: 'phoenix' } });
    const old = await enrolWithToken(server, { joinToken: made.joinToken, destinationId: made.destination.id });
    const unused = await admin(api.destinations.createJoinToken, { params: { id: made.destination.id } });
    await admin(api.grants.create, { body: { subject: adminEmail, role: 'view', resource: 'phoenix' } });
    await admin(api.destinations.remove, { params: { id: made.destination.id } });
    const again = await admin(api.destinations.create, { body: { name: 'phoenix' } });
    await admin(api.grants.create, { body: { subject: adminEmail, role: 'edit', resource: 'phoenix' } });
    expect(again.destination.id).to.not.equal(made.destination.id);
    for (const joinToken of [made.joinToken, unused.joinToken]) {
      const failure = await enrolWithToken(server, { joinToken, destinationId: made.destination.id }).then(
        () => 'enrolled',
        (error: unknown) => (error as { problem: { code: string } }).problem.code,
      );
      expect(failure).to.equal('token.invalid');
    }
    const state = (await (await old.send(read)).json()) as { identities: unknown[]; leases: unknown[]; destination: { id: string } };
    expect(state.destination.id).to.equal(made.destination.id);
    expect([...state.identities, ...state.leases]).to.deep.equal([]);
  });
});
