/** Leaf certificates as openssl and Node read them (RFC 5280), and byte by byte where a reader would be lenient. */
import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createIntermediate, createLeaf, createRoot, exportPublicKey, newKeyPair, type Issuer } from '../../server/authority/x509.ts';
import { element, integer, objectIdentifier, readElement, readInside, tags, time, utf8String } from '../../server/authority/der.ts';
import { tempDir } from '../support/temp-dir.ts';

const validity = { notBefore: new Date('2026-01-01T00:00:00.700Z'), notAfter: new Date('2049-12-31T23:59:59.999Z') };
const uri = 'spiffe://infra.test/destination/dst_1/identity/usr_1/lease/lse_1';

describe('leaf certificates', () => {
  let root: string;
  let intermediate: Issuer;
  let publicKey: Buffer;

  before(async () => {
    const [rootKeys, intermediateKeys, leafKeys] = [await newKeyPair(), await newKeyPair(), await newKeyPair()];
    root = (await createRoot(rootKeys, 'infra root infra.test', validity)).certificate;
    const signer = { certificate: root, privateKey: rootKeys.privateKey };
    const { certificate } = await createIntermediate(intermediateKeys.publicKey, signer, 'infra intermediate aut_1', validity);
    intermediate = { certificate, privateKey: intermediateKeys.privateKey };
    publicKey = exportPublicKey(leafKeys.publicKey);
  });

  const person = () => ({
    publicKey,
    commonName: 'usr_1',
    usage: 'clientAuth' as const,
    names: [{ type: 'url' as const, value: uri }],
    ...validity,
  });
  const openssl = (args: readonly string[], input = ''): string => execFileSync('openssl', args, { input, encoding: 'utf8' });

  it('say who, for what, until when, and nothing more', () => {
    const { certificate, serial } = createLeaf(intermediate, person());
    const text = openssl(['x509', '-noout', '-text', '-nameopt', 'RFC2253'], certificate);
    const lines = text.split('\n').map((line) => line.trim());
    expect(text).to.include('Version: 3 (0x2)');
    expect(lines).to.include('Issuer: CN=infra intermediate aut_1');
    expect(lines).to.include('Subject: CN=usr_1');
    expect(lines).to.include('Not Before: Jan  1 00:00:00 2026 GMT');
    expect(lines).to.include('Not After : Dec 31 23:59:59 2049 GMT');
    const extensions = lines.slice(lines.indexOf('X509v3 extensions:') + 1, lines.lastIndexOf('Signature Algorithm: ecdsa-with-SHA256'));
    const names = extensions.filter((line) => line.startsWith('X509v3'));
    expect(names).to.deep.equal([
      'X509v3 Basic Constraints: critical',
      'X509v3 Key Usage: critical',
      'X509v3 Extended Key Usage:',
      'X509v3 Subject Alternative Name:',
      'X509v3 Authority Key Identifier:',
      'X509v3 Subject Key Identifier:',
    ]);
    expect(extensions.filter((line) => !line.startsWith('X509v3')).slice(0, 4)).to.deep.equal([
      'CA:FALSE',
      'Digital Signature',
      'TLS Web Client Authentication',
      `URI:${uri}`,
    ]);
    expect(new X509Certificate(certificate).serialNumber.toLowerCase()).to.equal(serial);
    expect(serial).to.match(/^[4-7][0-9a-f]{31}$/);
  });

  it('verify with openssl, strictly, up to the root', () => {
    const { certificate } = createLeaf(intermediate, person());
    const folder = tempDir('infra-leaf');
    const write = (name: string, pem: string): string => {
      writeFileSync(join(folder, name), pem);
      return join(folder, name);
    };
    const chain = ['-CAfile', write('root', root), '-untrusted', write('intermediate', intermediate.certificate)];
    expect(openssl(['verify', '-x509_strict', '-purpose', 'sslclient', ...chain, write('leaf', certificate)])).to.match(/: OK\n$/);
    expect(() => openssl(['verify', '-x509_strict', '-purpose', 'sslserver', ...chain, write('leaf', certificate)])).to.throw();
  });

  it('name the issuer and its key exactly as its own certificate does (RFC 5280 §6.1.3)', () => {
    const leaf = new X509Certificate(createLeaf(intermediate, person()).certificate);
    const above = new X509Certificate(intermediate.certificate);
    const parts = (certificate: X509Certificate) => readInside(readInside(readElement(certificate.raw), tags.sequence)[0], tags.sequence);
    expect(parts(leaf)[3]?.whole.equals(parts(above)[5]?.whole ?? Buffer.alloc(0))).to.equal(true);
    expect(leaf.checkIssued(above)).to.equal(true);
    expect(leaf.verify(above.publicKey)).to.equal(true);
  });

  it('of servers carry host names and addresses, IPv6 too', () => {
    const names = ['localhost', '127.0.0.1', '2001:db8::1'].map((value, index) => ({
      type: index === 0 ? ('dns' as const) : ('ip' as const),
      value,
    }));
    const { certificate } = createLeaf(intermediate, { ...person(), usage: 'serverAuth', names });
    const leaf = new X509Certificate(certificate);
    expect(leaf.checkHost('localhost')).to.equal('localhost');
    expect(leaf.checkIP('127.0.0.1')).to.equal('127.0.0.1');
    expect(leaf.subjectAltName).to.equal('DNS:localhost, IP Address:127.0.0.1, IP Address:2001:DB8:0:0:0:0:0:1');
    expect(leaf.keyUsage).to.deep.equal(['1.3.6.1.5.5.7.3.1']);
  });

  it('never contain a name that is not printable ASCII', () => {
    for (const value of ['spiffe://x/\0y', 'spiffe://x/ä', 'spiffe://x/ y', ''])
      expect(() => createLeaf(intermediate, { ...person(), names: [{ type: 'url', value }] })).to.throw(RangeError);
  });
});

describe('DER', () => {
  const hex = (bytes: Buffer): string => bytes.toString('hex');

  it('writes integers positive and in their shortest form (X.690 §8.3.2)', () => {
    expect(hex(integer(Buffer.from('00007f', 'hex')))).to.equal('02017f');
    expect(hex(integer(Buffer.from('80', 'hex')))).to.equal('02020080');
    expect(hex(integer(Buffer.from('00', 'hex')))).to.equal('020100');
  });

  it('writes lengths in their shortest form (X.690 §10.1)', () => {
    expect(hex(element(4, Buffer.alloc(0x7f)).subarray(0, 2))).to.equal('047f');
    expect(hex(element(4, Buffer.alloc(0x80)).subarray(0, 3))).to.equal('048180');
    expect(hex(element(4, Buffer.alloc(0x100)).subarray(0, 4))).to.equal('04820100');
    expect(() => element(4, Buffer.alloc(0x10000))).to.throw(RangeError);
  });

  it('writes object identifiers, text and times (RFC 5280 §4.1.2.5: two digits up to 2049)', () => {
    expect(hex(objectIdentifier('1.2.840.10045.4.3.2'))).to.equal('06082a8648ce3d040302');
    expect(hex(utf8String('ä'))).to.equal('0c02c3a4');
    expect(time(new Date('2049-12-31T23:59:59.999Z')).toString('latin1')).to.equal('\x17\x0d491231235959Z');
    expect(time(new Date('2050-01-01T00:00:00Z')).toString('latin1')).to.equal('\x18\x0f20500101000000Z');
  });

  for (const [why, bytes] of [
    ['nothing', ''],
    ['a head without its length', '30'],
    ['content cut off', '3002ff'],
    ['bytes after the end', '300000'],
    ['an indefinite length', '30800000'],
    ['a long length of what is short', '30810100'],
    ['a length with a leading zero', `30820080${'00'.repeat(0x80)}`],
    ['a length of three bytes', '308300000100'],
    ['a tag of several bytes', '1f0100'],
  ] as const)
    it(`refuses ${why}`, () => {
      expect(() => readElement(Buffer.from(bytes, 'hex'))).to.throw();
    });
});
