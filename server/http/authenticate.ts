/** Takes the one credential out of a request. What it proves is decided by sessions and by the assertion check. */
import type { IncomingMessage } from 'node:http';
import type { Request } from 'express';
import { assertionScheme } from '../../shared/api/connector-assertion.ts';
import { DomainError } from '../../shared/api/problem.ts';
import { uiHeader } from '../../shared/api/ui-login.ts';
import { sessionCookie } from './session-cookie.ts';

const noSession = (): DomainError => new DomainError('session.missing', 'This needs a login. Run: infra login');

/**
 * The secret of a session: of a program by `Authorization`, of a browser by its cookie. Where there is the first, the second is not looked at: a
 * program's request is what it says, whatever cookies come with it.
 */
export function sessionSecret(request: Request, publicUrl: string): string {
  if (authorizations(request) > 0) return bearerSecret(request);
  const secret = sessionCookie(request);
  if (secret === undefined) throw noSession();
  if (!isFromOwnScript(request, publicUrl)) throw new DomainError('access.denied', foreignRequest(publicUrl));
  return secret;
}

/**
 * Browsers send a cookie along with whatever any page has them send (row 29); so it counts only where a script of our own pages asked. `Sec-Fetch-Site`
 * is the browser's word that no page can change, another host of the same site does not pass. The header of ours cannot be sent by a form, and from
 * elsewhere only after a question (CORS preflight) that this server never answers with yes. What changes something says its origin besides.
 */
function isFromOwnScript({ method, headers }: Request, publicUrl: string): boolean {
  const { origin } = headers;
  const isOwnOrigin = origin === undefined ? method === 'GET' : origin === new URL(publicUrl).origin;
  return headers['sec-fetch-site'] === 'same-origin' && headers[uiHeader.name] === uiHeader.value && isOwnOrigin;
}

const foreignRequest = (publicUrl: string): string =>
  `This request did not come from a page of this server, as those must that bring a browser's session. Open ${publicUrl} in a browser that is kept up to date. Programs log in by themselves: infra login`;

/** `Authorization: Bearer infra_ses_…`, once. */
function bearerSecret(request: Request): string {
  const match = /^Bearer (infra_ses_[A-Za-z0-9_-]{43})$/.exec(singleAuthorization(request) ?? '');
  if (match?.[1] === undefined) throw noSession();
  return match[1];
}

/** The secret of a SCIM token: `Authorization: Bearer infra_scim_…`, once; undefined when there is none. */
export const scimSecret = (request: Request): string | undefined =>
  /^Bearer (infra_scim_[A-Za-z0-9_-]{43})$/i.exec(singleAuthorization(request) ?? '')?.[1];

/** The token of a connector's assertion: `Authorization: Connector <jwt>`, once. */
export function assertionToken(request: IncomingMessage): string {
  const header = singleAuthorization(request) ?? '';
  const token = header.startsWith(`${assertionScheme} `) ? header.slice(assertionScheme.length + 1) : '';
  if (!/^[\w-]+\.[\w-]+\.[\w-]+$/.test(token))
    throw new DomainError('assertion.invalid', 'This address is for connectors, which sign each request.');
  return token;
}

const authorizations = ({ rawHeaders }: IncomingMessage): number =>
  rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === 'authorization').length;

/** Two Authorization headers are none: which of them another program on the way believed cannot be known. */
function singleAuthorization(request: IncomingMessage): string | undefined {
  return authorizations(request) === 1 ? request.headers.authorization : undefined;
}
