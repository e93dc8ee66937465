/**
 * The way out to issuers of workloads' tokens, for their discovery documents and keys. Bounded as that to identity providers
 * (`openid-fetch.ts`): https alone, no redirects, a time-out, a largest size; what a foreign server wrote goes to nobody. An authority can be
 * given with a rule, which `fetch` cannot take.
 */
import { request as requestHttp, type IncomingMessage } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isLoopbackHttp } from '../identity/provider-rules.ts';
import { maximumBytes, ProviderAnswerError, requestSeconds } from './openid-fetch.ts';

/** The JSON value at an address; throws `ProviderAnswerError` for an answer that is none, and what the network threw. */
export async function requestJson(address: string, ca: string | null): Promise<unknown> {
  const response = await open(address, ca);
  if (response.statusCode !== 200) {
    response.destroy();
    throw new ProviderAnswerError(`status ${response.statusCode ?? 0}`);
  }
  const text = await readBounded(response);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ProviderAnswerError('an answer that is not JSON', { cause });
  }
}

async function open(address: string, ca: string | null): Promise<IncomingMessage> {
  const isHttp = isLoopbackHttp(address);
  if (!address.startsWith('https://') && !isHttp) throw new ProviderAnswerError('an address that is not https');
  const options = { agent: false, headers: { accept: 'application/json' }, signal: AbortSignal.timeout(requestSeconds * 1000) } as const;
  return new Promise((resolve, reject) => {
    const request = isHttp ? requestHttp(address, options) : requestHttps(address, { ...options, ...(ca === null ? {} : { ca }) });
    request.once('response', resolve).once('error', reject).end();
  });
}

async function readBounded(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response) {
    // Without an encoding a message yields Buffers.
    const bytes = chunk as Buffer;
    size += bytes.length;
    if (size > maximumBytes) throw new ProviderAnswerError('an answer that is too large');
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}
