/** Reads a request's body whole and bounded: an assertion signs its bytes, so they are needed as they came. */
import type { Request } from 'express';
import { DomainError } from '../../shared/api/problem.ts';

export interface RequestBody {
  readonly bytes: Buffer;
  /** The JSON value, or undefined for an empty body; throws `request.malformed`. */
  value(): unknown;
}

/** What is read past the maximum and dropped, so that a client in the middle of its body still hears why, and its connection stays usable. */
const droppedBytes = 8 * 1024 * 1024;

/** `maximumBytes`: what the endpoint could ever need; more is refused and never fills memory. Who goes on far beyond is cut off. */
export async function readBody(request: Request, maximumBytes: number): Promise<RequestBody> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    // Node's IncomingMessage yields Buffers as long as no encoding is set.
    const bytes = chunk as Buffer;
    size += bytes.length;
    if (size <= maximumBytes) chunks.push(bytes);
    else if (size > maximumBytes + droppedBytes) break;
  }
  if (size > maximumBytes)
    throw new DomainError('request.too-large', `The body is larger than ${maximumBytes} bytes. Send less at a time.`);
  const bytes = Buffer.concat(chunks);
  return { bytes, value: () => parseJson(request, bytes) };
}

function parseJson(request: Request, bytes: Buffer): unknown {
  if (bytes.length === 0) return undefined;
  if (!/^application\/json(?:\s*;|$)/i.test(request.headers['content-type'] ?? ''))
    throw new DomainError('request.unsupported-media-type', 'Send the body as JSON, with Content-Type: application/json.');
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw new DomainError('request.malformed', 'The body is not JSON.', { cause });
  }
}
