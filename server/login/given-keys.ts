/** Keys that an admin gives with a trust rule: a JSON Web Key Set of public keys, and of each what verifies signatures. */
import { createPublicKey } from 'node:crypto';
import { DomainError } from '../../shared/api/problem.ts';
import { isRecord } from '../identity/claims-rules.ts';

const mostKeys = 50;
const kept = ['kty', 'kid', 'use', 'alg', 'n', 'e', 'crv', 'x', 'y'] as const;

/** The set as it is stored; throws `trust-rule.invalid` with what is wrong with it. */
export function readGivenKeys(text: string): string {
  const keys = keysIn(text);
  if (keys === undefined) throw invalid('they are no JSON Web Key Set: {"keys": […]}. For Kubernetes: kubectl get --raw /openid/v1/jwks');
  if (keys.length === 0 || keys.length > mostKeys) throw invalid(`there must be 1 to ${mostKeys} of them`);
  return JSON.stringify({ keys: keys.map(readKey) });
}

function keysIn(text: string): readonly unknown[] | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    return isRecord(parsed) && Array.isArray(parsed['keys']) ? (parsed['keys'] as readonly unknown[]) : undefined;
  } catch {
    return undefined;
  }
}

function readKey(key: unknown): Readonly<Record<string, unknown>> {
  if (!isRecord(key)) throw invalid('one of them is no key');
  if ('d' in key || 'k' in key) throw invalid('one of them is a secret. Give the public keys alone, and take that one out of use');
  const { asymmetricKeyType, asymmetricKeyDetails } = parsed(key);
  if (asymmetricKeyType === 'rsa' && (asymmetricKeyDetails?.modulusLength ?? 0) < 2048) throw invalid('an RSA key needs 2048 bits');
  return Object.fromEntries(kept.filter((name) => key[name] !== undefined).map((name) => [name, key[name]]));
}

function parsed(key: Readonly<Record<string, unknown>>) {
  try {
    return createPublicKey({ key, format: 'jwk' });
  } catch (cause) {
    throw invalid('one of them is no public key of kind RSA, EC or OKP', cause);
  }
}

const invalid = (why: string, cause?: unknown): DomainError =>
  new DomainError('trust-rule.invalid', `The keys that were given cannot be used: ${why}.`, cause === undefined ? {} : { cause });
