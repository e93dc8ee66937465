/** A login by a code, step by step: the program that asks, and the browser of the person who decides. */
import { createHash, randomBytes } from 'node:crypto';
import { api } from '../../shared/api/index.ts';
import type { CallResult } from '../../shared/api/endpoint.ts';
import { newBrowser, type Browser, type Visited } from './browser.ts';
import type { RunningServer } from './server.ts';

export interface AskingProgram {
  readonly begun: CallResult<typeof api.login.device>;
  readonly verifier: string;
}

export async function askForCode(server: RunningServer, host = 'laptop'): Promise<AskingProgram> {
  const verifier = randomBytes(32).toString('base64url');
  const codeChallenge = createHash('sha256').update(verifier).digest('base64url');
  return { begun: await server.client()(api.login.device, { body: { codeChallenge, host } }), verifier };
}

export const poll = async (server: RunningServer, { begun, verifier }: AskingProgram): Promise<CallResult<typeof api.login.deviceToken>> =>
  server.client()(api.login.deviceToken, { body: { deviceCode: begun.deviceCode, codeVerifier: verifier } });

export const typeCode = async (server: RunningServer, browser: Browser, code: string): Promise<Visited> =>
  browser.post(`${server.url}/device`, { code });

/** Up to the page that asks whether to let it in, by the provider of that name. */
export async function signInWithCode(server: RunningServer, browser: Browser, code: string, provider = 'acme'): Promise<Visited> {
  const typed = await typeCode(server, browser, code);
  if (typed.status !== 303) throw new Error(`the code was not taken: ${typed.status} ${typed.body}`);
  return browser.walk(`${server.url}/device/sign-in?provider=${provider}`);
}

/** What the page's form would send. */
export const codeIn = ({ body }: Visited): string => /name="code" value="([^"]*)"/.exec(body)?.[1] ?? '';

export const decide = async (
  server: RunningServer,
  browser: Browser,
  page: Visited,
  decision: 'approved' | 'denied' = 'approved',
): Promise<Visited> => browser.post(`${server.url}/device/approve`, { code: codeIn(page), decision });

/** The whole of the person's part. */
export async function approve(server: RunningServer, code: string, provider = 'acme', browser = newBrowser(server)): Promise<Visited> {
  return decide(server, browser, await signInWithCode(server, browser, code, provider));
}
