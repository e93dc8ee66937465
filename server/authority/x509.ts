/**
 * X.509 certificates (RFC 5280), behind one door: what goes into each kind. Authorities are made once in a while, by a library; leaves all day, by
 * our own writer.
 */
import { KeyObject, randomBytes, webcrypto } from 'node:crypto';
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import { leafIssuer, toPem, writeLeaf, type LeafContents, type LeafIssuer } from './leaf-certificate.ts';

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

export interface IssuedCertificate {
  /** PEM. */
  readonly certificate: string;
  /** Lower-case hex. */
  readonly serial: string;
}

export async function newKeyPair(): Promise<KeyPair> {
  return webcrypto.subtle.generateKey(ecdsa, true, ['sign', 'verify']);
}

/** SubjectPublicKeyInfo, DER. */
export const exportPublicKey = (key: PublicKey): Buffer => KeyObject.from(key).export({ type: 'spki', format: 'der' });
export const exportPrivateKey = async (key: webcrypto.CryptoKey): Promise<Buffer> =>
  Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key));
/** Extractable, because the writer of leaves signs with the same key as a KeyObject. */
export const importPrivateKey = async (pkcs8: Buffer): Promise<webcrypto.CryptoKey> =>
  webcrypto.subtle.importKey('pkcs8', pkcs8, ecdsa, true, ['sign']);

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
  const { subject: issuer, publicKey: issuerKey } = new x509.X509Certificate(root.certificate);
  const extensions = [...(await authorityExtensions(publicKey, 0)), await x509.AuthorityKeyIdentifierExtension.create(issuerKey)];
  return finish({ subject: `CN=${name}`, issuer, publicKey, signingKey: root.privateKey, ...validity, extensions });
}

export function createLeaf(issuer: Issuer, leaf: Omit<LeafContents, 'serial'>): IssuedCertificate {
  const serial = newSerial();
  return { certificate: toPem(writeLeaf(leafIssuerOf(issuer), { ...leaf, serial }), 'CERTIFICATE'), serial: serial.toString('hex') };
}

const leafIssuers = new WeakMap<Issuer, LeafIssuer>();
/** Issuers sign thousands of certificates: their own is read once. */
function leafIssuerOf(issuer: Issuer): LeafIssuer {
  const known = leafIssuers.get(issuer);
  if (known !== undefined) return known;
  const made = leafIssuer(issuer.certificate, KeyObject.from(issuer.privateKey));
  leafIssuers.set(issuer, made);
  return made;
}

interface ToBeSigned extends Validity {
  readonly subject: string;
  readonly issuer: string;
  readonly publicKey: PublicKey;
  readonly signingKey: webcrypto.CryptoKey;
  readonly extensions: x509.Extension[];
}

async function finish(input: ToBeSigned): Promise<IssuedCertificate> {
  const serial = newSerial().toString('hex');
  const certificate = await x509.X509CertificateGenerator.create({
    ...input,
    serialNumber: serial,
    signingAlgorithm: ecdsa,
  });
  return { certificate: `${certificate.toString('pem')}\n`, serial };
}

/** 128 random bits, positive and without a leading zero octet (RFC 5280 §4.1.2.2). */
function newSerial(): Buffer {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes;
}

async function authorityExtensions(publicKey: PublicKey, pathLength: number): Promise<x509.Extension[]> {
  return [
    new x509.BasicConstraintsExtension(true, pathLength, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
    await x509.SubjectKeyIdentifierExtension.create(publicKey),
  ];
}
