/** A browser as far as a login needs one: keeps cookies by origin, goes where it is sent, and stops at the CLI's loopback address. */
import { createHash, randomBytes } from 'node:crypto';
import { browserLoginUrl } from '../../shared/api/browser-login.ts';
import { api } from '../../shared/api/index.ts';
import type { CallResult } from '../../shared/api/endpoint.ts';
import type { RunningServer } from './server.ts';

export interface Visited {
  readonly url: string;
  readonly status: number;
  readonly body: string;
  readonly headers: Headers;
}
export interface Browser {
  /** One request, without going where it sends. */
  get(url: string, headers?: Readonly<Record<string, string>>): Promise<Visited>;
  /** Sends a form as a page of that origin does, with what is given instead or besides. */
  post(url: string, form: Readonly<Record<string, string>>, headers?: Readonly<Record<string, string>>): Promise<Visited>;
  /** Goes on until a page, the loopback address, or a place for which `stopAt` holds. */
  walk(url: string, stopAt?: (url: string) => boolean): Promise<Visited>;
  readonly cookies: Map<string, Map<string, string>>;
}

export function newBrowser(server: RunningServer): Browser {
  const cookies = new Map<string, Map<string, string>>();
  const jar = (origin: string): Map<string, string> => {
    const found = cookies.get(origin) ?? new Map<string, string>();
    cookies.set(origin, found);
    return found;
  };
  const send = async (
    url: string,
    more: { method?: string; body?: string; headers: Readonly<Record<string, string>> },
  ): Promise<Visited> => {
    const { origin } = new URL(url);
    const cookie = [...jar(origin)].map(([name, value]) => `${name}=${value}`).join('; ');
    const init = { ...more, redirect: 'manual' as const, headers: { ...(cookie === '' ? {} : { cookie }), ...more.headers } };
    const response = origin === server.url ? await server.request(url.slice(origin.length), init) : await fetch(url, init);
    for (const line of response.headers.getSetCookie()) {
      const [pair = ''] = line.split(';');
      const name = pair.slice(0, pair.indexOf('='));
      const value = pair.slice(pair.indexOf('=') + 1);
      if (value === '' || /max-age=0|expires=Thu, 01 Jan 1970/i.test(line)) jar(origin).delete(name);
      else jar(origin).set(name, value);
    }
    return { url, status: response.status, body: await response.text(), headers: response.headers };
  };
  const get: Browser['get'] = async (url, headers = {}) => send(url, { headers });
  // Our pages send no referrer, so Chromium says no more of where a form comes from.
  const own = { origin: 'null', 'sec-fetch-site': 'same-origin', 'content-type': 'application/x-www-form-urlencoded' };
  const post: Browser['post'] = async (url, form, headers = {}) =>
    send(url, { method: 'POST', body: new URLSearchParams(form).toString(), headers: { ...own, ...headers } });
  const walk: Browser['walk'] = async (first, stopAt = () => false) => {
    let url = first;
    for (let steps = 0; steps < 20; steps += 1) {
      if (stopAt(url) || isLoopback(url)) return { url, status: 0, body: '', headers: new Headers() };
      const visited = await get(url);
      const location = visited.headers.get('location');
      if (location === null) return visited;
      url = new URL(location, url).href;
    }
    throw new Error(`the browser is sent on and on, now to ${url}`);
  };
  return { get, post, walk, cookies };
}

const isLoopback = (url: string): boolean => /^http:\/\/127\.0\.0\.1:\d+\/callback\?/.test(url);

/** What a CLI makes for one login. */
export interface CliSide {
  readonly port: number;
  readonly state: string;
  readonly verifier: string;
  readonly challenge: string;
}
export function newCliSide(port = 43_210): CliSide {
  const verifier = randomBytes(32).toString('base64url');
  return {
    port,
    state: randomBytes(32).toString('base64url'),
    verifier,
    challenge: createHash('sha256').update(verifier).digest('base64url'),
  };
}

export const loginUrl = (server: RunningServer, cli: CliSide, provider?: string): string =>
  browserLoginUrl(server.url, { port: cli.port, state: cli.state, challenge: cli.challenge, provider });

export const exchange = async (server: RunningServer, url: string, cli: CliSide): Promise<CallResult<typeof api.login.browser>> =>
  server.client()(api.login.browser, { body: { code: new URL(url).searchParams.get('code') ?? '', codeVerifier: cli.verifier } });

/** The whole way: opens the link, is signed in at the provider, gets a session. Throws with the page or the error when there is none. */
export async function loginByBrowser(server: RunningServer, provider?: string, browser = newBrowser(server)) {
  const cli = newCliSide();
  const end = await browser.walk(loginUrl(server, cli, provider));
  const answer = new URL(end.url).searchParams;
  if (answer.get('code') === null)
    throw new LoginFailed(answer.get('error') ?? `page ${end.status}`, answer.get('error_description') ?? end.body);
  if (answer.get('state') !== cli.state) throw new Error('the state of another login came back');
  const opened = await exchange(server, end.url, cli);
  return { call: server.client(opened.secret), secret: opened.secret, session: opened.session };
}

export class LoginFailed extends Error {
  readonly code: string;
  constructor(code: string, sentence: string) {
    super(sentence);
    this.code = code;
  }
}
