/** The addresses of the login by browser: pages and redirects, none of them an API. */
import type { Request, Router } from 'express';
import { browserLoginDonePath, browserLoginFailedPath, browserLoginPath, browserLoginQuery } from '../../shared/api/browser-login.ts';
import type { Logger } from '../../shared/node/logger.ts';
import { browserSecretOf, forgetBrowserSecret } from '../http/browser-secret.ts';
import { pageRoute, sendPage } from '../http/page.ts';
import type { SourceOf } from '../http/source-address.ts';
import { donePage, failedPage, malformedPage } from './browser-login-pages.ts';
import type { BrowserLoginService } from './browser-login-service.ts';
import { redirect, type SignIn } from './page-login-routes.ts';

export const callbackPath = '/login/callback';

/** Where a provider sends people back to; one address each, so an answer of one cannot pass for another's (RFC 9700 §4.4). */
export const redirectUriOf =
  (publicUrl: string) =>
  (providerName: string): string =>
    `${publicUrl}${callbackPath}/${providerName}`;

export interface BrowserLoginRoutes {
  readonly logins: Pick<BrowserLoginService, 'comeBack'>;
  readonly signIn: SignIn;
  readonly sourceOf: SourceOf;
  readonly logger: Logger;
}

export function browserLoginRoutes(router: Router, { logins, signIn, sourceOf, logger }: BrowserLoginRoutes): void {
  pageRoute(router, logger, browserLoginPath, async (request, response) => {
    const asked = browserLoginQuery.safeParse(request.query);
    if (!asked.success) {
      sendPage(response, 400, malformedPage);
      return;
    }
    const { provider: wanted, ...cli } = asked.data;
    await signIn(request, response, { purpose: { kind: 'cli', ...cli }, wanted });
  });

  pageRoute(router, logger, `${callbackPath}/:provider`, async (request, response) => {
    const returned = new URL(request.originalUrl, 'https://here.invalid').searchParams;
    const state = returned.get('state') ?? '';
    const browser = browserSecretOf(request, state);
    forgetBrowserSecret(response, state);
    redirect(response, await logins.comeBack(providerIn(request), returned, browser, sourceOf(request)));
  });

  pageRoute(router, logger, browserLoginDonePath, async (_request, response) => {
    sendPage(response, 200, donePage);
  });
  pageRoute(router, logger, browserLoginFailedPath, async (request, response) => {
    sendPage(response, 200, failedPage(request.query['error']));
  });
}

function providerIn(request: Request): string {
  const name = request.params['provider'];
  return typeof name === 'string' ? name : '';
}
