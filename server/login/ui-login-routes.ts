/** Where somebody signs in to the web UI, and reads why not. What follows is shared with the other logins in the browser. */
import type { Router } from 'express';
import { uiLoginPath, uiLoginQuery, uiRefusedPath } from '../../shared/api/ui-login.ts';
import type { Logger } from '../../shared/node/logger.ts';
import { pageRoute, sendPage } from '../http/page.ts';
import { malformedUiPage, uiRefusedPage } from './browser-login-pages.ts';
import { nextPath } from './next-path-rules.ts';
import type { SignIn } from './page-login-routes.ts';

export function uiLoginRoutes(router: Router, { signIn, logger }: { readonly signIn: SignIn; readonly logger: Logger }): void {
  pageRoute(router, logger, uiLoginPath, async (request, response) => {
    const asked = uiLoginQuery.safeParse(request.query);
    if (!asked.success) {
      sendPage(response, 400, malformedUiPage);
      return;
    }
    const { next, provider: wanted, fresh } = asked.data;
    await signIn(request, response, { purpose: { kind: 'ui', next: nextPath(next) }, wanted, isFresh: fresh === 'true' });
  });
  pageRoute(router, logger, uiRefusedPath, async (request, response) => {
    const { error, next } = request.query;
    sendPage(response, 200, uiRefusedPage(error, nextPath(next)));
  });
}
