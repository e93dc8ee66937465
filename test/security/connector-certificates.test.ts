/** Certificates that infra did not issue, or not for this: shown to the real connector and to the server. */
import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { SignJWT } from 'jose';
import { newId } from '../../shared/id.ts';
import { api } from '../../shared/api/index.ts';
import { controlPlane } from '../support/clusters.ts';
import { connectorClient, converse, statusOf, type ClientCertificate } from '../support/connector-client.ts';
import { startConnector, type RunningConnectorProgram } from '../support/connector.ts';
import { guardCluster, type GuardedCluster, type Person } from '../support/guarded-cluster.ts';
import { newLease, type LeasedCertificate } from '../support/lease.ts';
import { newMarker, witnessOf, type Witness } from '../support/upstream-witness.ts';
import { waitFor } from '../support/wait-for.ts';
import { forge, greedyRequest, namesOf, parseCertificate, type Forgery } from './look-alike-authority.ts';

describe('security of the connector: certificates', function () {
  this.timeout(60_000);
  let guarded: GuardedCluster;
  let other: RunningConnectorProgram;
  let ana: Person;
  let bea: Person;
  let genuine: LeasedCertificate;
  let witness: Witness;

  before(async () => {
    const cluster = await controlPlane();
    guarded = await guardCluster({ cluster, name: 'certificates' });
    other = await startConnector({ server: guarded.server, cluster, destination: `other-${process.pid}` });
    ana = await guarded.person('ana', { role: 'view' });
    bea = await guarded.person('bea', { role: 'view' });
    for (const { email } of [ana, bea])
      await guarded.call(api.grants.create, { body: { subject: email, role: 'view', resource: other.destination.name } });
    genuine = await ana.lease();
    witness = witnessOf(guarded, guarded.client(genuine));
  });
  after(async () => {
    await other.stop('SIGKILL');
    await guarded.admin('delete', 'clusterrolebindings', '-l', `infra.internal/destination=${other.destination.id}`);
    await guarded.stop();
  });

  const secrets = (marker: string): string => `/api/v1/namespaces/${guarded.namespace}/configmaps/${marker}`;
  const at = (connector: RunningConnectorProgram, certificate?: ClientCertificate) =>
    connectorClient({ port: connector.port, serverName: connector.serverName, ca: guarded.server.info.rootCertificate }, certificate);

  /** 401 as a Status, or no connection at all; nothing upstream. */
  async function isRefused(certificate: ClientCertificate, connector = guarded.connector): Promise<void> {
    const marker = newMarker();
    const answer = await at(connector, certificate)
      .request(secrets(marker))
      .catch(() => undefined);
    if (answer !== undefined) {
      expect(answer.status, answer.text).to.equal(401);
      expect(statusOf(answer.text)).to.include({ kind: 'Status', reason: 'Unauthorized', code: 401 });
    }
    await witness.nothing(marker);
  }

  it('row 5: a certificate for one destination is refused at another, where its owner has a grant too', async () => {
    const elsewhere = await newLease(ana.call, other.destination.id);
    const answer = await at(other, elsewhere).request('/version');
    expect(answer.status, answer.text).to.equal(200);
    await isRefused(elsewhere);
    await isRefused(genuine, other);
  });

  it("row 5: a person's certificate opens nothing at the server", async () => {
    const { port, info } = guarded.server;
    const server = connectorClient({ port, serverName: 'localhost', ca: info.rootCertificate }, genuine);
    for (const path of ['/api/v1/users', '/api/v1/session', '/api/v1/access', '/api/v1/connector/desired-state'])
      expect((await server.request(path, { headers: { host: `localhost:${port}` } })).status, path).to.be.oneOf([401, 404]);
  });

  it("row 5: the key of a person's certificate signs no connector's request", async () => {
    const { destination } = guarded.connector;
    const { connectors } = await guarded.call(api.destinations.get, { params: { id: destination.id } });
    const path = '/api/v1/connector/desired-state';
    for (const issuer of [connectors[0]?.id ?? '', ana.id, genuine.lease.id]) {
      const now = Math.floor(Date.now() / 1000);
      const assertion = await new SignJWT({
        jti: crypto.randomUUID(),
        htm: 'GET',
        htu: path,
        bdh: '47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU',
      })
        .setProtectedHeader({ alg: 'ES256', typ: 'infra-connector+jwt' })
        .setIssuer(issuer)
        .setAudience(`infra-server:${guarded.server.info.trustDomain}`)
        .setIssuedAt(now)
        .setExpirationTime(now + 60)
        .sign(createPrivateKey(genuine.key));
      const answer = await guarded.server.request(path, { headers: { authorization: `Connector ${assertion}` } });
      expect(answer.status).to.equal(401);
    }
  });

  it("row 10: a connector's serving certificate is no client certificate, at its own connector or at another", async () => {
    const { certificateChain } = JSON.parse(readFileSync(join(guarded.connector.stateDir, 'serving-certificate.json'), 'utf8')) as {
      certificateChain: string;
    };
    const key = readFileSync(join(guarded.connector.stateDir, 'serving-key.pem'), 'utf8');
    for (const connector of [guarded.connector, other]) await isRefused({ chain: certificateChain, key }, connector);
  });

  const spiffe = (identity: string, lease: string, destination = guarded.connector.destination.id): string =>
    `spiffe://${guarded.server.info.trustDomain}/destination/${destination}/identity/${identity}/lease/${lease}`;
  const url = (value: string) => ({ type: 'url', value }) as const;
  const mine = (): string => spiffe(ana.id, genuine.lease.id);
  const forgeries: Readonly<Record<string, () => Forgery>> = {
    'the same names, serial and key identifiers from a look-alike authority': () => ({}),
    'a look-alike with the genuine intermediate behind it': () => ({ chain: 'genuine' }),
    'signed by itself': () => ({ signedBy: 'itself' }),
    'signed by itself, with the genuine intermediate behind it': () => ({ signedBy: 'itself', chain: 'genuine' }),
    "signed with a person's key, below that person's certificate": () => ({ signedBy: genuine }),
    "signed with a person's key, in the name of another": () => ({
      signedBy: genuine,
      subject: `CN=${bea.id}`,
      names: [url(spiffe(bea.id, genuine.lease.id))],
    }),
    'for server authentication': () => ({ usages: ['1.3.6.1.5.5.7.3.1'] }),
    'for everything': () => ({ usages: ['2.5.29.37.0', '1.3.6.1.5.5.7.3.2'] }),
    'an authority': () => ({ isAuthority: true }),
    'subject and name of two people': () => ({ subject: `CN=${bea.id}` }),
    'two names': () => ({ names: [url(mine()), url(spiffe(bea.id, genuine.lease.id))] }),
    'a DNS name besides': () => ({ names: [url(mine()), { type: 'dns', value: 'localhost' }] }),
    'an organization besides': () => ({ subject: `CN=${ana.id}, O=system:masters` }),
    'an organization alone': () => ({ subject: 'O=system:masters, CN=admin' }),
    'another destination': () => ({ names: [url(spiffe(ana.id, genuine.lease.id, other.destination.id))] }),
    'a lease that nobody issued': () => ({ names: [url(spiffe(ana.id, newId('lease', Date.now())))] }),
    'another trust domain': () => ({ names: [url(mine().replace('spiffe://', 'spiffe://x.'))] }),
  };
  for (const [title, forgery] of Object.entries(forgeries))
    it(`row 10: forged: ${title}: refused, nothing reaches the cluster`, async () =>
      isRefused(await forge(genuine, guarded.server.info.rootCertificate, forgery())));

  it('row 10: of a certificate request nothing but its key is believed', async () => {
    const request = await greedyRequest({
      subject: `CN=${bea.id}, O=system:masters`,
      names: [url(spiffe(bea.id, newId('lease', Date.now()))), { type: 'dns', value: 'localhost' }],
    });
    const issued = await newLease(ana.call, guarded.connector.destination.id, request);
    const certificate = parseCertificate(issued.chain);
    expect(certificate.subject).to.equal(`CN=${ana.id}`);
    expect(namesOf(certificate)).to.deep.equal([url(spiffe(ana.id, issued.lease.id))]);
    const asNode = new X509Certificate(issued.chain);
    expect(asNode.ca).to.equal(false);
    expect(asNode.keyUsage).to.deep.equal(['1.3.6.1.5.5.7.3.2']);
    const marker = newMarker();
    expect((await guarded.client(issued).request(secrets(marker))).status).to.equal(404);
    await witness.onlyAs(ana, marker);
  });

  it('row 10: a revoked lease is refused, and the same person with another is not', async () => {
    const revoked = await ana.lease();
    expect((await guarded.client(revoked).request('/version')).status).to.equal(200);
    await ana.call(api.leases.revoke, { params: { id: revoked.lease.id } });
    await waitFor(async () => (await guarded.client(revoked).request('/version')).status === 401, {
      within: 5,
      what: 'the revoked lease to be refused',
    });
    await isRefused(revoked);
    expect((await guarded.client(genuine).request('/version')).status).to.equal(200);
  });

  it('row 13: after the end of the certificate a request is refused on the same connection, on a resumed session and on a new one, though the rights go on', async () => {
    const cleo = await guarded.person('cleo');
    await cleo.grant({ role: 'view', until: new Date(Date.now() + 5000).toISOString() });
    const brief = await cleo.lease();
    const ends = parseCertificate(brief.chain).notAfter.getTime();
    expect(ends).to.be.below(Date.now() + 6000);
    await cleo.grant({ role: 'edit' });
    const client = guarded.client(brief);
    const kept = await client.connect();
    let session: Buffer | undefined;
    kept.on('session', (ticket: Buffer) => (session = ticket));
    const onKept = converse(kept);
    const ask = 'GET /version HTTP/1.1\r\nHost: local\r\n\r\n';
    kept.write(ask);
    expect((await onKept.answers(1))[0]?.status).to.equal(200);
    const ticket = await waitFor(() => session, { within: 5, what: 'a TLS session to resume' });
    const resumedBefore = await client.connect({ session: ticket });
    expect(resumedBefore.isSessionReused()).to.equal(true);
    const onResumed = converse(resumedBefore);
    resumedBefore.write(ask);
    expect((await onResumed.answers(1))[0]?.status).to.equal(200);

    await waitFor(async () => (await client.request('/version')).status === 401, { within: 15, what: 'the end of the certificate' });
    expect(Date.now()).to.be.at.least(ends - 1000);
    const resumedAfter = await client.connect({ session: ticket });
    expect(resumedAfter.isSessionReused()).to.equal(true);
    const onResumedAfter = converse(resumedAfter);
    kept.write(ask);
    resumedBefore.write(ask);
    resumedAfter.write(ask);
    for (const [conversation, wanted] of [
      [onKept, 2],
      [onResumed, 2],
      [onResumedAfter, 1],
    ] as const) {
      const answer = (await conversation.answers(wanted)).at(-1);
      expect(answer?.status).to.equal(401);
      expect(statusOf(answer?.body ?? '')).to.include({ kind: 'Status', reason: 'Unauthorized' });
    }
    [kept, resumedBefore, resumedAfter].forEach((socket) => socket.destroy());
    expect((await (await cleo.client()).request('/version')).status).to.equal(200);
  });
});
