/** A program that begins a login is known again by the verifier whose digest it gave then (PKCE, RFC 7636). */
import { createHash } from 'node:crypto';

/** S256, RFC 7636 §4.6. */
export const isChallengeOf = (challenge: string, verifier: string): boolean =>
  createHash('sha256').update(verifier).digest('base64url') === challenge;
