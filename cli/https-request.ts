/**
 * HTTPS to an infra server: own trust anchors, no proxy from the environment, no redirects. Used by the API client and, without anything
 * around it, by the credential plugin.
 */
import { Agent, request, type RequestOptions } from 'node:https';
import { getCACertificates } from 'node:tls';

/** Whom to believe: the infra root pinned at login, or the machine's roots for a publicly trusted certificate. */
export type Trust = { readonly kind: 'pinned'; readonly certificates: string } | { readonly kind: 'system' };

export interface HttpRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Longer than the longest long poll (25 s). */
const silenceMilliseconds = 35_000;
const maximumAnswerBytes = 64 * 1024 * 1024;

export type Send = (outgoing: HttpRequest) => Promise<HttpAnswer>;

/** Connections are kept while the program runs and do not keep it running. */
export function createSend(trust: Trust): Send {
  const agent = new Agent({ keepAlive: true, maxSockets: 8, minVersion: 'TLSv1.2', ca: anchors(trust), ALPNProtocols: ['http/1.1'] });
  return (outgoing) => exchange(agent, outgoing);
}

/** Node's own list and the machine's store: a company's root is often in the second alone. */
export const anchors = (trust: Trust): string[] =>
  trust.kind === 'pinned' ? [trust.certificates] : [...new Set([...getCACertificates('default'), ...getCACertificates('system')])];

function exchange(agent: Agent, outgoing: HttpRequest): Promise<HttpAnswer> {
  const length = outgoing.body === undefined ? {} : { 'content-length': Buffer.byteLength(outgoing.body) };
  const options: RequestOptions = { agent, method: outgoing.method, headers: { ...outgoing.headers, ...length } };
  if (outgoing.signal !== undefined) options.signal = outgoing.signal;
  return new Promise((resolve, reject) => {
    const sent = request(outgoing.url, options, (incoming) => {
      const chunks: Buffer[] = [];
      let size = 0;
      incoming.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > maximumAnswerBytes) sent.destroy(new Error('the answer is too large'));
        chunks.push(chunk);
      });
      incoming.on('error', reject);
      incoming.on('end', () => {
        const status = incoming.statusCode ?? 0;
        if (status >= 300 && status < 400) reject(new Error(`redirected (${status}), which is not followed`));
        else resolve({ status, headers: singleValues(incoming.headers), body: Buffer.concat(chunks) });
      });
    });
    sent.setTimeout(silenceMilliseconds, () => sent.destroy(new Error(`silent for ${silenceMilliseconds / 1000} s`)));
    sent.on('error', reject);
    sent.end(outgoing.body);
  });
}

function singleValues(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  const single: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) if (typeof value === 'string') single[name] = value;
  return single;
}

/** Why there was no answer, in words for a person; undefined for a cause without a better word. */
export function describeFailedRequest(cause: unknown, baseUrl: string): string {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  switch (code) {
    case 'ECONNREFUSED':
      return `nothing listens at ${baseUrl}; is the server running?`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `the name in ${baseUrl} cannot be resolved; check the address and the network`;
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'CERT_SIGNATURE_FAILURE':
    case 'UNABLE_TO_GET_ISSUER_CERT':
      return `${baseUrl} is not the server that was trusted at login: its certificate is signed by another authority; if that is intended, run: infra login ${baseUrl} --trust-fingerprint SHA256:…`;
    case 'CERT_HAS_EXPIRED':
      return `the certificate of ${baseUrl} has expired; check this machine's clock, then tell the server's admin`;
    case 'CERT_NOT_YET_VALID':
      return `the certificate of ${baseUrl} is not valid yet by this machine's clock; set the clock and try again`;
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `the certificate of ${baseUrl} is for another name; use the address that the server is set up for`;
    default:
      return `no answer from ${baseUrl}${cause instanceof Error ? ` (${cause.message})` : ''}; check the network and try again`;
  }
}
