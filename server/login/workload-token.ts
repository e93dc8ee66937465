/** A workload's token as text that somebody sent: taken apart, not believed. */
import { createHash } from 'node:crypto';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { toTime } from '../../shared/clock.ts';
import type { WrittenToken } from './workload-token-rules.ts';

export interface SentToken extends WrittenToken {
  readonly text: string;
}

/** Undefined for what is no signed JWT of one JSON object. */
export function readToken(text: string): SentToken | undefined {
  if (!/^[\w-]+\.[\w-]+\.[\w-]+$/.test(text)) return undefined;
  try {
    return { text, header: decodeProtectedHeader(text), claims: decodeJwt(text) };
  } catch {
    return undefined;
  }
}

/** Of what is signed, without the signature: some algorithms have many for the same. */
export const fingerprintOf = ({ text }: SentToken): string =>
  createHash('sha256')
    .update(text.slice(0, text.lastIndexOf('.')))
    .digest('hex');

/** When a token whose times are sound is of no more use to anybody. */
export const endOf = ({ claims }: SentToken): string => toTime(Number(claims['exp']) * 1000);
