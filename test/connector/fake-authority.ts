/** A certificate authority shaped as the server's (root, intermediate), which also issues what the server never would. */
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import { KeyObject, randomBytes, webcrypto } from 'node:crypto';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
type KeyPair = webcrypto.CryptoKeyPair;
type Key = webcrypto.CryptoKey;
x509.cryptoProvider.set(webcrypto);

export interface Authority {
  readonly rootPem: string;
  readonly intermediatePem: string;
  issue(request: CertificateWish): Promise<IssuedCertificate>;
}

export interface CertificateWish {
  readonly subject?: string;
  readonly names?: x509.JsonGeneralNames;
  readonly usages?: readonly string[];
  readonly ca?: boolean;
  /** Milliseconds. */
  readonly notBefore?: number;
  readonly notAfter?: number;
  /** Instead of a new key pair. */
  readonly publicKey?: x509.PublicKey;
}

export interface IssuedCertificate {
  /** The leaf alone. */
  readonly pem: string;
  readonly chain: string;
  /** Empty when the public key came from elsewhere. */
  readonly keyPem: string;
  readonly keys: KeyPair | undefined;
}

export const clientAuth = '1.3.6.1.5.5.7.3.2';
export const serverAuth = '1.3.6.1.5.5.7.3.1';

const newKeys = async (): Promise<KeyPair> => webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
const pemOf = (key: Key): string => KeyObject.from(key).export({ type: 'pkcs8', format: 'pem' }).toString();
const serial = (): string => `00${randomBytes(16).toString('hex')}`;
const ends = (text: string): string => (text.endsWith('\n') ? text : `${text}\n`);

export async function createAuthority(): Promise<Authority> {
  const [rootKeys, intermediateKeys] = [await newKeys(), await newKeys()];
  const lasting = { notBefore: new Date(Date.now() - 60_000), notAfter: new Date(Date.now() + 86_400_000), signingAlgorithm: algorithm };
  const caExtensions = [
    new x509.BasicConstraintsExtension(true, undefined, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
  ];
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    ...lasting,
    serialNumber: serial(),
    name: 'CN=infra root',
    keys: rootKeys,
    extensions: caExtensions,
  });
  const intermediate = await x509.X509CertificateGenerator.create({
    ...lasting,
    serialNumber: serial(),
    subject: 'CN=infra intermediate',
    issuer: root.subject,
    publicKey: intermediateKeys.publicKey,
    signingKey: rootKeys.privateKey,
    extensions: caExtensions,
  });
  const [rootPem, intermediatePem] = [ends(root.toString('pem')), ends(intermediate.toString('pem'))];
  return {
    rootPem,
    intermediatePem,
    issue: async (wish) => {
      const keys = wish.publicKey === undefined ? await newKeys() : undefined;
      const certificate = await x509.X509CertificateGenerator.create({
        serialNumber: serial(),
        subject: wish.subject ?? 'CN=test',
        issuer: intermediate.subject,
        publicKey: wish.publicKey ?? keys!.publicKey,
        signingKey: intermediateKeys.privateKey,
        signingAlgorithm: algorithm,
        notBefore: new Date(wish.notBefore ?? Date.now() - 60_000),
        notAfter: new Date(wish.notAfter ?? Date.now() + 3_600_000),
        extensions: [
          new x509.BasicConstraintsExtension(wish.ca ?? false, undefined, true),
          new x509.ExtendedKeyUsageExtension([...(wish.usages ?? [clientAuth])]),
          ...(wish.names === undefined ? [] : [new x509.SubjectAlternativeNameExtension(wish.names)]),
        ],
      });
      const pem = ends(certificate.toString('pem'));
      return { pem, chain: pem + intermediatePem, keyPem: keys === undefined ? '' : pemOf(keys.privateKey), keys };
    },
  };
}

/** The public key of a PEM request whose self-signature holds. */
export async function publicKeyOfRequest(pem: string): Promise<x509.PublicKey> {
  const request = new x509.Pkcs10CertificateRequest(pem);
  if (!(await request.verify())) throw new Error('the request is not signed by its own key');
  return request.publicKey;
}
