/**
 * PKCS #10 (RFC 2986) requests for P-256 keys, made where the key is. The server takes nothing from them but the public key and the proof of
 * possession, so subject and attributes are empty and the encoding is a fixed frame around the key; loading an X.509 library for that would
 * cost the CLI more than the rest of its work.
 */
import { createPublicKey, sign, type KeyObject } from 'node:crypto';

const sequence = (...parts: readonly Buffer[]): Buffer => tagged(0x30, Buffer.concat(parts));
const version0 = Buffer.from([0x02, 0x01, 0x00]);
const emptyName = Buffer.from([0x30, 0x00]);
const noAttributes = Buffer.from([0xa0, 0x00]);
/** AlgorithmIdentifier ecdsa-with-SHA256 (RFC 5758 §3.2). */
const ecdsaWithSha256 = Buffer.from('300a06082a8648ce3d040302', 'hex');

/** A PEM certificate request for that private key, signed by it. */
export function createCertificateRequest(privateKey: KeyObject): string {
  const publicKeyInfo = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
  const info = sequence(version0, emptyName, publicKeyInfo, noAttributes);
  const signature = sign('sha256', info, privateKey);
  const bitString = tagged(0x03, Buffer.concat([Buffer.from([0]), signature]));
  const request = sequence(info, ecdsaWithSha256, bitString);
  const lines = request.toString('base64').replace(/.{64}(?=.)/g, '$&\n');
  return `-----BEGIN CERTIFICATE REQUEST-----\n${lines}\n-----END CERTIFICATE REQUEST-----\n`;
}

/** DER tag-length-value; these requests never reach 64 KiB. */
function tagged(tag: number, content: Buffer): Buffer {
  const length = content.length;
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), content]);
  if (length < 0x100) return Buffer.concat([Buffer.from([tag, 0x81, length]), content]);
  return Buffer.concat([Buffer.from([tag, 0x82, length >> 8, length & 0xff]), content]);
}
