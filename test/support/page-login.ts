/** Signing in on the server's own pages, without a real browser: fills in the form that a page shows, and goes where the last one leads. */
import { loginUrl, newBrowser, newCliSide, type Browser, type CliSide, type Visited } from './browser.ts';
import type { RunningServer } from './server.ts';

export interface PageLogin {
  readonly browser: Browser;
  readonly cli: CliSide;
  /** The page that asks for email and password. */
  readonly page: Visited;
}

export async function openPasswordPage(server: RunningServer, browser = newBrowser(server)): Promise<PageLogin> {
  const cli = newCliSide();
  return { browser, cli, page: await browser.get(loginUrl(server, cli, 'infra')) };
}

const unescaped = (text: string): string => text.replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)));
const attribute = (tag: string, name: string): string => unescaped(new RegExp(` ${name}="([^"]*)"`).exec(tag)?.[1] ?? '');

/** What the form on a page would send as it is, and where. */
export function formOn({ url, body }: Visited): { readonly action: string; readonly values: Readonly<Record<string, string>> } {
  const form = /<form[^>]*>/.exec(body)?.[0];
  if (form === undefined) throw new Error(`there is no form on ${body}`);
  const inputs = [...body.matchAll(/<input[^>]*>/g)].map(([tag]) => [attribute(tag, 'name'), attribute(tag, 'value')] as const);
  return { action: new URL(attribute(form, 'action'), url).href, values: Object.fromEntries(inputs) };
}

export async function submit(browser: Browser, page: Visited, values: Readonly<Record<string, string>>): Promise<Visited> {
  const { action, values: shown } = formOn(page);
  return browser.post(action, { ...shown, ...values });
}

/** Where the last page sends the browser; undefined: it is not the last. */
export function leadsTo({ body }: Visited): string | undefined {
  const tag = /<meta http-equiv="refresh"[^>]*>/.exec(body)?.[0];
  return tag === undefined ? undefined : attribute(tag, 'content').replace(/^0; url=/, '');
}
