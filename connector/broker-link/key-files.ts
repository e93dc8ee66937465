/** P-256 keys that are made here and never leave the state directory. */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { z } from 'zod';
import type { StateDirectory } from './state-directory.ts';

export function loadOrCreateKey(directory: StateDirectory, name: string): KeyObject {
  const stored = directory.read(name);
  if (stored !== undefined) return createPrivateKey(stored);
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  directory.write(name, privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
  return privateKey;
}

const publicJwk = z.object({ kty: z.literal('EC'), crv: z.literal('P-256'), x: z.string(), y: z.string() });

/** The public half as the enrolment wants it (RFC 7517). */
export const publicJwkOf = (key: KeyObject): z.output<typeof publicJwk> => publicJwk.parse(createPublicKey(key).export({ format: 'jwk' }));
