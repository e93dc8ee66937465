/** Signing in with a passkey alone on the server's own pages, without a real browser: what a page asks for, and the answer to it. */
import { exchange, type Visited } from './browser.ts';
import { leadsTo, openPasswordPage, type PageLogin } from './page-login.ts';
import type { RunningServer } from './server.ts';
import type { BrowserOptions, Lies, SoftwareAuthenticator } from './software-authenticator.ts';

const unescaped = (text: string): string => text.replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)));
const attribute = (tag: string, name: string): string => unescaped(new RegExp(` ${name}="([^"]*)"`).exec(tag)?.[1] ?? '');

export interface PasskeyQuestionOn {
  readonly action: string;
  readonly values: Readonly<Record<string, string>>;
  readonly options: BrowserOptions;
}

/** Undefined: the page offers none. */
export function questionOn({ url, body }: Visited): PasskeyQuestionOn | undefined {
  const [form, tag = ''] = /(<form[^>]*data-passkey="[^"]*"[^>]*>).*?<\/form>/s.exec(body) ?? [];
  if (form === undefined) return undefined;
  const inputs = [...form.matchAll(/<input[^>]*>/g)].map(([input]) => [attribute(input, 'name'), attribute(input, 'value')] as const);
  // The server's own page made it.
  const options = JSON.parse(attribute(tag, 'data-passkey')) as BrowserOptions;
  return { action: new URL(attribute(tag, 'action'), url).href, values: Object.fromEntries(inputs), options };
}

export function asked(page: Visited): PasskeyQuestionOn {
  const question = questionOn(page);
  if (question === undefined) throw new Error(`no passkey is asked for on ${page.body}`);
  return question;
}

type At = Pick<PageLogin, 'browser' | 'page'>;
export const sendPasskey = async ({ browser, page }: At, passkey: unknown): Promise<Visited> => {
  const { action, values } = asked(page);
  return browser.post(action, { ...values, passkey: JSON.stringify(passkey) });
};

/** What a click on the button and a touch come to. */
export const answerPasskey = async (
  server: RunningServer,
  at: At,
  authenticator: SoftwareAuthenticator,
  lies: Lies = {},
): Promise<Visited> => sendPasskey(at, authenticator.get(asked(at.page).options, server.url, lies));

/** The whole way, from the page of `infra login --provider infra` on. */
export async function signInByPasskey(server: RunningServer, authenticator: SoftwareAuthenticator, lies: Lies = {}) {
  const login = await openPasswordPage(server);
  const end = await answerPasskey(server, login, authenticator, lies);
  const url = leadsTo(end);
  if (url === undefined) throw new Error(`the passkey was not taken: ${end.status} ${end.body}`);
  const opened = await exchange(server, url, login.cli);
  return { call: server.client(opened.secret), session: opened.session };
}
