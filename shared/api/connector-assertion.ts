/**
 * How a connector proves each request: a JWT in `Authorization: Connector <jwt>`, shaped after DPoP proofs (RFC 9449 §4.2) with the body added,
 * so it holds behind load balancers that end TLS.
 */
import { z } from 'zod';
import { connectorId } from './values.ts';

export const assertionScheme = 'Connector';
export const assertionType = 'infra-connector+jwt';
export const assertionAlgorithm = 'ES256';
/** Seconds an assertion is good for, and the skew that is forgiven either way. */
export const assertionLifetimeSeconds = 60;

/** `aud`: the server a connector enrolled with, whatever address it is reached by. */
export const assertionAudience = (trustDomain: string): string => `infra-server:${trustDomain}`;

export const assertionClaims = z.object({
  iss: connectorId,
  aud: z.string(),
  iat: z.number(),
  jti: z.string().min(16).max(100),
  /** Method and path with query, as sent. */
  htm: z.string(),
  htu: z.string(),
  /** Base64url SHA-256 of the body's bytes; of nothing for a request without one. */
  bdh: z.string(),
});
export type AssertionClaims = z.output<typeof assertionClaims>;
