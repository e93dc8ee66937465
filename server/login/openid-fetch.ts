/**
 * The way out to identity providers. Addresses come from admins and from discovery documents, so answers are bounded, redirects are not
 * followed, and what went wrong is told in our words: what a foreign server wrote goes to nobody.
 */
import type { CustomFetchOptions } from 'openid-client';
import { isLoopbackHttp } from '../identity/provider-rules.ts';

export const requestSeconds = 10;
/** The largest that is needed: an ID token with a thousand groups. */
export const maximumBytes = 1024 * 1024;

export class ProviderAnswerError extends Error {}

/** `fetch` as openid-client calls it. It passes a time-out as `signal`, and answers with a Response that holds the whole body. */
export async function boundedFetch(url: string, options: CustomFetchOptions): Promise<Response> {
  if (!url.startsWith('https://') && !isLoopbackHttp(url)) throw new ProviderAnswerError('an address that is not https');
  const { body: sent, signal, ...rest } = options;
  const response = await fetch(url, { ...rest, body: sent ?? null, signal: signal ?? null, redirect: 'manual' });
  const body = await readBounded(response);
  // A Response with these statuses must have no body (Fetch §2.2.3).
  const hasBody = ![101, 204, 205, 304].includes(response.status);
  return new Response(hasBody ? body : null, { status: response.status, headers: response.headers });
}

async function readBounded(response: Response): Promise<ArrayBuffer> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  // A fetched body yields bytes; the types of Node leave that open.
  const stream = response.body as ReadableStream<Uint8Array<ArrayBuffer>> | null;
  for await (const chunk of stream ?? []) {
    size += chunk.length;
    if (size > maximumBytes) throw new ProviderAnswerError('an answer that is too large');
    chunks.push(chunk);
  }
  return new Blob(chunks).arrayBuffer();
}

const words: Readonly<Record<string, string>> = {
  ENOTFOUND: 'its name is not known',
  EAI_AGAIN: 'its name could not be looked up',
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection broke',
  ETIMEDOUT: 'it did not answer in time',
  UND_ERR_CONNECT_TIMEOUT: 'it did not answer in time',
  UND_ERR_SOCKET: 'the connection broke',
  OAUTH_TIMEOUT: 'it did not answer in time',
  TimeoutError: 'it did not answer in time',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is not trusted here (NODE_EXTRA_CA_CERTS adds an authority)',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is not trusted here (NODE_EXTRA_CA_CERTS adds an authority)',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is not trusted here (NODE_EXTRA_CA_CERTS adds an authority)',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate is not trusted here (NODE_EXTRA_CA_CERTS adds an authority)',
};

/** Why a provider could not be reached, when that is what an error says; undefined: it was reached, and what it answered does not hold. */
export function whyUnreachable(error: unknown): string | undefined {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.name;
    const known = words[code];
    if (known !== undefined) return known;
    if (cause.message === 'fetch failed' && cause.cause === undefined) return 'the connection failed';
  }
  return undefined;
}
