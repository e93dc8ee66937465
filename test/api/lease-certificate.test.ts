/** What a lease's certificate says (architecture.md §5): all of it the server's word, the key alone the holder's. */
import { createPrivateKey, createPublicKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import { expect } from 'chai';
import { api } from '../../shared/api/index.ts';
import { splitPem } from '../../shared/node/fingerprint.ts';
import { newLease, type LeasedCertificate } from '../support/lease.ts';
import { refusal } from '../support/refusal.ts';
import { newPerson, startServer, type RunningServer } from '../support/server.ts';

const oid = {
  basicConstraints: '2.5.29.19',
  keyUsage: '2.5.29.15',
  extendedKeyUsage: '2.5.29.37',
  subjectAlternativeName: '2.5.29.17',
  authorityKeyIdentifier: '2.5.29.35',
  subjectKeyIdentifier: '2.5.29.14',
  clientAuth: '1.3.6.1.5.5.7.3.2',
};
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

describe('the certificate of a lease', function () {
  this.timeout(60_000);
  let server: RunningServer;
  let ana: Awaited<ReturnType<typeof newPerson>>;
  let destinationId: string;
  let leased: LeasedCertificate;

  before(async () => {
    server = await startServer({ settings: { 'trust-domain': 'example.test' } });
    const admin = await server.admin();
    ana = await newPerson(server, 'ana@example.com');
    destinationId = (await admin(api.destinations.create, { body: { name: 'prod' } })).destination.id;
    await admin(api.grants.create, { body: { subject: 'ana@example.com', role: 'view', resource: 'prod' } });
    leased = await newLease(ana.call, destinationId);
  });
  after(async () => server.stop());

  const leafOf = ({ chain }: LeasedCertificate): x509.X509Certificate => new x509.X509Certificate(splitPem(chain)[0] ?? '');
  const uriOf = ({ lease }: LeasedCertificate): string =>
    `spiffe://example.test/destination/${destinationId}/identity/${ana.id}/lease/${lease.id}`;

  function expectShape(certificate: LeasedCertificate): void {
    const leaf = leafOf(certificate);
    expect(leaf.subject).to.equal(`CN=${ana.id}`);
    const names = leaf.getExtension(x509.SubjectAlternativeNameExtension)?.names.toJSON();
    expect(names).to.deep.equal([{ type: 'url', value: uriOf(certificate) }]);
    expect(leaf.getExtension(x509.ExtendedKeyUsageExtension)?.usages).to.deep.equal([oid.clientAuth]);
    expect(leaf.getExtension(x509.KeyUsagesExtension)?.usages).to.equal(x509.KeyUsageFlags.digitalSignature);
    const constraints = leaf.getExtension(x509.BasicConstraintsExtension);
    expect([constraints?.ca, constraints?.critical]).to.deep.equal([false, true]);
    // And nothing that this list does not know: no policy, no further name, no extension of somebody's own.
    expect(leaf.extensions.map(({ type }) => type)).to.have.members([
      oid.basicConstraints,
      oid.keyUsage,
      oid.extendedKeyUsage,
      oid.subjectAlternativeName,
      oid.authorityKeyIdentifier,
      oid.subjectKeyIdentifier,
    ]);
  }

  it('names the identity as subject, one URI with destination, identity and lease, and may authenticate clients: nothing else', () =>
    expectShape(leased));

  it('holds the key that the holder kept, and no email, group or role', () => {
    const leaf = new X509Certificate(splitPem(leased.chain)[0] ?? '');
    expect(leaf.publicKey.equals(createPublicKey(createPrivateKey(leased.key)))).to.equal(true);
    expect(leaf.raw.toString('latin1')).not.to.match(/ana@|view|prod|infra:/);
  });

  it('holds from a minute before it was asked for to the end of the lease, to the second', () => {
    const leaf = leafOf(leased);
    const issuedAt = new Date(leased.lease.issuedAt).getTime();
    const expiresAt = new Date(leased.lease.expiresAt).getTime();
    expect(issuedAt - leaf.notBefore.getTime()).to.be.within(60_000, 61_000);
    expect(expiresAt - leaf.notAfter.getTime()).to.be.within(0, 999);
    expect(expiresAt - issuedAt).to.equal(3_600_000);
  });

  it('has a serial of 128 bits, another one each time, which the audit knows', async () => {
    const other = await newLease(ana.call, destinationId);
    const serials = [leased, other].map((each) => leafOf(each).serialNumber);
    expect(new Set(serials).size).to.equal(2);
    for (const serial of serials) expect(serial).to.match(/^[4-7][0-9a-f]{31}$/);
    const { items } = await (await server.admin())(api.audit.list, { query: { event: 'lease.issued' } });
    const audited = items.map((event) => (event.event === 'lease.issued' ? event.details.serial : ''));
    expect(audited).to.have.members(serials);
  });

  it('is signed by the intermediate that comes with it, and that by the pinned root', () => {
    const [leaf, intermediate, ...more] = splitPem(leased.chain).map((pem) => new X509Certificate(pem));
    if (leaf === undefined || intermediate === undefined) throw new Error('a chain is leaf and intermediate');
    expect(more).to.deep.equal([]);
    const root = new X509Certificate(server.info.rootCertificate);
    expect(leaf.checkIssued(intermediate) && leaf.verify(intermediate.publicKey)).to.equal(true);
    expect(intermediate.checkIssued(root) && intermediate.verify(root.publicKey)).to.equal(true);
    expect([leaf.ca, intermediate.ca, root.ca]).to.deep.equal([false, true, true]);
  });

  it('row 10: takes nothing from a request but its key, whatever the request asks for', async () => {
    const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
    const request = await x509.Pkcs10CertificateRequestGenerator.create({
      name: 'CN=admin@example.com, O=system:masters, OU=infra:cluster-admin@*',
      keys,
      signingAlgorithm: algorithm,
      extensions: [
        new x509.BasicConstraintsExtension(true, 2, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
        new x509.ExtendedKeyUsageExtension(['1.3.6.1.5.5.7.3.1', '2.5.29.37.0']),
        new x509.SubjectAlternativeNameExtension([
          { type: 'url', value: uriOf(leased).replace(ana.id, 'usr_00000000000000000000000000') },
          { type: 'dns', value: 'localhost' },
        ]),
      ],
      attributes: [new x509.ChallengePasswordAttribute('let me in')],
    });
    const key = Buffer.from(await crypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
    const greedy = await newLease(ana.call, destinationId, { pem: request.toString('pem'), key });
    expectShape(greedy);
    expect(leafOf(greedy).notAfter.getTime() - Date.now()).to.be.below(3_600_000);
  });

  it('is made for no other kind of key, nor for what is no request', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    for (const csr of ['', 'x', privateKey.export({ type: 'sec1', format: 'pem' }).toString(), server.info.rootCertificate]) {
      const problem = await refusal(ana.call(api.leases.create, { body: { destination: destinationId, csr } }));
      expect([problem.code, problem.status]).to.deep.equal(['lease.csr-invalid', 400]);
    }
  });
});
