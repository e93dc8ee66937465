/** Opaque secrets that people and programs hold: 256 random bits with a prefix that tells what it is. Only the SHA-256 is stored. */
import { createHash, randomBytes, randomInt } from 'node:crypto';
import { userCodeLength, userCodeLetters } from './device-login-rules.ts';

export type SecretKind =
  | 'ses'
  /** Of a session as a browser's cookie: a kind of its own, so neither is taken in the other's place. */
  | 'web'
  | 'key'
  | 'setup'
  | 'change'
  | 'reset'
  | 'code'
  | 'browser'
  | 'form'
  | 'leave'
  | 'scim'
  | 'mfa'
  | 'device'
  | 'test'
  | 'link'
  | 'proof'
  | 'passkey';

export const newSecret = (kind: SecretKind): string => `infra_${kind}_${randomBytes(32).toString('base64url')}`;

/** Looking a secret up by its hash needs no constant-time comparison: 256 random bits cannot be found byte by byte through a hash. */
export const hashSecret = (secret: string): string => createHash('sha256').update(secret).digest('hex');

/** 20 characters of 31 are 99 bits. */
export const newOneTimePassword = (): string => readableSecret(4);

/** 15 characters of 31 are 74 bits: whoever has the hash cannot find it. */
export const newRecoveryCode = (): string => readableSecret(3);

/** 34 bits, for ten minutes: what stands between is the limit on tries. */
export const newUserCode = (): string =>
  Array.from({ length: userCodeLength }, () => userCodeLetters.charAt(randomInt(userCodeLetters.length))).join('');

/** No letters that read alike; dashes for the eye. */
const readable = 'abcdefghjkmnpqrstuvwxyz23456789';
function readableSecret(groups: number): string {
  const group = (): string => Array.from({ length: 5 }, () => readable.charAt(randomInt(readable.length))).join('');
  return Array.from({ length: groups }, group).join('-');
}
