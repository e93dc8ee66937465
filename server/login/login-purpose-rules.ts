/** What a login in the browser is for: where it goes on once the person has shown who they are. Pure. */
import { browserLoginUrl, loopbackUrl } from '../../shared/api/browser-login.ts';
import { devicePath } from '../../shared/api/device-login.ts';
import { uiLoginUrl, uiRefusedPath } from '../../shared/api/ui-login.ts';

/** `infra login` on the machine of that browser: its listener on 127.0.0.1, the value it expects back, the S256 of its verifier. */
export interface CliPurpose {
  readonly kind: 'cli';
  readonly port: number;
  readonly state: string;
  readonly challenge: string;
}
/** A terminal elsewhere, about which the person decides once they are known (RFC 8628). */
export interface DevicePurpose {
  readonly kind: 'device';
  readonly deviceLoginId: string;
}
/** The web UI in this very browser, which gets the session as a cookie from the server itself (ADR 52). */
export interface UiPurpose {
  readonly kind: 'ui';
  /** A path of this server, by `nextPath`. */
  readonly next: string;
}
/** An admin tries a provider: nobody is logged in, and they get to see what came (ADR 46). */
export interface ProviderTestPurpose {
  readonly kind: 'provider-test';
  readonly testId: string;
}
/** With somebody who comes in at the end of it. */
export type ArrivingPurpose = CliPurpose | DevicePurpose | UiPurpose;
export type LoginPurpose = ArrivingPurpose | ProviderTestPurpose;

export const deviceSignInPath = `${devicePath}/sign-in`;
export const deviceApprovePath = `${devicePath}/approve`;
export const deviceApprovedPath = `${devicePath}/approved`;
export const deviceDeniedPath = `${devicePath}/denied`;
export const deviceFailedPath = `${devicePath}/failed`;

/** From the arrival to the use of its code: a program takes it at once, as the server does for its UI; a person reads and decides first. */
export const codeSecondsOf = ({ kind }: ArrivingPurpose): number => ({ cli: 60, device: 600, ui: 60 })[kind];

/** Where the choice of a provider, or of `ownProvider`, leads, on this server. */
export function signInHref(purpose: ArrivingPurpose, provider: string, isFresh = false): string {
  if (purpose.kind === 'device') return `${deviceSignInPath}?${new URLSearchParams({ provider }).toString()}`;
  if (purpose.kind === 'ui') return uiLoginUrl({ next: purpose.next, provider, isFresh });
  const { port, state, challenge } = purpose;
  const { pathname, search } = new URL(browserLoginUrl('https://here.invalid', { port, state, challenge, provider, isFresh }));
  return pathname + search;
}

export type LoginAnswer = { readonly code: string } | { readonly error: string; readonly error_description: string };

/** Where the browser takes a code, or the reason for none. For the UI the server uses the code itself: it is in no address. */
export function answerTo(purpose: ArrivingPurpose, answer: LoginAnswer): string {
  if (purpose.kind === 'ui')
    return 'code' in answer
      ? purpose.next
      : `${uiRefusedPath}?${new URLSearchParams({ error: answer.error, next: purpose.next }).toString()}`;
  if (purpose.kind === 'device') {
    const [path, name, value] = 'code' in answer ? [deviceApprovePath, 'code', answer.code] : [deviceFailedPath, 'error', answer.error];
    return `${path}?${new URLSearchParams({ [name]: value }).toString()}`;
  }
  const url = new URL(loopbackUrl(purpose.port));
  for (const [name, value] of Object.entries({ ...answer, state: purpose.state })) url.searchParams.set(name, value);
  return url.href;
}
