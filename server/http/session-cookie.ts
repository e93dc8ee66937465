/**
 * The session of a browser: a cookie of this host and https alone, which no script reads and no other site's page or link sends. What a request
 * with it may do is decided by `authenticate.ts`: the cookie alone proves nothing.
 */
import type { Request, Response } from 'express';
import type { Session } from '../../shared/api/sessions.ts';
import { fromTime } from '../../shared/clock.ts';
import { readCookie } from './page.ts';

const cookieName = '__Host-infra-session';

/** For as long as the session lives at most; that it lives no longer is decided where it is looked up. */
export function keepSession(response: Response, { secret, session }: { readonly secret: string; readonly session: Session }): void {
  writeCookie(response, secret, Math.floor((fromTime(session.expiresAt) - fromTime(session.createdAt)) / 1000));
}

export const forgetSession = (response: Response): void => writeCookie(response, '', 0);

function writeCookie(response: Response, secret: string, seconds: number): void {
  // The secret of the login that led here may be forgotten in the same answer.
  response.appendHeader('Set-Cookie', `${cookieName}=${secret}; Path=/; Max-Age=${seconds}; Secure; HttpOnly; SameSite=Strict`);
}

/** Undefined too when there are two: which of them a browser was given by us cannot be known. */
export function sessionCookie(request: Request): string | undefined {
  const secret = readCookie(request, cookieName);
  return secret !== undefined && /^infra_web_[A-Za-z0-9_-]{43}$/.test(secret) ? secret : undefined;
}
