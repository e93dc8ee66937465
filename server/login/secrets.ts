/** Opaque secrets that people and programs hold: 256 random bits with a prefix that tells what it is. Only the SHA-256 is stored. */
import { createHash, randomBytes, randomInt } from 'node:crypto';

export type SecretKind = 'ses' | 'key' | 'setup' | 'change' | 'code' | 'browser' | 'leave' | 'scim';

export const newSecret = (kind: SecretKind): string => `infra_${kind}_${randomBytes(32).toString('base64url')}`;

/** Looking a secret up by its hash needs no constant-time comparison: 256 random bits cannot be found byte by byte through a hash. */
export const hashSecret = (secret: string): string => createHash('sha256').update(secret).digest('hex');

/** No letters that read alike; dashes for the eye. 20 characters of 31 are 99 bits. */
const readable = 'abcdefghjkmnpqrstuvwxyz23456789';
export function newOneTimePassword(): string {
  const characters = Array.from({ length: 20 }, () => readable.charAt(randomInt(readable.length)));
  return [0, 5, 10, 15].map((start) => characters.slice(start, start + 5).join('')).join('-');
}
