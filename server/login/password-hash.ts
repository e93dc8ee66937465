/**
 * Password hashes: scrypt (RFC 7914), 128 MiB each, at most two at a time, so that a storm of logins costs neither the event loop nor the machine's
 * memory. The text form carries its parameters, so they can be raised.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { slowScrypt } from './scrypt-workers.ts';

interface Parameters {
  readonly logN: number;
  readonly r: number;
  readonly p: number;
}

/** OWASP's first choice for scrypt. */
const current: Parameters = { logN: 17, r: 8, p: 1 };
const form = /^scrypt\$(\d{1,2})\$(\d{1,2})\$(\d{1,2})\$([\w-]+)\$([\w-]+)$/;
const keyLength = 32;

export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  const key = await derive(password, salt, current);
  return ['scrypt', current.logN, current.r, current.p, salt.toString('base64url'), key.toString('base64url')].join('$');
}

/** False for a hash of unknown form too. */
export async function verifyPassword(password: string, stored: string): Promise<boolean> {
  const [, logN, r, p, salt, key] = form.exec(stored) ?? [];
  if (salt === undefined || key === undefined) return false;
  const expected = Buffer.from(key, 'base64url');
  const actual = await derive(password, Buffer.from(salt, 'base64url'), { logN: Number(logN), r: Number(r), p: Number(p) });
  return expected.length === actual.length && timingSafeEqual(expected, actual);
}

/** The same work as a real check, for accounts that do not exist (CWE-208). */
export async function verifyNothing(password: string): Promise<false> {
  await derive(password, Buffer.alloc(16), current);
  return false;
}

/** NFKC, so that the same typing on two keyboards is the same password (RFC 8265 §4). */
async function derive(password: string, salt: Buffer, { logN, r, p }: Parameters): Promise<Buffer> {
  return slowScrypt({ password: password.normalize('NFKC'), salt, keyLength, N: 2 ** logN, r, p });
}
