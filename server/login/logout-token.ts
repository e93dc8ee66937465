/** Verifies logout tokens (OpenID Connect Back-Channel Logout §2.6), by jose. A provider's keys are kept for a while: anybody can post a token. */
import { createRemoteJWKSet, customFetch, errors, jwtVerify, type JWTVerifyGetKey } from 'jose';
import { acceptedAlgorithms } from '../identity/provider-rules.ts';
import { readLogoutClaims, type LogoutClaims } from './logout-token-rules.ts';
import { boundedFetch, requestSeconds } from './openid-fetch.ts';
import { clockToleranceSeconds, type OpenIdClient } from './openid-login.ts';

export interface LogoutTokens {
  /** Throws `LogoutTokenError` when it does not hold, and whatever the way to the provider's keys throws. */
  verify(token: string, from: { readonly metadata: OpenIdClient['metadata']; readonly clientId: string }): Promise<LogoutClaims>;
}

/** `message` says which check failed, and holds nothing of the token. */
export class LogoutTokenError extends Error {}

/** A key that is not known is looked for this often at most, however many tokens come. */
const cooldownMilliseconds = 10_000;
const keySetsKept = 200;

export function createLogoutTokens(): LogoutTokens {
  const kept = new Map<string, JWTVerifyGetKey>();
  const keysAt = (address: string): JWTVerifyGetKey => {
    const found = kept.get(address) ?? remoteKeys(address);
    kept.set(address, found);
    const [oldest] = kept.keys();
    if (kept.size > keySetsKept && oldest !== undefined) kept.delete(oldest);
    return found;
  };
  return {
    verify: async (token, { metadata, clientId }) => {
      const claims = await verified(token, keysAt(metadata.jwks_uri ?? ''), metadata, clientId);
      const read = readLogoutClaims(claims);
      if ('fault' in read) throw new LogoutTokenError(read.fault);
      return read;
    },
  };
}

async function verified(token: string, keys: JWTVerifyGetKey, metadata: OpenIdClient['metadata'], clientId: string) {
  try {
    const { payload, protectedHeader } = await jwtVerify(token, keys, {
      issuer: metadata.issuer,
      audience: clientId,
      algorithms: [...acceptedAlgorithms(metadata)],
      clockTolerance: clockToleranceSeconds,
      requiredClaims: ['iss', 'aud', 'iat', 'exp', 'jti', 'events'],
    });
    // Older providers give it the type of every JWT, or none.
    if (!['logout+jwt', 'application/logout+jwt', 'jwt', undefined].includes(protectedHeader.typ?.toLowerCase()))
      throw new LogoutTokenError('it is a token of another type');
    return payload;
  } catch (error) {
    if (error instanceof errors.JOSEError && !isOfTheWay(error))
      throw new LogoutTokenError(`${error.code}: ${error.message}`, { cause: error });
    throw error;
  }
}

/** Not the token's fault: its provider's keys could not be had. */
const isOfTheWay = (error: errors.JOSEError): boolean =>
  error instanceof errors.JWKSTimeout || error instanceof errors.JWKSInvalid || error.code === 'ERR_JOSE_GENERIC';

const remoteKeys = (address: string): JWTVerifyGetKey =>
  createRemoteJWKSet(new URL(address), {
    cooldownDuration: cooldownMilliseconds,
    timeoutDuration: requestSeconds * 1000,
    [customFetch]: async (url, options) =>
      boundedFetch(url, {
        method: options.method,
        headers: Object.fromEntries(options.headers),
        body: undefined,
        redirect: 'manual',
        signal: options.signal,
      }),
  });
