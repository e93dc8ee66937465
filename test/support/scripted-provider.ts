/** An OpenID provider that does as a test says: honest unless told otherwise, at whichever step. */
import { createHash, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK, type JWTPayload } from 'jose';

export interface ScriptedProvider {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly keys: { readonly privateKey: CryptoKey; readonly publicJwk: JWK };
  /** What the provider says of whoever comes. */
  person: Record<string, unknown>;
  script: Script;
  /** What came to each address since the test began. */
  readonly seen: { readonly authorization: URLSearchParams[]; readonly token: URLSearchParams[]; readonly paths: string[] };
  honest(): void;
  stop(): Promise<void>;
}
export interface Script {
  discovery?: (document: Record<string, unknown>) => unknown;
  /** The query that comes back. */
  returned?: (query: URLSearchParams) => void;
  claims?: (claims: JWTPayload) => JWTPayload;
  sign?: (claims: JWTPayload) => Promise<string> | string;
  tokens?: (answer: Record<string, unknown>) => unknown;
  /** The claims when it is asked anew by a refresh token; absent: `invalid_grant`. */
  refreshed?: (claims: JWTPayload) => Promise<JWTPayload> | JWTPayload;
  jwks?: () => unknown;
  /** Answers instead of everything else. */
  answer?: (request: IncomingMessage, response: ServerResponse) => boolean;
}

export async function startScriptedProvider(): Promise<ScriptedProvider> {
  const pair = await generateKeyPair('ES256', { extractable: true });
  const publicJwk: JWK = { ...(await exportJWK(pair.publicKey)), kid: 'honest', alg: 'ES256', use: 'sig' };
  const nonces = new Map<string, { readonly nonce: string; readonly challenge: string }>();
  const server = createServer((request, response) => {
    respond(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // A listening TCP server has such an address.
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const honestPerson = { sub: 'ana', email: 'ana@example.com', email_verified: true };
  const provider: ScriptedProvider = {
    issuer,
    clientId: 'infra',
    clientSecret: 'a secret between infra and its provider',
    keys: { privateKey: pair.privateKey, publicJwk },
    person: honestPerson,
    script: {},
    seen: { authorization: [], token: [], paths: [] },
    honest: () => {
      provider.person = honestPerson;
      provider.script = {};
      for (const list of Object.values(provider.seen)) list.length = 0;
    },
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };

  const json = (response: ServerResponse, value: unknown, status = 200): void =>
    void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { script, seen } = provider;
    const url = new URL(request.url ?? '/', issuer);
    seen.paths.push(url.pathname);
    if (script.answer?.(request, response) === true) return;
    switch (url.pathname) {
      case '/.well-known/openid-configuration': {
        json(response, (script.discovery ?? ((document) => document))(honestDocument(issuer)));
        return;
      }
      case '/jwks': {
        json(response, script.jwks?.() ?? { keys: [publicJwk] });
        return;
      }
      case '/authorize': {
        seen.authorization.push(url.searchParams);
        const code = randomBytes(12).toString('hex');
        nonces.set(code, { nonce: url.searchParams.get('nonce') ?? '', challenge: url.searchParams.get('code_challenge') ?? '' });
        const query = new URLSearchParams({ code, state: url.searchParams.get('state') ?? '', iss: issuer });
        script.returned?.(query);
        response.writeHead(302, { location: `${url.searchParams.get('redirect_uri') ?? ''}?${query.toString()}` }).end();
        return;
      }
      case '/token': {
        const body = new URLSearchParams(await read(request));
        seen.token.push(body);
        const known = nonces.get(body.get('code') ?? '');
        nonces.delete(body.get('code') ?? '');
        const challenge = createHash('sha256')
          .update(body.get('code_verifier') ?? '')
          .digest('base64url');
        const isRefresh = body.get('grant_type') === 'refresh_token' && script.refreshed !== undefined;
        if (known?.challenge !== challenge && !isRefresh) {
          json(response, { error: 'invalid_grant' }, 400);
          return;
        }
        const now = Math.floor(Date.now() / 1000);
        const honest = { iss: issuer, aud: 'infra', iat: now, exp: now + 300, ...(known && { nonce: known.nonce }), ...provider.person };
        const claims = (isRefresh ? await script.refreshed?.(honest) : script.claims?.(honest)) ?? honest;
        const signed = await (script.sign ?? ((payload) => sign(payload, pair.privateKey, { alg: 'ES256', kid: 'honest' })))(claims);
        const answer = { access_token: 'an access token', token_type: 'Bearer', expires_in: 300, id_token: signed };
        json(response, script.tokens?.(answer) ?? answer);
        return;
      }
      default:
        response.writeHead(404).end();
    }
  }
  return provider;
}

export const sign = async (
  claims: JWTPayload,
  key: CryptoKey | Uint8Array,
  header: { alg: string; [name: string]: unknown },
): Promise<string> => new SignJWT(claims).setProtectedHeader(header).sign(key);

/** A JWT of any header, with whatever stands for a signature. */
export const unsigned = (claims: JWTPayload, header: object, signature = ''): string =>
  [JSON.stringify(header), JSON.stringify(claims)].map((part) => Buffer.from(part).toString('base64url')).join('.') + `.${signature}`;

const honestDocument = (issuer: string): Record<string, unknown> => ({
  issuer,
  authorization_endpoint: `${issuer}/authorize`,
  token_endpoint: `${issuer}/token`,
  jwks_uri: `${issuer}/jwks`,
  response_types_supported: ['code'],
  subject_types_supported: ['public'],
  // As some real providers do, it names algorithms that must not be taken from it.
  id_token_signing_alg_values_supported: ['ES256', 'RS256', 'HS256', 'none'],
  authorization_response_iss_parameter_supported: true,
});

async function read(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}
