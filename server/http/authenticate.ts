/** Takes the one credential out of a request. What it proves is decided by sessions and by the assertion check. */
import type { IncomingMessage } from 'node:http';
import type { Request } from 'express';
import { assertionScheme } from '../../shared/api/connector-assertion.ts';
import { DomainError } from '../../shared/api/problem.ts';

const noSession = (): DomainError => new DomainError('session.missing', 'This needs a login. Run: infra login');

/** The secret of a session: `Authorization: Bearer infra_ses_…`, once. */
export function bearerSecret(request: Request): string {
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

/** Two Authorization headers are none: which of them another program on the way believed cannot be known. */
function singleAuthorization(request: IncomingMessage): string | undefined {
  const { rawHeaders } = request;
  const found = rawHeaders.filter((_, index) => index % 2 === 0 && rawHeaders[index]?.toLowerCase() === 'authorization');
  return found.length === 1 ? request.headers.authorization : undefined;
}
