/**
 * The login by browser, this machine's half: send the browser off, wait at the loopback port, exchange the code it brings. The code is worth
 * nothing without the verifier, which never leaves this process (RFC 7636), and the answer nothing without the state.
 */
import { createHash, randomBytes } from 'node:crypto';
import { browserLoginDonePath, browserLoginFailedPath, browserLoginUrl } from '../../shared/api/browser-login.ts';
import { api } from '../../shared/api/index.ts';
import { problemStatus } from '../../shared/api/problem.ts';
import { ApiError, type Call } from '../../shared/client.ts';
import { formatDuration } from '../../shared/ttl.ts';
import type { Environment } from '../environment.ts';
import { loginByDevice } from '../device-login/device-login.ts';
import { asOurSentence, CliError, failureOfStatus } from '../failure.ts';
import type { OpenedSession } from '../login-methods.ts';
import type { Output } from '../output.ts';
import { interrupted } from '../prompt.ts';
import { announceLogin, type Codes, type NoBrowser } from './login-announcement.ts';
import { type Answered, listenOnLoopback, type Loopback } from './loopback-listener.ts';
import type { LoginAnswer } from './loopback-request.ts';

export interface BrowserLogin {
  readonly call: Call;
  readonly environment: Environment;
  readonly output: Output;
  /** Origin that people reach the server at. */
  readonly server: string;
  readonly provider: string | undefined;
  readonly isFresh: boolean;
  readonly noBrowser: boolean;
  readonly codes: Codes;
  readonly timeoutSeconds: number;
}

export async function loginByBrowser(login: BrowserLogin): Promise<OpenedSession> {
  const opened = await throughLoopback(login);
  if (opened.status === 'session') return opened;
  login.output.warn(`${opened.reason}; so here is a code for a browser elsewhere (--no-browser prints an address for one on this machine)`);
  return loginByDevice(login);
}

/** Or why no browser could be opened, which leaves no port behind. */
async function throughLoopback(login: BrowserLogin): Promise<OpenedSession | NoBrowser> {
  const [state, codeVerifier] = [randomBytes(32).toString('base64url'), randomBytes(32).toString('base64url')];
  const challenge = createHash('sha256').update(codeVerifier).digest('base64url');
  const loopback = await listenOnLoopback(state);
  try {
    const url = browserLoginUrl(login.server, { port: loopback.port, state, challenge, provider: login.provider, isFresh: login.isFresh });
    const announced = await announceLogin(login, { url, port: loopback.port });
    if (announced !== undefined) return announced;
    const answered = await waitForAnswer(login, loopback);
    return await finish(login, answered, codeVerifier);
  } finally {
    loopback.close();
  }
}

async function waitForAnswer({ environment, server, timeoutSeconds }: BrowserLogin, { answered }: Loopback): Promise<Answered> {
  let stop = (): void => undefined;
  const ended = new Promise<never>((_, reject) => {
    const sentence = `no answer came from the browser within ${formatDuration(timeoutSeconds)}; if its tab was closed or shows a fault, run again: infra login ${server}`;
    const timer = setTimeout(() => reject(new CliError('failed', sentence)), timeoutSeconds * 1000);
    const forget = environment.onInterrupt(() => reject(interrupted()));
    stop = () => {
      clearTimeout(timer);
      forget();
    };
  });
  try {
    return await Promise.race([answered, ended]);
  } finally {
    stop();
  }
}

/** The browser is told last, so that it never says "done" of a login that was not. */
async function finish({ call, server }: BrowserLogin, { answer, conclude }: Answered, codeVerifier: string): Promise<OpenedSession> {
  const failedPage = (error: string): { location: string } => ({
    location: `${server}${browserLoginFailedPath}?${new URLSearchParams({ error }).toString()}`,
  });
  if (answer.kind === 'refused') {
    await conclude(failedPage(answer.error));
    throw refusedAnswer(answer);
  }
  try {
    const opened = await call(api.login.browser, { body: { code: answer.code, codeVerifier } });
    await conclude({ location: `${server}${browserLoginDonePath}` });
    return opened;
  } catch (error) {
    await conclude(error instanceof ApiError ? failedPage(error.problem.code) : { page: unfinished });
    throw error;
  }
}

const unfinished = { title: 'The login could not be finished', sentence: 'The terminal says why. You can close this tab.' };

function refusedAnswer({ error, sentence }: Extract<LoginAnswer, { kind: 'refused' }>): CliError {
  const status = Object.entries(problemStatus).find(([code]) => code === error)?.[1] ?? 500;
  const words = sentence === '' ? `the login was refused (${error})` : asOurSentence(sentence);
  return new CliError(failureOfStatus(status), words);
}
