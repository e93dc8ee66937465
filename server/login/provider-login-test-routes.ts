/** Trying a provider with a login: an admin's two calls, and the pages of whoever opens the link. */
import type { Router } from 'express';
import { api } from '../../shared/api/index.ts';
import { loginTestBeginPath, loginTestEndedPath, loginTestPath, loginTestQuery } from '../../shared/api/browser-login.ts';
import type { Logger } from '../../shared/node/logger.ts';
import { pageRoute, sendPage } from '../http/page.ts';
import { route, type RouteContext } from '../http/route.ts';
import { goToProvider } from './page-login-routes.ts';
import { afterPage, beforePage, malformedPage } from './provider-login-test-pages.ts';
import type { ProviderLoginTestService } from './provider-login-test-service.ts';

export function providerLoginTestRoutes(
  router: Router,
  context: RouteContext,
  { tests, logger }: { readonly tests: ProviderLoginTestService; readonly logger: Logger },
): void {
  route(router, context, api.providerLoginTests.begin, async ({ params, caller }) => tests.begin(params.id, caller));
  route(router, context, api.providerLoginTests.get, async ({ params, caller }) => tests.get(params.id, params.test, caller));

  pageRoute(router, logger, loginTestPath, async (request, response) => {
    const asked = loginTestQuery.safeParse(request.query);
    if (!asked.success) sendPage(response, 400, malformedPage);
    else sendPage(response, 200, beforePage(await tests.look(asked.data.ticket), asked.data.ticket));
  });
  pageRoute(router, logger, loginTestBeginPath, async (request, response) => {
    const asked = loginTestQuery.safeParse(request.query);
    if (!asked.success) sendPage(response, 400, malformedPage);
    else goToProvider(response, await tests.open(asked.data.ticket, context.source(request)));
  });
  pageRoute(router, logger, loginTestEndedPath, async (request, response) => {
    sendPage(response, 200, afterPage(request.query['refusal']));
  });
}
