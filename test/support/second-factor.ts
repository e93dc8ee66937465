/** A person's app that shows codes (RFC 6238), and adding it. */
import { Secret, TOTP } from 'otpauth';
import { api } from '../../shared/api/index.ts';
import type { SecondFactorId } from '../../shared/api/values.ts';
import type { Call } from '../../shared/client.ts';

export interface CodeApp {
  /** Of the step at that time, by default now's; whether or not it was shown before. */
  codeAt(milliseconds?: number): string;
  /** One that was not shown before. Two at once are all there are: beyond that recovery codes help, or time. */
  next(): string;
}

export function newCodeApp(base32: string): CodeApp {
  const totp = new TOTP({ secret: Secret.fromBase32(base32) });
  let last = 0;
  return {
    codeAt: (timestamp = Date.now()) => totp.generate({ timestamp }),
    next: () => {
      const present = TOTP.counter();
      last = Math.max(last + 1, present);
      if (last > present + 1) throw new Error('no code is left that the server would take now; use a recovery code');
      return totp.generate({ timestamp: last * 30_000 });
    },
  };
}

export interface AddedFactor {
  readonly id: SecondFactorId;
  readonly secret: string;
  readonly app: CodeApp;
  readonly recoveryCodes: readonly string[];
}

/** In a session that was just opened. Proves it, too. */
export async function addSecondFactor(call: Call, code?: string): Promise<AddedFactor> {
  const begun = await call(api.secondFactors.begin, { body: { kind: 'totp', ...(code === undefined ? {} : { code }) } });
  const app = newCodeApp(begun.secret);
  const { recoveryCodes } = await call(api.secondFactors.confirm, { params: { id: begun.id }, body: { code: app.next() } });
  return { id: begun.id, secret: begun.secret, app, recoveryCodes };
}
