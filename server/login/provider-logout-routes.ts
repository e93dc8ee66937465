/** The addresses by which logouts cross between here and a provider. What a provider posts is no API of ours: its form is the standard's. */
import type { Response, Router } from 'express';
import { DomainError } from '../../shared/api/problem.ts';
import type { Logger } from '../../shared/node/logger.ts';
import { api } from '../../shared/api/index.ts';
import { pageRoute, sendPage, type Page } from '../http/page.ts';
import { route, type RouteContext } from '../http/route.ts';
import { forgetSession } from '../http/session-cookie.ts';
import type { ProviderLogoutService } from './provider-logout-service.ts';

const byProviderPath = '/login/provider-logout';
const leavePath = '/login/leave';
const leftPath = '/login/left';
const maximumBytes = 64 * 1024;

/** One address for each provider, to be registered there as its back-channel logout URI. */
export const backchannelLogoutUriOf =
  (publicUrl: string) =>
  (providerName: string): string =>
    `${publicUrl}${byProviderPath}/${providerName}`;
/** To be registered there as a post-logout redirect URI. */
export const postLogoutRedirectUriOf = (publicUrl: string): string => `${publicUrl}${leftPath}`;
export const leaveUrlOf =
  (publicUrl: string) =>
  (token: string): string =>
    `${publicUrl}${leavePath}?${new URLSearchParams({ token }).toString()}`;

const leftPage: Page = { title: 'You are logged out', says: ['Here, and at the identity provider. You can close this page.'] };

export function providerLogoutRoutes(
  router: Router,
  context: RouteContext,
  { logouts, logger }: { readonly logouts: ProviderLogoutService; readonly logger: Logger },
): void {
  route(router, context, api.sessions.logoutAtProvider, async ({ caller, response }) => {
    const ended = await logouts.atProvider(caller);
    if (caller.session.client === 'browser') forgetSession(response);
    return ended;
  });

  // OpenID Connect Back-Channel Logout §2.5, §2.8.
  router.post(`${byProviderPath}/:provider`, async (request, response) => {
    response.setHeader('Cache-Control', 'no-store');
    try {
      const { bytes } = await context.readBody(request, maximumBytes);
      await logouts.byProvider(request.params.provider, logoutTokenIn(request.headers['content-type'], bytes), context.source(request));
      response.status(200).end();
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      refuse(response, error);
    }
  });

  pageRoute(router, logger, leavePath, async (request, response) => {
    const { token } = request.query;
    response.setHeader('Cache-Control', 'no-store');
    response.setHeader('Location', await logouts.leave(typeof token === 'string' ? token : ''));
    response.status(303).end();
  });
  pageRoute(router, logger, leftPath, async (_request, response) => sendPage(response, 200, leftPage));
}

function logoutTokenIn(contentType: string | undefined, bytes: Buffer): string {
  const form = new URLSearchParams(bytes.toString('utf8'));
  const [token, ...more] = form.getAll('logout_token');
  if (!/^application\/x-www-form-urlencoded(?:\s*;|$)/i.test(contentType ?? '') || token === undefined || more.length > 0)
    throw new DomainError('request.malformed', 'Post a form with one logout_token.');
  return token;
}

/** As the standard has it: 400 is "this token is wrong"; anything else may be tried again. */
function refuse(response: Response, { status, message, retryAfterSeconds }: DomainError): void {
  if (retryAfterSeconds !== undefined) response.setHeader('Retry-After', String(retryAfterSeconds));
  response.status(status).json({ error: 'invalid_request', error_description: message });
}
