/** A certificate that vouches for nothing but its own key: for identity providers that know our key by one. */
import type { webcrypto } from 'node:crypto';
import { randomBytes } from 'node:crypto';
import * as x509 from '@peculiar/x509';

export interface SelfSigned {
  readonly keys: webcrypto.CryptoKeyPair;
  readonly commonName: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** DER. Serial numbers as RFC 5280 §4.1.2.2 has them. */
export async function selfSignedCertificate({ keys, commonName, notBefore, notAfter }: SelfSigned): Promise<Buffer> {
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: [{ CN: [commonName] }],
    keys,
    notBefore,
    notAfter,
    serialNumber: serial.toString('hex'),
    signingAlgorithm: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
    ],
  });
  return Buffer.from(certificate.rawData);
}
