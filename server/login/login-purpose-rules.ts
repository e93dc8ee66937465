/** What a login in the browser is for: where it goes on once the person has shown who they are. Pure. */
import { createHash } from 'node:crypto';
import { browserLoginUrl, loopbackUrl } from '../../shared/api/browser-login.ts';

/** `infra login` on the machine of that browser: its listener on 127.0.0.1, the value it expects back, the S256 of its verifier. */
export interface CliPurpose {
  readonly kind: 'cli';
  readonly port: number;
  readonly state: string;
  readonly challenge: string;
}
export type LoginPurpose = CliPurpose;

/** From the arrival to the use of its code. */
export const codeSecondsOf = ({ kind }: LoginPurpose): number => ({ cli: 60 })[kind];

/** Where the choice of a provider, or of `ownProvider`, leads, on this server. */
export function signInHref({ port, state, challenge }: LoginPurpose, provider: string): string {
  const { pathname, search } = new URL(browserLoginUrl('https://here.invalid', { port, state, challenge, provider }));
  return pathname + search;
}

/** Where the browser takes a code, or the reason for none. */
export function answerTo(purpose: CliPurpose, answer: Readonly<Record<string, string>>): string {
  const url = new URL(loopbackUrl(purpose.port));
  for (const [name, value] of Object.entries({ ...answer, state: purpose.state })) url.searchParams.set(name, value);
  return url.href;
}

/** RFC 7636 §4.6. */
export const isChallengeOf = (challenge: string, verifier: string): boolean =>
  createHash('sha256').update(verifier).digest('base64url') === challenge;
