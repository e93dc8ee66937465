/** Time-based one-time passwords (RFC 6238): SHA-1, six digits, thirty seconds, which is what every app knows. The one door to otpauth. */
import { Secret, TOTP } from 'otpauth';

const algorithm = 'SHA1';
const digits = 6;
const period = 30;
/** A step to either side, for clocks that differ and people who type slowly (RFC 6238 §5.2). */
const window = 1;
/** As long as SHA-1's output (RFC 4226 §4, R6). */
const secretBytes = 20;

export const newTotpSecret = (): Buffer => Buffer.from(new Secret({ size: secretBytes }).bytes);

/** The step that a code is of, or undefined when it is of none around `now`. Whether the step was used before is not known here. */
export function totpStep(secret: Buffer, code: string, now: number): number | undefined {
  const delta = TOTP.validate({ token: code, secret: secretOf(secret), algorithm, digits, period, window, timestamp: now });
  return delta === null ? undefined : TOTP.counter({ period, timestamp: now }) + delta;
}

/** What a person types into the app, and what its QR code holds. */
export function describeTotp(secret: Buffer, { issuer, label }: { readonly issuer: string; readonly label: string }) {
  const totp = new TOTP({ issuer, label, secret: secretOf(secret), algorithm, digits, period });
  return { secret: totp.secret.base32, otpauthUri: totp.toString() };
}

/** A copy: the library takes a whole ArrayBuffer, and Node's small buffers share one. */
const secretOf = (bytes: Buffer): Secret => new Secret({ buffer: Uint8Array.from(bytes).buffer });
