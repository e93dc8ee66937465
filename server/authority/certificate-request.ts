/**
 * PKCS #10 requests (RFC 2986), read strictly. Believed is the key alone, once the signature proves that the sender holds it; subject, attributes
 * and wished-for extensions are not looked at.
 */
import { createPublicKey, verify } from 'node:crypto';
import { DomainError } from '../../shared/api/problem.ts';
import { objectIdentifier, readBitString, readElement, readInside, tags, type Element } from './der.ts';

/** SubjectPublicKeyInfo of a P-256 key with an uncompressed point: everything before the point (RFC 5480 §2). */
const p256 = Buffer.from('3059301306072a8648ce3d020106082a8648ce3d03010703420004', 'hex');
const p256Length = 91;

const version0 = Buffer.from([tags.integer, 1, 0]);

/** ecdsa-with-SHA256, -384, -512 (RFC 5758 §3.2): which of them signs a request is its maker's choice. */
const hashes = [
  { name: 'sha256', oid: objectIdentifier('1.2.840.10045.4.3.2') },
  { name: 'sha384', oid: objectIdentifier('1.2.840.10045.4.3.3') },
  { name: 'sha512', oid: objectIdentifier('1.2.840.10045.4.3.4') },
] as const;

interface Request {
  readonly info: Element;
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Buffer;
  readonly algorithm: Element | undefined;
  readonly signature: Buffer;
}

/** SubjectPublicKeyInfo of its key, DER; throws `lease.csr-invalid`. */
export function readCertificateRequest(pem: string): Buffer {
  const request = parse(pem);
  const { publicKey } = request;
  if (publicKey.length !== p256Length || !publicKey.subarray(0, p256.length).equals(p256))
    throw new DomainError('lease.csr-invalid', 'The key of the certificate request must be ECDSA P-256.');
  if (!isSignedByItsKey(request)) throw new DomainError('lease.csr-invalid', 'The certificate request is not signed by its own key.');
  // A copy: the original is part of the whole request.
  return Buffer.from(publicKey);
}

function parse(pem: string): Request {
  try {
    const [info, algorithm, signature, ...more] = readInside(readElement(derOf(pem)), tags.sequence);
    const [version, subject, publicKey] = readInside(info, tags.sequence);
    const isComplete =
      info !== undefined && publicKey !== undefined && subject?.tag === tags.sequence && version?.whole.equals(version0) === true;
    if (!isComplete || more.length > 0) throw new Error('its parts are not those of a request');
    return { info, publicKey: publicKey.whole, algorithm, signature: readBitString(signature) };
  } catch (cause) {
    throw new DomainError('lease.csr-invalid', 'The certificate request is not PKCS #10 in PEM.', { cause });
  }
}

const labels = ['CERTIFICATE REQUEST', 'NEW CERTIFICATE REQUEST'].map(
  (label) => [`-----BEGIN ${label}-----`, `-----END ${label}-----`] as const,
);

/** One block and nothing beside it. In steps, each of linear cost: whoever sends it is not to be trusted. */
function derOf(pem: string): Buffer {
  const text = pem.trim();
  const frame = labels.find(([begin, end]) => text.startsWith(begin) && text.endsWith(end));
  if (frame === undefined) throw new Error('it is not PEM');
  const body = text.slice(frame[0].length, -frame[1].length).replace(/\s+/g, '');
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(body)) throw new Error('it is not Base64');
  return Buffer.from(body, 'base64');
}

function isSignedByItsKey({ info, publicKey, algorithm, signature }: Request): boolean {
  try {
    const [oid, ...parameters] = readInside(algorithm, tags.sequence);
    const hash = hashes.find((known) => oid?.whole.equals(known.oid) === true);
    if (hash === undefined || parameters.length > 0) return false;
    return verify(hash.name, info.whole, createPublicKey({ key: publicKey, format: 'der', type: 'spki' }), signature);
  } catch {
    // A point that is not on the curve, or an algorithm that is none.
    return false;
  }
}
