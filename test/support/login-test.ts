/** Trying a provider with a login: begun by an admin, walked through by a browser that reads the page before it goes on. */
import { expect } from 'chai';
import { api } from '../../shared/api/index.ts';
import type { Call } from '../../shared/client.ts';
import { newBrowser, type Browser, type Visited } from './browser.ts';
import type { RunningServer } from './server.ts';

/** The link on the page that says what the test is for. */
export async function goOnFrom(browser: Browser, url: string): Promise<string> {
  const page = await browser.get(url);
  const href = /<a href="([^"]+)"/.exec(page.body)?.[1];
  expect(href, page.body).to.be.a('string');
  return new URL(href ?? '', url).href;
}

export async function walkLoginTest(server: RunningServer, url: string, browser = newBrowser(server)): Promise<Visited> {
  return browser.walk(await goOnFrom(browser, url));
}

/** The whole of it. */
export async function tryByLogin(server: RunningServer, admin: Call, providerId: string) {
  // An id that was told a moment ago has lost its brand on the way.
  const id = providerId as never;
  const begun = await admin(api.providerLoginTests.begin, { params: { id } });
  const end = await walkLoginTest(server, begun.url);
  const { state, result } = await admin(api.providerLoginTests.get, { params: { id, test: begun.id } });
  expect(state, end.body).to.equal('done');
  if (result === null) throw new Error('a test that is done has a result');
  return { begun, end, result };
}
