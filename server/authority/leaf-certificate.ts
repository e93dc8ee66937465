/**
 * Leaf certificates (RFC 5280), written by hand: they are issued by the hundred a second, and a general library costs fifty times what the
 * signature does. One shape, no choices: P-256, ecdsa-with-SHA256, no CA, one extended key usage, names in the SAN.
 */
import { createHash, sign, X509Certificate, type KeyObject } from 'node:crypto';
import ipaddr from 'ipaddr.js';
import {
  bitString,
  element,
  explicit,
  implicit,
  integer,
  objectIdentifier,
  octetString,
  readBitString,
  readElement,
  readInside,
  sequence,
  set,
  tags,
  time,
  utf8String,
  yes,
} from './der.ts';

export interface LeafName {
  readonly type: 'dns' | 'ip' | 'url';
  readonly value: string;
}

export interface LeafContents {
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Buffer;
  readonly commonName: string;
  readonly usage: 'clientAuth' | 'serverAuth';
  readonly names: readonly LeafName[];
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** 128 bits, positive. */
  readonly serial: Buffer;
}

/** What of the issuer goes into each of its leaves. */
export interface LeafIssuer {
  /** Its Name, byte for byte as in its own certificate: chains are built by comparing them. */
  readonly name: Buffer;
  readonly authorityKeyIdentifier: Buffer;
  readonly privateKey: KeyObject;
}

const oids = {
  commonName: objectIdentifier('2.5.4.3'),
  subjectKeyIdentifier: objectIdentifier('2.5.29.14'),
  keyUsage: objectIdentifier('2.5.29.15'),
  subjectAlternativeName: objectIdentifier('2.5.29.17'),
  basicConstraints: objectIdentifier('2.5.29.19'),
  authorityKeyIdentifier: objectIdentifier('2.5.29.35'),
  extendedKeyUsage: objectIdentifier('2.5.29.37'),
  serverAuth: objectIdentifier('1.3.6.1.5.5.7.3.1'),
  clientAuth: objectIdentifier('1.3.6.1.5.5.7.3.2'),
  ecdsaWithSha256: objectIdentifier('1.2.840.10045.4.3.2'),
} as const;

const version3 = element(explicit(0), integer(Buffer.from([2])));
/** No parameters, not even NULL (RFC 5758 §3.2). */
const signatureAlgorithm = sequence(oids.ecdsaWithSha256);
const digitalSignature = bitString(Buffer.from([0x80]), 7);

/** DER. */
export function writeLeaf(issuer: LeafIssuer, leaf: LeafContents): Buffer {
  const toBeSigned = sequence(
    version3,
    integer(leaf.serial),
    signatureAlgorithm,
    issuer.name,
    sequence(time(leaf.notBefore), time(leaf.notAfter)),
    sequence(set(sequence(oids.commonName, utf8String(leaf.commonName)))),
    leaf.publicKey,
    element(explicit(3), sequence(...extensions(issuer, leaf))),
  );
  const signature = sign('sha256', toBeSigned, issuer.privateKey);
  return sequence(toBeSigned, signatureAlgorithm, bitString(signature));
}

function extensions(issuer: LeafIssuer, { publicKey, usage, names }: LeafContents): Buffer[] {
  const critical = (oid: Buffer, value: Buffer): Buffer => sequence(oid, yes, octetString(value));
  const ordinary = (oid: Buffer, value: Buffer): Buffer => sequence(oid, octetString(value));
  return [
    // An empty sequence: cA is FALSE by default, and DER leaves defaults out.
    critical(oids.basicConstraints, sequence()),
    critical(oids.keyUsage, digitalSignature),
    ordinary(oids.extendedKeyUsage, sequence(oids[usage])),
    ordinary(oids.subjectAlternativeName, sequence(...names.map(generalName))),
    issuer.authorityKeyIdentifier,
    ordinary(oids.subjectKeyIdentifier, octetString(keyIdentifier(publicKey))),
  ];
}

/** GeneralName (RFC 5280 §4.2.1.6): IA5String, so what is not ASCII has no place in it. */
function generalName({ type, value }: LeafName): Buffer {
  if (type === 'ip') return element(implicit(7), Buffer.from(ipaddr.parse(value).toByteArray()));
  if (!/^[\x21-\x7e]+$/.test(value)) throw new RangeError('a name in a certificate must be printable ASCII');
  return element(implicit(type === 'dns' ? 2 : 6), Buffer.from(value, 'latin1'));
}

/** SHA-1 of the key's bits: a name for it, not a proof (RFC 5280 §4.2.1.2, method 1). */
function keyIdentifier(publicKeyInfo: Buffer): Buffer {
  const [, bits] = readInside(readElement(publicKeyInfo), tags.sequence);
  return createHash('sha1').update(readBitString(bits)).digest();
}

export function leafIssuer(certificatePem: string, privateKey: KeyObject): LeafIssuer {
  const certificate = new X509Certificate(certificatePem);
  const [toBeSigned] = readInside(readElement(certificate.raw), tags.sequence);
  // version, serialNumber, signature, issuer, validity, subject, …
  const subject = readInside(toBeSigned, tags.sequence)[5];
  if (subject?.tag !== tags.sequence) throw new Error('the certificate of an authority has no subject where one belongs');
  const identifier = keyIdentifier(certificate.publicKey.export({ type: 'spki', format: 'der' }));
  return {
    name: subject.whole,
    authorityKeyIdentifier: sequence(oids.authorityKeyIdentifier, octetString(sequence(element(implicit(0), identifier)))),
    privateKey,
  };
}

export const toPem = (der: Buffer, label: string): string =>
  `-----BEGIN ${label}-----\n${der.toString('base64').replace(/.{64}(?=.)/g, '$&\n')}\n-----END ${label}-----\n`;
