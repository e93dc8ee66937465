/** Passkeys of people as the page behind a link uses them, without a browser. */
import { api } from '../../shared/api/index.ts';
import type { ProofPurpose } from '../../shared/api/passkeys.ts';
import { problemSchema } from '../../shared/api/problem.ts';
import type { SecondFactorId } from '../../shared/api/values.ts';
import { ApiError, type Call } from '../../shared/client.ts';
import type { RunningServer } from './server.ts';
import { type BrowserOptions, type Lies, type SoftwareAuthenticator, softwareAuthenticator } from './software-authenticator.ts';

export const tokenIn = (url: string): string => new URL(url).hash.slice(1);

/** As a page of this origin sends it. Throws what the server says of it. */
export async function ask(server: RunningServer, path: string, body: unknown, origin = server.url): Promise<unknown> {
  const headers = { 'content-type': 'application/json', origin };
  const response = await server.request(path, { method: 'POST', headers, body: JSON.stringify(body) });
  const text = await response.text();
  if (!response.ok) throw new ApiError(problemSchema.parse(JSON.parse(text)));
  return text === '' ? undefined : JSON.parse(text);
}

export interface OpenedLink {
  readonly step: string;
  readonly options: BrowserOptions;
}

export const openLink = async (server: RunningServer, url: string): Promise<OpenedLink> =>
  // The server's own schema made it.
  (await ask(server, api.passkeys.open.path, { token: tokenIn(url) })) as OpenedLink;

export const finishLink = async (server: RunningServer, url: string, credential: unknown): Promise<void> =>
  void (await ask(server, api.passkeys.finish.path, { token: tokenIn(url), credential }));

/** What the page does: asks, has the authenticator answer, and brings that. */
export async function useLink(server: RunningServer, url: string, authenticator: SoftwareAuthenticator, lies: Lies = {}): Promise<void> {
  const { step, options } = await openLink(server, url);
  const credential = step === 'create' ? authenticator.create(options, server.url, lies) : authenticator.get(options, server.url, lies);
  await finishLink(server, url, credential);
}

export interface AddedPasskey {
  readonly id: SecondFactorId;
  readonly authenticator: SoftwareAuthenticator;
  readonly recoveryCodes: readonly string[];
}

/** In a session that was just opened, or with a proof of what there is. */
export async function addPasskey(
  server: RunningServer,
  call: Call,
  wish: {
    readonly name?: string;
    readonly code?: string;
    readonly authenticator?: SoftwareAuthenticator;
    readonly lies?: Lies;
  } = {},
): Promise<AddedPasskey> {
  const { authenticator = softwareAuthenticator(), lies, ...body } = wish;
  const link = await call(api.passkeys.begin, { body });
  await useLink(server, link.url, authenticator, lies);
  const { secondFactor, recoveryCodes } = await call(api.passkeys.confirm, { params: { id: link.id } });
  return { id: secondFactor.id, authenticator, recoveryCodes };
}

/** Something to send in place of a code. */
export async function passkeyProof(
  server: RunningServer,
  call: Call,
  {
    authenticator,
    purpose = 'verify',
    lies,
  }: { readonly authenticator: SoftwareAuthenticator; readonly purpose?: ProofPurpose; readonly lies?: Lies },
): Promise<string> {
  const { url, proof } = await call(api.passkeys.ask, { body: { purpose } });
  await useLink(server, url, authenticator, lies);
  return proof;
}
