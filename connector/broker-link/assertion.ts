/** Signs each request to the server: `Authorization: Connector <jwt>` (see shared/api/connector-assertion.ts). */
import { createHash, randomBytes, type KeyObject } from 'node:crypto';
import { SignJWT } from 'jose';
import {
  assertionAlgorithm,
  assertionAudience,
  assertionLifetimeSeconds,
  assertionScheme,
  assertionType,
} from '../../shared/api/connector-assertion.ts';
import type { OutgoingRequest } from '../../shared/client.ts';
import type { Clock } from '../../shared/clock.ts';

export interface AssertionSigner {
  readonly key: KeyObject;
  readonly connectorId: string;
  readonly trustDomain: string;
  /** The server's time: what it will compare `iat` with. */
  readonly clock: Clock;
}

export async function signAssertion(signer: AssertionSigner, request: OutgoingRequest): Promise<Record<string, string>> {
  const issuedAt = Math.floor(signer.clock.now() / 1000);
  const jwt = await new SignJWT({
    jti: randomBytes(18).toString('base64url'),
    htm: request.method,
    htu: request.path,
    bdh: createHash('sha256')
      .update(request.body ?? '')
      .digest('base64url'),
  })
    .setProtectedHeader({ alg: assertionAlgorithm, typ: assertionType })
    .setIssuer(signer.connectorId)
    .setAudience(assertionAudience(signer.trustDomain))
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + assertionLifetimeSeconds)
    .sign(signer.key);
  return { authorization: `${assertionScheme} ${jwt}` };
}
