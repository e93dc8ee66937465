/** A server with one scripted provider, `acme`, and what attacks on a login have in common. */
import Sqlite from 'better-sqlite3';
import { expect } from 'chai';
import { api } from '../../shared/api/index.ts';
import type { IdentityProvider } from '../../shared/api/identity-providers.ts';
import { loginByBrowser, loginUrl, newBrowser, newCliSide, type Browser, type CliSide, type Visited } from '../support/browser.ts';
import { startScriptedProvider, type ScriptedProvider } from '../support/scripted-provider.ts';
import { startServer, type RunningServer } from '../support/server.ts';
import { waitFor } from '../support/wait-for.ts';

export interface FederationStage {
  readonly server: RunningServer;
  readonly evil: ScriptedProvider;
  readonly acme: IdentityProvider;
  stop(): Promise<void>;
}

export async function federationStage(
  settings: Partial<{ groupsClaim: string; createUsers: boolean; linkUsers: boolean }> = {},
  main?: string,
): Promise<FederationStage> {
  const server = await startServer(main === undefined ? {} : { main });
  const evil = await startScriptedProvider();
  const acme = await connect(server, evil, 'acme', settings);
  return {
    server,
    evil,
    acme,
    stop: async () => {
      await server.stop();
      await evil.stop();
    },
  };
}

export const connect = async (
  server: RunningServer,
  provider: Pick<ScriptedProvider, 'issuer' | 'clientId' | 'clientSecret'>,
  name: string,
  settings: Partial<{ groupsClaim: string; createUsers: boolean; linkUsers: boolean; emailDomains: string[] }> = {},
): Promise<IdentityProvider> => {
  const admin = await server.admin();
  const { issuer, clientId, clientSecret } = provider;
  return admin(api.identityProviders.create, {
    body: { name, kind: 'oidc', issuer, clientId, clientSecret, emailDomains: ['example.com'], ...settings },
  });
};

/** Somebody who is logged in, with a refresh token by which the provider can be asked anew. */
export async function loginWithRefresh({ server, evil }: FederationStage) {
  const { script } = evil;
  evil.script = { ...script, tokens: (answer) => ({ ...answer, refresh_token: `refresh-${(refreshTokens += 1)}` }) };
  const opened = await loginByBrowser(server, 'acme');
  evil.script = script;
  return opened;
}
let refreshTokens = 0;

/** Asks the provider anew about everybody, and waits until it has answered. */
export async function askAnew({ server, evil, acme }: FederationStage): Promise<void> {
  const admin = await server.admin();
  const before = evil.seen.token.length;
  const { accounts } = await admin(api.identityProviders.sync, { params: { id: acme.id } });
  await waitFor(() => evil.seen.token.length >= before + accounts, { within: 10, what: 'the provider to be asked' });
  // What it said is taken, or not, before the next question may be asked.
  const database = new Sqlite(server.databaseFile, { readonly: true });
  const claimed = database.prepare('SELECT count(*) FROM refresh_tokens WHERE claimed_until IS NOT NULL').pluck();
  await waitFor(() => claimed.get() === 0, { within: 10, what: 'the answers to be dealt with' });
  database.close();
}

export interface Attempt {
  readonly cli: CliSide;
  readonly browser: Browser;
  readonly end: Visited;
  readonly answer: URLSearchParams;
}
/** Opens the link and goes on until it ends, at the loopback address or at a page. */
export async function attempt(server: RunningServer, provider = 'acme'): Promise<Attempt> {
  const cli = newCliSide();
  const browser = newBrowser(server);
  const end = await browser.walk(loginUrl(server, cli, provider));
  return { cli, browser, end, answer: new URL(end.url).searchParams };
}

/** Up to the callback, which is not opened. */
export async function untilCallback(server: RunningServer, provider = 'acme', browser = newBrowser(server)) {
  const cli = newCliSide();
  const { url: callback } = await browser.walk(loginUrl(server, cli, provider), (url) => url.includes('/login/callback/'));
  return { cli, browser, callback };
}

export function expectRefusal({ answer, end }: Pick<Attempt, 'answer' | 'end'>, code: string): void {
  expect(answer.get('error'), `${end.url} ${end.body}`).to.equal(code);
  expect(answer.get('code'), 'no code beside it').to.equal(null);
}
