/**
 * Checks a connector's signed assertion (`shared/api/connector-assertion.ts`) against the request it came with. Everything is fixed but the key:
 * one algorithm, one type, this server's audience, this method, path and body, within a minute, once.
 */
import { createHash } from 'node:crypto';
import { compactVerify, decodeJwt, importJWK, type JWK } from 'jose';
import {
  assertionAlgorithm,
  assertionAudience,
  assertionClaims,
  assertionLifetimeSeconds,
  assertionType,
  type AssertionClaims,
} from '../../shared/api/connector-assertion.ts';
import type { Clock } from '../../shared/clock.ts';
import { DomainError } from '../../shared/api/problem.ts';

export interface AssertedRequest {
  readonly method: string;
  /** Path with query, as it came. */
  readonly url: string;
  readonly body: Buffer;
}

export interface AssertionCheckOptions {
  readonly trustDomain: string;
  readonly clock: Clock;
  /** The connector's public JWK, JSON; undefined when it is unknown. */
  readonly keyOf: (connectorId: string) => Promise<string | undefined>;
}

/** Returns the connector's id; throws `assertion.*`. */
export type AssertionCheck = (token: string, request: AssertedRequest) => Promise<string>;

export function createAssertionCheck(options: AssertionCheckOptions): AssertionCheck {
  const isReplay = createReplayMemory();
  return async (token, request) => {
    const claims = await verify(options, token);
    const now = options.clock.now();
    const fault = mismatch(claims, request, { audience: assertionAudience(options.trustDomain), nowSeconds: now / 1000 });
    if (fault !== undefined) throw new DomainError('assertion.invalid', `The connector's assertion does not fit: ${fault}.`);
    if (isReplay(`${claims.iss} ${claims.jti}`, now))
      throw new DomainError('assertion.replayed', 'This assertion was used already. Sign a new one for each request.');
    return claims.iss;
  };
}

async function verify({ keyOf }: AssertionCheckOptions, token: string): Promise<AssertionClaims> {
  const invalid = (cause?: unknown): DomainError =>
    new DomainError('assertion.invalid', 'The connector’s assertion does not hold. Enrol it again with a new join token.', { cause });
  let issuer: string | undefined;
  try {
    issuer = decodeJwt(token).iss;
  } catch (cause) {
    throw invalid(cause);
  }
  const key = issuer === undefined ? undefined : await keyOf(issuer);
  if (key === undefined) throw invalid();
  try {
    // Our own database holds the key; enrolment checked its form.
    const jwk = JSON.parse(key) as JWK;
    const { payload, protectedHeader } = await compactVerify(token, await importJWK(jwk, assertionAlgorithm), {
      algorithms: [assertionAlgorithm],
    });
    if (protectedHeader.typ !== assertionType) throw new Error('wrong type');
    return assertionClaims.parse(JSON.parse(Buffer.from(payload).toString('utf8')));
  } catch (cause) {
    throw invalid(cause);
  }
}

/** Why claims do not belong to a request, or undefined when they do. */
function mismatch(
  claims: AssertionClaims,
  request: AssertedRequest,
  expected: { readonly audience: string; readonly nowSeconds: number },
): string | undefined {
  if (claims.aud !== expected.audience) return 'it is for another server';
  if (Math.abs(expected.nowSeconds - claims.iat) > assertionLifetimeSeconds)
    return `its time is off by more than ${assertionLifetimeSeconds} s; learn the server’s time from the Date header`;
  if (claims.htm !== request.method) return 'it is for another method';
  if (claims.htu !== request.url) return 'it is for another path';
  return claims.bdh === createHash('sha256').update(request.body).digest('base64url') ? undefined : 'it is for another body';
}

/** Remembers what was used for as long as it could be used again, in two generations. */
function createReplayMemory(): (id: string, now: number) => boolean {
  const generationMilliseconds = 2 * assertionLifetimeSeconds * 1000;
  let fresh = new Set<string>();
  let old = new Set<string>();
  let startedAt = 0;
  return (id, now) => {
    if (now - startedAt > generationMilliseconds) {
      old = fresh;
      fresh = new Set();
      startedAt = now;
    }
    if (fresh.has(id) || old.has(id)) return true;
    fresh.add(id);
    return false;
  };
}
