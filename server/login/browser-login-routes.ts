/** The addresses of the login by browser: pages and redirects, none of them an API. */
import { createHash } from 'node:crypto';
import type { Request, Response, Router } from 'express';
import { browserLoginDonePath, browserLoginFailedPath, browserLoginPath, browserLoginQuery } from '../../shared/api/browser-login.ts';
import type { Logger } from '../../shared/node/logger.ts';
import { pageRoute, readCookie, sendPage, type Page } from '../http/page.ts';
import type { SourceOf } from '../http/source-address.ts';
import { plainly, type LoginWish } from './authorization-request-rules.ts';
import { choicePage, donePage, failedPage, malformedPage, noProviderPage, unknownProviderPage } from './browser-login-pages.ts';
import { browserLoginSeconds, type BegunLogin, type BrowserLoginService } from './browser-login-service.ts';
import type { CliPurpose } from './login-purpose-rules.ts';

export const callbackPath = '/login/callback';

/** Where a provider sends people back to; one address each, so an answer of one cannot pass for another's (RFC 9700 §4.4). */
export const redirectUriOf =
  (publicUrl: string) =>
  (providerName: string): string =>
    `${publicUrl}${callbackPath}/${providerName}`;

export function browserLoginRoutes(
  router: Router,
  { logins, sourceOf, logger }: { readonly logins: BrowserLoginService; readonly sourceOf: SourceOf; readonly logger: Logger },
): void {
  pageRoute(router, logger, browserLoginPath, async (request, response) => {
    const asked = browserLoginQuery.safeParse(request.query);
    if (!asked.success) {
      sendPage(response, 400, malformedPage);
      return;
    }
    const { provider: wanted, fresh, ...cli } = asked.data;
    const wish = { ...plainly, isFresh: fresh === 'true' };
    const purpose: CliPurpose = { kind: 'cli', ...cli };
    const providers = await logins.providers();
    const chosen = wanted === undefined ? onlyOne(providers) : providers.find(({ name }) => name === wanted);
    if (chosen === undefined) {
      sendPage(response, ...pageInstead(providers, wanted, { ...purpose, ...wish }));
      return;
    }
    goToProvider(response, await logins.begin(chosen, purpose, sourceOf(request), wish));
  });

  pageRoute(router, logger, `${callbackPath}/:provider`, async (request, response) => {
    const returned = new URL(request.originalUrl, 'https://here.invalid').searchParams;
    const state = returned.get('state') ?? '';
    const browser = readCookie(request, cookieName(state));
    setBrowserSecret(response, state, '', 0);
    goToProvider(response, await logins.comeBack(providerIn(request), returned, browser, sourceOf(request)));
  });

  pageRoute(router, logger, browserLoginDonePath, async (_request, response) => {
    sendPage(response, 200, donePage);
  });
  pageRoute(router, logger, browserLoginFailedPath, async (request, response) => {
    sendPage(response, 200, failedPage(request.query['error']));
  });
}

/** With the secret by which this browser is known when it comes back. */
export function goToProvider(response: Response, { redirectTo, kept }: BegunLogin): void {
  if (kept !== undefined) setBrowserSecret(response, kept.state, kept.browser, browserLoginSeconds);
  redirect(response, redirectTo);
}

/** When it is not clear where to log in. */
function pageInstead(
  providers: readonly { readonly name: string }[],
  wanted: string | undefined,
  asked: CliPurpose & LoginWish,
): [status: number, page: Page] {
  if (providers.length === 0) return [404, noProviderPage];
  return wanted === undefined ? [200, choicePage(providers, asked)] : [404, unknownProviderPage];
}

const onlyOne = <Item>(items: readonly Item[]): Item | undefined => (items.length === 1 ? items[0] : undefined);

function providerIn(request: Request): string {
  const name = request.params['provider'];
  return typeof name === 'string' ? name : '';
}

/** One cookie for each login, so that two at once in one browser do not push each other out. */
const cookieName = (state: string): string => `__Host-infra-login-${createHash('sha256').update(state).digest('hex').slice(0, 16)}`;

/** `Lax`: it must come along when the provider, another site, sends the person back by a link. */
function setBrowserSecret(response: Response, state: string, secret: string, seconds: number): void {
  response.appendHeader('Set-Cookie', `${cookieName(state)}=${secret}; Path=/; Max-Age=${seconds}; Secure; HttpOnly; SameSite=Lax`);
}

function redirect(response: Response, to: string): void {
  response.setHeader('Cache-Control', 'no-store');
  response.setHeader('Location', to);
  response.status(303).end();
}
