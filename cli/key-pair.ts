/** The private key of a lease: made here, P-256, and never sent anywhere. */
import { generateKeyPairSync } from 'node:crypto';
import { createCertificateRequest } from '../shared/node/certificate-request.ts';

export interface KeyPair {
  /** PKCS #8, PEM. */
  readonly privateKey: string;
  /** PKCS #10, PEM: what the server gets to see. */
  readonly certificateRequest: string;
}

export function createKeyPair(): KeyPair {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return {
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    certificateRequest: createCertificateRequest(privateKey),
  };
}
