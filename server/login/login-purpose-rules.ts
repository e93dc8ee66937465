/** What a login in the browser is for: where it goes on once the person has shown who they are. Pure. */
import { createHash } from 'node:crypto';
import { loopbackUrl } from '../../shared/api/browser-login.ts';

/** `infra login` on the machine of that browser: its listener on 127.0.0.1, the value it expects back, the S256 of its verifier. */
export interface CliPurpose {
  readonly kind: 'cli';
  readonly port: number;
  readonly state: string;
  readonly challenge: string;
}
/** An admin tries a provider: nobody is logged in, and they get to see what came (ADR 46). */
export interface ProviderTestPurpose {
  readonly kind: 'provider-test';
  readonly testId: string;
}
export type LoginPurpose = CliPurpose | ProviderTestPurpose;

/** Where the browser takes a code, or the reason for none. */
export function answerTo(purpose: CliPurpose, answer: Readonly<Record<string, string>>): string {
  const url = new URL(loopbackUrl(purpose.port));
  for (const [name, value] of Object.entries({ ...answer, state: purpose.state })) url.searchParams.set(name, value);
  return url.href;
}

/** RFC 7636 §4.6. */
export const isChallengeOf = (challenge: string, verifier: string): boolean =>
  createHash('sha256').update(verifier).digest('base64url') === challenge;
