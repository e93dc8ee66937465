/** Every error leaves as problem+json (RFC 9457). What we did not expect is logged whole and told as nothing but "our fault". */
import { STATUS_CODES } from 'node:http';
import type { ErrorRequestHandler, RequestHandler } from 'express';
import { DomainError, type Problem } from '../../shared/api/problem.ts';
import { systemClock } from '../../shared/clock.ts';
import type { Logger } from '../../shared/node/logger.ts';

export const notFound: RequestHandler = () => {
  throw new DomainError('request.not-found', 'There is nothing at this address. The API is under /api/v1; docs/openapi.json lists it.');
};

export function problemHandler(logger: Logger): ErrorRequestHandler {
  // Express knows an error handler by its four parameters.
  return (error: unknown, request, response, _next) => {
    const known = toDomainError(error);
    if (known.code === 'server.failed') logger.error({ err: error, method: request.method, path: request.path }, 'a request failed');
    if (response.headersSent) {
      response.destroy();
      return;
    }
    if (known.retryAfterSeconds !== undefined) response.setHeader('Retry-After', String(known.retryAfterSeconds));
    if (known.status === 401) response.setHeader('WWW-Authenticate', 'Bearer realm="infra"');
    response.setHeader('Cache-Control', 'no-store');
    response
      .status(known.status)
      .type('application/problem+json')
      .send(JSON.stringify(toProblem(known)));
  };
}

function toDomainError(error: unknown): DomainError {
  if (error instanceof DomainError) return error;
  // Express refuses what it cannot decode in a path with a URIError.
  if (error instanceof URIError) return new DomainError('request.malformed', 'The address holds a broken percent-encoding.');
  return new DomainError('server.failed', 'The server failed. Its log says more; try again, and tell its operator if it stays.', {
    cause: error,
  });
}

/** The same for a connection that is no request of Express's any more. */
export function problemResponse(error: unknown): string {
  const known = toDomainError(error);
  const body = JSON.stringify(toProblem(known));
  return [
    `HTTP/1.1 ${known.status} ${STATUS_CODES[known.status] ?? 'Refused'}`,
    // A connector learns the server's clock from every answer.
    `Date: ${new Date(systemClock.now()).toUTCString()}`,
    'Content-Type: application/problem+json',
    'Cache-Control: no-store',
    'Connection: close',
    `Content-Length: ${Buffer.byteLength(body)}`,
    '',
    body,
  ].join('\r\n');
}

const toProblem = (error: DomainError): Problem => ({
  type: `urn:infra:problem:${error.code}`,
  title: error.code.replace(/[.-]/g, ' '),
  status: error.status,
  code: error.code,
  detail: error.message,
  ...(error.fields === undefined ? {} : { fields: [...error.fields] }),
});
