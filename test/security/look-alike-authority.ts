/** Certificates that look as if infra had issued them: same names, serials and key identifiers, another key behind them. */
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import { KeyObject, webcrypto } from 'node:crypto';
import { splitPem } from '../../shared/node/fingerprint.ts';
import type { ClientCertificate } from '../support/connector-client.ts';

const ecdsa = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
x509.cryptoProvider.set(webcrypto);

export interface Forgery {
  /** Default: those of the genuine certificate. */
  readonly subject?: string;
  readonly names?: x509.JsonGeneralNames;
  readonly usages?: readonly string[];
  readonly isAuthority?: boolean;
  /** Who signs: a forged intermediate below a forged root (default), itself, or the holder of this genuine certificate. */
  readonly signedBy?: 'look-alikes' | 'itself' | ClientCertificate;
  /** What follows the leaf: the forged intermediate (default), or the genuine one. */
  readonly chain?: 'forged' | 'genuine';
}

const { clientAuth } = x509.ExtendedKeyUsage;

/** @param genuine a person's certificate with its chain; @param root infra's, PEM. */
export async function forge(genuine: ClientCertificate, root: string, forgery: Forgery): Promise<ClientCertificate> {
  const [leafPem = '', ...rest] = splitPem(genuine.chain);
  const original = new x509.X509Certificate(leafPem);
  const intermediate = new x509.X509Certificate(rest[0] ?? '');
  const forgedRoot = await imitate(new x509.X509Certificate(root));
  const forgedIntermediate = await imitate(intermediate, forgedRoot);
  const keys = await newKeys();
  const { signedBy = 'look-alikes' } = forgery;
  const signer = signedBy === 'look-alikes' ? forgedIntermediate : signedBy === 'itself' ? undefined : await holderOf(signedBy);
  const leaf = await x509.X509CertificateGenerator.create({
    serialNumber: original.serialNumber,
    subject: forgery.subject ?? original.subject,
    issuer: signer === undefined ? (forgery.subject ?? original.subject) : signer.certificate.subject,
    notBefore: original.notBefore,
    notAfter: original.notAfter,
    publicKey: keys.publicKey,
    signingKey: signer?.keys.privateKey ?? keys.privateKey,
    signingAlgorithm: ecdsa,
    extensions: [
      new x509.BasicConstraintsExtension(forgery.isAuthority ?? false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([...(forgery.usages ?? [clientAuth])]),
      new x509.SubjectAlternativeNameExtension(forgery.names ?? namesOf(original)),
      // As if the genuine intermediate had signed.
      await x509.AuthorityKeyIdentifierExtension.create(intermediate.publicKey),
    ],
  });
  const following = forgery.chain === 'genuine' ? [intermediate] : [forgedIntermediate.certificate, forgedRoot.certificate];
  const between = typeof signedBy === 'object' ? splitPem(signedBy.chain) : following.map(pemOf);
  return { chain: [pemOf(leaf), ...between].join('\n'), key: keyPem(keys.privateKey) };
}

export const namesOf = (certificate: x509.X509Certificate): x509.JsonGeneralNames =>
  certificate.getExtension(x509.SubjectAlternativeNameExtension)?.names.toJSON() ?? [];

export const parseCertificate = (chain: string): x509.X509Certificate => new x509.X509Certificate(splitPem(chain)[0] ?? '');

/** A request (PKCS #10) that asks for more than a key: the server is to believe none of it. */
export async function greedyRequest(wish: {
  readonly subject: string;
  readonly names: x509.JsonGeneralNames;
}): Promise<{ readonly pem: string; readonly key: string }> {
  const keys = await newKeys();
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: wish.subject,
    keys,
    signingAlgorithm: ecdsa,
    extensions: [
      new x509.BasicConstraintsExtension(true, 3, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
      new x509.ExtendedKeyUsageExtension([clientAuth, x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(wish.names),
    ],
  });
  return { pem: request.toString('pem'), key: keyPem(keys.privateKey) };
}

interface Signer {
  readonly certificate: x509.X509Certificate;
  readonly keys: Pick<webcrypto.CryptoKeyPair, 'privateKey'>;
}

/** The same certificate but for its key and signature. */
async function imitate(genuine: x509.X509Certificate, issuer?: Signer): Promise<Signer> {
  const keys = await newKeys();
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: genuine.serialNumber,
    subject: genuine.subject,
    issuer: genuine.issuer,
    notBefore: genuine.notBefore,
    notAfter: genuine.notAfter,
    publicKey: keys.publicKey,
    signingKey: (issuer?.keys ?? keys).privateKey,
    signingAlgorithm: ecdsa,
    // Their key identifiers included.
    extensions: [...genuine.extensions],
  });
  return { certificate, keys };
}

async function holderOf({ chain, key }: ClientCertificate): Promise<Signer> {
  const pkcs8 = x509.PemConverter.decodeFirst(key);
  const privateKey = await webcrypto.subtle.importKey('pkcs8', pkcs8, ecdsa, false, ['sign']);
  return { certificate: parseCertificate(chain), keys: { privateKey } };
}

const newKeys = async (): Promise<webcrypto.CryptoKeyPair> => webcrypto.subtle.generateKey(ecdsa, true, ['sign', 'verify']);
const keyPem = (key: webcrypto.CryptoKey): string => KeyObject.from(key).export({ type: 'pkcs8', format: 'pem' }).toString();
const pemOf = (certificate: x509.X509Certificate): string => certificate.toString('pem');
