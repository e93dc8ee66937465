/** PKCS #10 requests (RFC 2986): only a P-256 key whose holder signed is taken from them. */
import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readCertificateRequest } from '../../server/authority/certificate-request.ts';
import { createCertificateRequest } from '../../shared/node/certificate-request.ts';
import { tempDir } from '../support/temp-dir.ts';

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const spki = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
const keyFile = join(tempDir('infra-csr'), 'key.pem');
writeFileSync(keyFile, privateKey.export({ type: 'pkcs8', format: 'pem' }));

const byOpenssl = (...args: string[]): string =>
  execFileSync('openssl', ['req', '-new', '-subj', '/CN=system:masters', ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
const derOf = (pem: string): Buffer => Buffer.from(pem.replaceAll(/-----.*-----|\s/g, ''), 'base64');
const pemOf = (der: Buffer, label = 'CERTIFICATE REQUEST'): string =>
  `-----BEGIN ${label}-----\n${der.toString('base64')}\n-----END ${label}-----\n`;

const refusal = (pem: string): string => {
  try {
    readCertificateRequest(pem);
  } catch (error) {
    expect(error).to.include({ code: 'lease.csr-invalid' });
    return (error as Error).message;
  }
  return 'taken';
};

describe('certificate requests', () => {
  const own = createCertificateRequest(privateKey);

  it('yield the key, whoever made them and whatever they ask for', () => {
    const withWishes = ['-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'subjectAltName=URI:spiffe://evil/x'];
    for (const pem of [own, byOpenssl('-key', keyFile), byOpenssl('-key', keyFile, '-sha384', ...withWishes), `\n${own}\n`])
      expect(readCertificateRequest(pem).equals(spki)).to.equal(true);
  });

  it('of another kind of key are refused', () => {
    for (const key of [
      ['-newkey', 'rsa:2048'],
      ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:secp384r1'],
      ['-newkey', 'ed25519'],
    ])
      expect(refusal(byOpenssl(...key, '-nodes', '-keyout', '/dev/null'))).to.equal(
        'The key of the certificate request must be ECDSA P-256.',
      );
  });

  it('signed by another key are refused: the sender must hold it (security.md)', () => {
    const other = derOf(createCertificateRequest(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey));
    const forged = Buffer.from(other);
    spki.copy(forged, other.indexOf(spki.subarray(0, 27)));
    expect(refusal(pemOf(forged))).to.equal('The certificate request is not signed by its own key.');
  });

  it('with a point that is not on the curve are refused', () => {
    const off = derOf(own);
    const at = off.indexOf(spki.subarray(27));
    off.fill(0xff, at, at + 64);
    expect(refusal(pemOf(off))).to.equal('The certificate request is not signed by its own key.');
  });

  it('changed in any one byte are refused', () => {
    const der = derOf(own);
    for (let index = 0; index < der.length; index++) {
      const changed = Buffer.from(der);
      changed[index] = (changed[index] ?? 0) ^ 0x01;
      expect(refusal(pemOf(changed)), `byte ${index}`).to.not.equal('taken');
    }
  });

  it('that are something else are refused', () => {
    const der = derOf(own);
    const others = [
      '',
      'hello',
      pemOf(der, 'CERTIFICATE'),
      own + own,
      `${own}trailing`,
      pemOf(der.subarray(0, -1)),
      pemOf(Buffer.concat([der, Buffer.from([0])])),
      pemOf(Buffer.from('3000', 'hex')),
    ];
    for (const pem of others) expect(refusal(pem)).to.equal('The certificate request is not PKCS #10 in PEM.');
  });
});
