/** X.509 encoding (RFC 5280), behind one door: what goes into each kind of certificate, and what of a CSR is believed, which is its key. */
import { randomBytes, webcrypto } from 'node:crypto';
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import { DomainError } from '../../shared/api/problem.ts';

x509.cryptoProvider.set(webcrypto);

const ecdsa = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

export type KeyPair = webcrypto.CryptoKeyPair;
export type PublicKey = webcrypto.CryptoKey;

/** A certificate that signs, with its key in memory. */
export interface Issuer {
  readonly certificate: string;
  readonly privateKey: webcrypto.CryptoKey;
}

export interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

interface Leaf extends Validity {
  readonly publicKey: PublicKey;
  readonly commonName: string;
  readonly usage: 'clientAuth' | 'serverAuth';
  readonly names: readonly { readonly type: 'dns' | 'ip' | 'url'; readonly value: string }[];
}

export interface IssuedCertificate {
  /** PEM. */
  readonly certificate: string;
  /** Lower-case hex. */
  readonly serial: string;
}

export async function newKeyPair(): Promise<KeyPair> {
  return webcrypto.subtle.generateKey(ecdsa, true, ['sign', 'verify']);
}

export const exportPrivateKey = async (key: webcrypto.CryptoKey): Promise<Buffer> =>
  Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key));
export const importPrivateKey = async (pkcs8: Buffer): Promise<webcrypto.CryptoKey> =>
  webcrypto.subtle.importKey('pkcs8', pkcs8, ecdsa, false, ['sign']);

export async function createRoot(keys: KeyPair, name: string, validity: Validity): Promise<IssuedCertificate> {
  return finish({
    subject: `CN=${name}`,
    issuer: `CN=${name}`,
    publicKey: keys.publicKey,
    signingKey: keys.privateKey,
    ...validity,
    extensions: await authorityExtensions(keys.publicKey, 1),
  });
}

export async function createIntermediate(publicKey: PublicKey, root: Issuer, name: string, validity: Validity): Promise<IssuedCertificate> {
  const extensions = [...(await authorityExtensions(publicKey, 0)), await authorityKeyIdentifier(root)];
  return finish({ subject: `CN=${name}`, issuer: subjectOf(root), publicKey, signingKey: root.privateKey, ...validity, extensions });
}

export async function createLeaf(issuer: Issuer, leaf: Leaf): Promise<IssuedCertificate> {
  const usage = { clientAuth: x509.ExtendedKeyUsage.clientAuth, serverAuth: x509.ExtendedKeyUsage.serverAuth }[leaf.usage];
  const extensions = [
    new x509.BasicConstraintsExtension(false, undefined, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
    new x509.ExtendedKeyUsageExtension([usage]),
    new x509.SubjectAlternativeNameExtension([...leaf.names]),
    await authorityKeyIdentifier(issuer),
    await x509.SubjectKeyIdentifierExtension.create(leaf.publicKey),
  ];
  const { notBefore, notAfter } = leaf;
  return finish({
    subject: `CN=${leaf.commonName}`,
    issuer: subjectOf(issuer),
    publicKey: leaf.publicKey,
    signingKey: issuer.privateKey,
    notBefore,
    notAfter,
    extensions,
  });
}

/** The key of a PKCS #10 request, once its signature proves that the sender holds it. Subject and wished-for extensions are not looked at. */
export async function readCertificateRequest(pem: string): Promise<PublicKey> {
  let request: x509.Pkcs10CertificateRequest;
  try {
    request = new x509.Pkcs10CertificateRequest(pem);
  } catch (cause) {
    throw new DomainError('lease.csr-invalid', 'The certificate request is not PKCS #10 in PEM.', { cause });
  }
  const algorithm = request.publicKey.algorithm as { readonly name?: string; readonly namedCurve?: string };
  if (algorithm.name !== 'ECDSA' || algorithm.namedCurve !== 'P-256')
    throw new DomainError('lease.csr-invalid', 'The key of the certificate request must be ECDSA P-256.');
  const holds = await request.verify().catch(() => false);
  if (!holds) throw new DomainError('lease.csr-invalid', 'The certificate request is not signed by its own key.');
  return request.publicKey.export(ecdsa, ['verify']) as Promise<PublicKey>;
}

interface ToBeSigned extends Validity {
  readonly subject: string;
  readonly issuer: string;
  readonly publicKey: PublicKey;
  readonly signingKey: webcrypto.CryptoKey;
  readonly extensions: x509.Extension[];
}

async function finish(input: ToBeSigned): Promise<IssuedCertificate> {
  const serial = newSerial();
  const certificate = await x509.X509CertificateGenerator.create({
    ...input,
    serialNumber: serial,
    signingAlgorithm: ecdsa,
  });
  return { certificate: `${certificate.toString('pem')}\n`, serial };
}

/** 128 random bits, positive and without a leading zero octet (RFC 5280 §4.1.2.2). */
function newSerial(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString('hex');
}

async function authorityExtensions(publicKey: PublicKey, pathLength: number): Promise<x509.Extension[]> {
  return [
    new x509.BasicConstraintsExtension(true, pathLength, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
    await x509.SubjectKeyIdentifierExtension.create(publicKey),
  ];
}

const parsed = new WeakMap<Issuer, { subject: string; identifier: Promise<x509.Extension> }>();
/** Issuers sign thousands of certificates: their own is parsed once. */
function describeIssuer(issuer: Issuer): { subject: string; identifier: Promise<x509.Extension> } {
  const known = parsed.get(issuer);
  if (known !== undefined) return known;
  const certificate = new x509.X509Certificate(issuer.certificate);
  const described = { subject: certificate.subject, identifier: x509.AuthorityKeyIdentifierExtension.create(certificate.publicKey) };
  parsed.set(issuer, described);
  return described;
}
const subjectOf = (issuer: Issuer): string => describeIssuer(issuer).subject;
const authorityKeyIdentifier = async (issuer: Issuer): Promise<x509.Extension> => describeIssuer(issuer).identifier;
