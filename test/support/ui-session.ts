/** Signed in to the web UI, as a browser is: by the pages for signing in, with the cookie that comes of it, and the headers that its pages send. */
import { createClient, type Call } from '../../shared/client.ts';
import { uiLoginUrl } from '../../shared/api/ui-login.ts';
import { newBrowser, type Browser, type Visited } from './browser.ts';
import { submit } from './page-login.ts';
import type { RunningServer } from './server.ts';

export const sessionCookieName = '__Host-infra-session';

export interface UiSession {
  readonly browser: Browser;
  /** Of the `Cookie` header. */
  readonly cookie: string;
  readonly secret: string;
  /** The answer by which the cookie came. */
  readonly arrived: Visited;
  readonly call: Call;
}

/** What a script of our own pages sends, beside the cookie. */
export const ownHeaders = ({ url }: RunningServer) => ({ 'infra-ui': '1', 'sec-fetch-site': 'same-origin', origin: url });

export const secretIn = (browser: Browser, server: RunningServer): string | undefined =>
  browser.cookies.get(server.url)?.get(sessionCookieName);

export async function signInToUi(
  server: RunningServer,
  { email, password }: { readonly email: string; readonly password: string },
  { next = '/', browser = newBrowser(server) }: { readonly next?: string; readonly browser?: Browser } = {},
): Promise<UiSession> {
  const page = await browser.get(server.url + uiLoginUrl({ next, provider: 'infra' }));
  return signedIn(server, browser, await submit(browser, page, { email, password }));
}

export function signedIn(server: RunningServer, browser: Browser, arrived: Visited): UiSession {
  const secret = secretIn(browser, server);
  if (secret === undefined) throw new Error(`nobody is signed in: ${arrived.status} ${arrived.body}`);
  const cookie = `${sessionCookieName}=${secret}`;
  return { browser, cookie, secret, arrived, call: cookieClient(server, cookie) };
}

export const cookieClient = (server: RunningServer, cookie: string): Call =>
  createClient({
    baseUrl: server.url,
    fetch: async (url, { method = 'GET', headers, body }) =>
      server.request(url.slice(server.url.length), {
        method,
        // The client makes plain ones.
        headers: headers as Record<string, string>,
        ...(typeof body === 'string' ? { body } : {}),
      }),
    authorize: () => ({ cookie, ...ownHeaders(server) }),
  });
