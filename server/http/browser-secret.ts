/** The secret of one login that one browser keeps: a cookie for this host and https alone, out of a script's reach. */
import { createHash } from 'node:crypto';
import type { Request, Response } from 'express';
import { readCookie } from './page.ts';

/** One cookie for each login, so that two at once in one browser do not push each other out. */
const cookieName = (state: string): string => `__Host-infra-login-${createHash('sha256').update(state).digest('hex').slice(0, 16)}`;

export interface KeptSecret {
  /** What the login is known by outside of the cookie. */
  readonly state: string;
  readonly secret: string;
  readonly seconds: number;
  /** `Lax`: it must come along when another site sends the person back by a link. `Strict`: our own pages alone send it. */
  readonly sameSite: 'Lax' | 'Strict';
}

export function keepBrowserSecret(response: Response, { state, secret, seconds, sameSite }: KeptSecret): void {
  response.setHeader('Set-Cookie', `${cookieName(state)}=${secret}; Path=/; Max-Age=${seconds}; Secure; HttpOnly; SameSite=${sameSite}`);
}

export const forgetBrowserSecret = (response: Response, state: string): void =>
  keepBrowserSecret(response, { state, secret: '', seconds: 0, sameSite: 'Lax' });

export const browserSecretOf = (request: Request, state: string): string | undefined => readCookie(request, cookieName(state));
