/** Fingerprints of certificates, and pinning by them. */
import { createHash, X509Certificate } from 'node:crypto';

/** `SHA256:` and 64 hex digits over the DER of the first certificate of a PEM text. */
export function certificateFingerprint(pem: string): string {
  return `SHA256:${createHash('sha256').update(new X509Certificate(pem).raw).digest('hex')}`;
}

/** The certificates of a PEM bundle, one text each. */
export const splitPem = (bundle: string): string[] =>
  bundle.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----\n?/g) ?? [];

/** Compares fingerprints as people paste them: prefix and colons optional, any case. */
export function sameFingerprint(left: string, right: string): boolean {
  const plain = (text: string): string =>
    text
      .replace(/^sha-?256[:=]/i, '')
      .replaceAll(':', '')
      .toLowerCase();
  return plain(left).length === 64 && plain(left) === plain(right);
}
