/** What the doubles of other companies' services have in common: a server on 127.0.0.1, and signing keys that rotate. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK, type JWTPayload } from 'jose';

export interface Asked {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingMessage['headers'];
  readonly form: URLSearchParams;
}
export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
}
export interface DoubleServer {
  readonly origin: string;
  /** Path and query of everything that was asked. */
  readonly asked: string[];
  stop(): Promise<void>;
}

export async function startDoubleServer(answer: (asked: Asked) => Promise<Answer> | Answer): Promise<DoubleServer> {
  const asked: string[] = [];
  const respond = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    asked.push(request.url ?? '');
    let text = '';
    for await (const chunk of request) text += String(chunk);
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    const given = await answer({ method: request.method ?? '', url, headers: request.headers, form: new URLSearchParams(text) });
    response.writeHead(given.status ?? 200, { 'content-type': 'application/json', ...given.headers });
    response.end(given.json === undefined ? '' : JSON.stringify(given.json));
  };
  const server = createServer((request, response) => {
    respond(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    // A listening TCP server has such an address.
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export const redirect = (location: string): Answer => ({ status: 302, headers: { location } });
export const notFound: Answer = { status: 404, json: { error: 'not_found' } };

/** Client id and secret, by `client_secret_basic` (form-encoded, RFC 6749 §2.3.1) or `client_secret_post`. */
export function clientIn({ headers, form }: Asked): { readonly id: string; readonly secret: string } {
  const basic = /^Basic (.+)$/i.exec(headers.authorization ?? '')?.[1];
  if (basic === undefined) return { id: form.get('client_id') ?? '', secret: form.get('client_secret') ?? '' };
  const text = Buffer.from(basic, 'base64').toString();
  const decoded = [text.slice(0, text.indexOf(':')), text.slice(text.indexOf(':') + 1)].map((part) =>
    decodeURIComponent(part.replaceAll('+', ' ')),
  );
  return { id: decoded[0] ?? '', secret: decoded[1] ?? '' };
}

export interface SigningKeys {
  /** With the newest. */
  sign(claims: JWTPayload): Promise<string>;
  /** The newest alone. */
  jwks(): { readonly keys: readonly JWK[] };
  publicKey(): CryptoKey;
  rotate(): Promise<void>;
}

export async function newSigningKeys(): Promise<SigningKeys> {
  let serial = 0;
  const make = async () => {
    const pair = await generateKeyPair('RS256', { extractable: true });
    const kid = `key-${(serial += 1)}`;
    return { ...pair, kid, jwk: { ...(await exportJWK(pair.publicKey)), kid, use: 'sig' } };
  };
  let key = await make();
  return {
    sign: async (claims) => new SignJWT(claims).setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: key.kid }).sign(key.privateKey),
    jwks: () => ({ keys: [key.jwk] }),
    publicKey: () => key.publicKey,
    rotate: async () => void (key = await make()),
  };
}
