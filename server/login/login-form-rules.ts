/** The forms of our own pages for signing in: where they are sent, and which login of this browser they belong to. */
import type { ArrivingPurpose } from './login-purpose-rules.ts';

export const passwordPath = '/login/password';
export const passkeyPath = '/login/passkey';
export const secondFactorPath = '/login/second-factor';
export const newPasswordPath = '/login/new-password';

export interface FormOf {
  /** Hidden in the form; worth nothing without the browser's cookie. */
  readonly state: string;
  readonly purpose: ArrivingPurpose;
  /** The server sends mail, by which a forgotten password is replaced. */
  readonly canReset: boolean;
}
