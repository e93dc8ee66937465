/** Google's sign-in, token endpoint and directories, as one server. Written from developers.google.com/identity, /admin-sdk/directory and cloud.google.com/identity. */
import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import type { JWTPayload } from 'jose';
import { newCodeFlow } from './code-flow.ts';
import { clientIn, newSigningKeys, notFound, redirect, startDoubleServer, type Answer, type Asked } from './double-server.ts';
import { newGoogleApis, type GoogleApis } from './google-apis.ts';
import { redeemAssertion } from './google-delegation.ts';

export interface GoogleAccount {
  readonly sub: string;
  email: string;
  email_verified?: unknown;
  /** Absent: an account of nobody's organization. */
  hd?: string;
}
export interface GoogleDouble extends GoogleApis {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly redirectUris: string[];
  readonly asked: string[];
  /** What came to its sign-in. */
  readonly authorizations: URLSearchParams[];
  /** Refresh tokens that it was asked anew by, and those that were given back. */
  readonly refreshed: string[];
  readonly revoked: string[];
  givesRefreshTokens: boolean;
  /** The person says no when they are asked for consent. */
  refusesConsent: boolean;
  /** The account is there no more: its refresh tokens are `invalid_grant`. */
  suspend(sub: string): void;
  /** The key file, as an admin downloads it. */
  readonly serviceAccountKey: string;
  readonly serviceAccount: ServiceAccountState;
  signIn(account: GoogleAccount): void;
  claims: (claims: JWTPayload) => JWTPayload;
  rotateKeys(): Promise<void>;
  honest(): void;
  stop(): Promise<void>;
}
export interface ServiceAccountState {
  readonly clientId: string;
  readonly email: string;
  readonly keyId: string;
  readonly publicKey: ReturnType<typeof generateKeyPairSync>['publicKey'];
  /** Scopes that the domain's admin delegated to it. */
  delegated: string[];
  isKeyDeleted: boolean;
}

export const directoryScope = 'https://www.googleapis.com/auth/admin.directory.group.readonly';
export const identityScope = 'https://www.googleapis.com/auth/cloud-identity.groups.readonly';

export async function startGoogle(): Promise<GoogleDouble> {
  const keys = await newSigningKeys();
  const flow = newCodeFlow();
  const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const serviceAccount: ServiceAccountState = {
    ...{ clientId: '104928374650192837465', email: 'infra@project.iam.gserviceaccount.com', keyId: randomBytes(20).toString('hex') },
    ...{ publicKey: pair.publicKey, delegated: [directoryScope, identityScope], isKeyDeleted: false },
  };
  const clientId = `${randomUUID()}.apps.googleusercontent.com`;
  const apis = newGoogleApis();
  let account: GoogleAccount | undefined;
  const consented = new Set<string>();
  const codesWithRefresh = new Set<string>();
  const refreshTokens = new Map<string, GoogleAccount>();
  let issuer = '';

  const idToken = async (nonce: string | undefined, of = account): Promise<string> => {
    const now = Math.floor(Date.now() / 1000);
    const honest = {
      iss: issuer,
      azp: clientId,
      aud: clientId,
      iat: now,
      exp: now + 3600,
      ...(nonce === undefined ? {} : { nonce }),
      at_hash: 'x',
      ...of,
    };
    return keys.sign(google.claims({ email_verified: true, ...honest }));
  };

  const token = async (asked: Asked): Promise<Answer> => {
    if (asked.form.get('grant_type') === 'urn:ietf:params:oauth:grant-type:jwt-bearer')
      return redeemAssertion(asked.form.get('assertion') ?? '', { serviceAccount, audience: `${issuer}/token`, apis });
    const client = clientIn(asked);
    if (client.id !== clientId || client.secret !== google.clientSecret)
      return { status: 401, json: { error: 'invalid_client', error_description: 'CANARY: The provided client secret is invalid.' } };
    if (asked.form.get('grant_type') === 'refresh_token') return refresh(asked.form.get('refresh_token') ?? '');
    const ask = flow.redeem(asked.form);
    if (ask === undefined) return { status: 400, json: { error: 'invalid_grant', error_description: 'CANARY: Malformed auth code.' } };
    return { json: { ...tokens, id_token: await idToken(ask.nonce), ...newRefreshToken(asked.form.get('code') ?? '') } };
  };

  const tokens = { access_token: 'ya29.x', expires_in: 3599, scope: 'openid', token_type: 'Bearer' };
  const newRefreshToken = (code: string): { readonly refresh_token?: string } => {
    if (!codesWithRefresh.delete(code) || account === undefined || !google.givesRefreshTokens) return {};
    const refreshToken = `1//${randomBytes(32).toString('base64url')}`;
    refreshTokens.set(refreshToken, account);
    return { refresh_token: refreshToken };
  };
  /** Google gives no new one: the old one stays. */
  const refresh = async (refreshToken: string): Promise<Answer> => {
    google.refreshed.push(refreshToken);
    const of = refreshTokens.get(refreshToken);
    if (of === undefined)
      return { status: 400, json: { error: 'invalid_grant', error_description: 'CANARY: Token has been expired or revoked.' } };
    return { json: { ...tokens, id_token: await idToken(undefined, of) } };
  };
  /** With the token its whole grant goes: the person will be asked for consent again. */
  const revoke = (refreshToken: string): Answer => {
    google.revoked.push(refreshToken);
    const of = refreshTokens.get(refreshToken);
    if (of !== undefined) google.suspend(of.sub);
    return { json: {} };
  };
  const authorize = (query: URLSearchParams): Answer => {
    google.authorizations.push(query);
    const prompt = query.get('prompt') ?? '';
    const isKnown = ['', 'none', 'consent', 'select_account'].includes(prompt);
    const scopes = (query.get('scope') ?? '').split(' ').filter((scope) => !['openid', 'email', 'profile'].includes(scope));
    if (!isKnown || scopes.length > 0) return { status: 400, json: { error: isKnown ? 'invalid_scope' : 'invalid_request' } };
    const back = flow.authorize(query, { clientId, redirectUris: google.redirectUris, subject: account?.sub ?? '' });
    if (back === undefined) return { status: 400, json: { error: 'invalid_request' } };
    const isAsked = prompt === 'consent' || !consented.has(account?.sub ?? '');
    if (prompt === 'consent' && google.refusesConsent) {
      const denied = { error: 'access_denied', state: query.get('state') ?? '' };
      return redirect(`${query.get('redirect_uri') ?? ''}?${new URLSearchParams(denied).toString()}`);
    }
    consented.add(account?.sub ?? '');
    if (isAsked && query.get('access_type') === 'offline') codesWithRefresh.add(new URL(back).searchParams.get('code') ?? '');
    return redirect(back);
  };

  const server = await startDoubleServer(async (asked) => {
    const { pathname, searchParams } = asked.url;
    if (pathname === '/.well-known/openid-configuration') return { json: discovery(issuer) };
    if (pathname === '/oauth2/v3/certs') return { json: keys.jwks() };
    if (pathname === '/token') return token(asked);
    if (pathname === '/revoke') return revoke(asked.form.get('token') ?? '');
    if (pathname === '/o/oauth2/v2/auth') return authorize(searchParams);
    return apis.answer(asked) ?? notFound;
  });
  issuer = server.origin;
  const google: GoogleDouble = {
    ...apis,
    ...{ issuer, clientId, clientSecret: 'GOCSPX-a secret', redirectUris: [], asked: server.asked, serviceAccount },
    ...{ authorizations: [], refreshed: [], revoked: [], givesRefreshTokens: true, refusesConsent: false },
    suspend: (sub) => {
      consented.delete(sub);
      for (const [refreshToken, of] of refreshTokens) if (of.sub === sub) refreshTokens.delete(refreshToken);
    },
    ...{ rotateKeys: keys.rotate, stop: server.stop, claims: (claims) => claims, signIn: (who) => void (account = who) },
    serviceAccountKey: JSON.stringify({
      type: 'service_account',
      project_id: 'project',
      private_key_id: serviceAccount.keyId,
      private_key: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }),
      client_email: serviceAccount.email,
      client_id: serviceAccount.clientId,
      // Whoever writes the file could write another: it must not be used.
      token_uri: 'https://oauth2.evil.example/token',
    }),
    honest: () => {
      google.claims = (claims) => claims;
      Object.assign(google, { givesRefreshTokens: true, refusesConsent: false });
      for (const list of [google.authorizations, google.refreshed, google.revoked]) list.length = 0;
      Object.assign(serviceAccount, { delegated: [directoryScope, identityScope], isKeyDeleted: false });
      apis.honest();
      server.asked.length = 0;
    },
  };
  return google;
}

const discovery = (issuer: string): Record<string, unknown> => ({
  issuer,
  authorization_endpoint: `${issuer}/o/oauth2/v2/auth`,
  token_endpoint: `${issuer}/token`,
  revocation_endpoint: `${issuer}/revoke`,
  jwks_uri: `${issuer}/oauth2/v3/certs`,
  response_types_supported: ['code', 'token', 'id_token', 'code token', 'code id_token', 'token id_token', 'code token id_token', 'none'],
  subject_types_supported: ['public'],
  id_token_signing_alg_values_supported: ['RS256'],
  scopes_supported: ['openid', 'email', 'profile'],
  token_endpoint_auth_methods_supported: ['client_secret_post', 'client_secret_basic'],
  code_challenge_methods_supported: ['plain', 'S256'],
});
