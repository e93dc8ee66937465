/** Logout tokens as a provider makes and posts them (OpenID Connect Back-Channel Logout §2.4, §2.5). */
import { randomUUID } from 'node:crypto';
import type { JWTPayload } from 'jose';
import { sign, type ScriptedProvider } from '../support/scripted-provider.ts';
import type { RunningServer } from '../support/server.ts';

export function logoutClaims({ issuer, clientId }: ScriptedProvider, change: Readonly<Record<string, unknown>>): JWTPayload {
  const now = Math.floor(Date.now() / 1000);
  const events = { 'http://schemas.openid.net/event/backchannel-logout': {} };
  return { iss: issuer, aud: clientId, iat: now, exp: now + 120, jti: randomUUID(), events, ...change };
}

export const signedLogout = async (provider: ScriptedProvider, change: Readonly<Record<string, unknown>>): Promise<string> =>
  sign(logoutClaims(provider, change), provider.keys.privateKey, { alg: 'ES256', kid: 'honest', typ: 'logout+jwt' });

export const postLogout = async (server: RunningServer, token: string, provider: string): Promise<Response> =>
  server.request(`/login/provider-logout/${provider}`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ logout_token: token }).toString(),
  });
