/**
 * One login at a provider, by passport with openid-client's strategy: the door to both. Takes and gives values; knows nothing of HTTP, users or
 * sessions. Each step has a strategy of its own: passport hangs the outcome of a request on the strategy it is handed, so two logins on one
 * would answer each other.
 */
import type { webcrypto } from 'node:crypto';
import {
  allowInsecureRequests,
  buildEndSessionUrl,
  clientCredentialsGrant,
  clockTolerance,
  ClientSecretBasic,
  ClientSecretPost,
  Configuration,
  customFetch,
  enableNonRepudiationChecks,
  genericGrantRequest,
  modifyAssertion,
  PrivateKeyJwt,
  randomNonce,
  randomState,
  refreshTokenGrant,
  ResponseBodyError,
  tokenRevocation,
  type ClientAuth,
  type ServerMetadata,
} from 'openid-client';
import { Strategy } from 'openid-client/passport';
import passport from 'passport';
import { acceptedAlgorithms, isLoopbackHttp, isSafeEndpoint } from '../identity/provider-rules.ts';
import { boundedFetch, requestSeconds } from './openid-fetch.ts';

/** By which the provider knows that we are its client. */
export type ClientCredential =
  | { readonly kind: 'secret'; readonly secret: string }
  | {
      readonly kind: 'key';
      readonly key: webcrypto.CryptoKey;
      readonly kid: string;
      readonly audience: 'issuer' | 'token-endpoint';
      /** SHA-256 of our certificate, base64url (RFC 7515 §4.1.8), for providers that know the key by it. */
      readonly thumbprint: string | undefined;
    };

/** We as a client of one provider. */
export interface OpenIdClient {
  readonly metadata: ServerMetadata;
  readonly clientId: string;
  readonly credential: ClientCredential;
  readonly redirectUri: string;
  readonly scopes: readonly string[];
}

/** What has to be the same when the person comes back. */
export interface LoginChecks {
  readonly state: string;
  readonly nonce: string;
  readonly code_verifier: string;
}

/** Claims of an ID token whose signature, issuer, audience, times and nonce hold. */
export type IdTokenClaims = Readonly<Record<string, unknown>> & { readonly sub: string };

/** What a login brought. */
export interface ProviderAnswer {
  readonly claims: IdTokenClaims;
  /** As it came; the hint by which the provider knows what a logout is about. */
  readonly idToken: string;
  /** To ask anew by. */
  readonly refreshToken: string | undefined;
}

/** Clocks of servers differ; more than this is a clock to be mended. */
export const clockToleranceSeconds = 60;

/** Where to send the person, with these parameters besides, and what to keep until they come back. */
export async function beginLogin(
  client: OpenIdClient,
  parameters: Readonly<Record<string, string>>,
): Promise<{ readonly redirectTo: string; readonly checks: LoginChecks }> {
  const session: PassportSession = {};
  const outcome = await run(client, { parameters }, session);
  if (!('redirectTo' in outcome) || session.login === undefined) throw new Error('a login at a provider did not begin with a redirect');
  // Not `max_age`: when the person was asked is judged by `auth_time` where it matters, and lingering on a page of consent is no fault.
  const { state, nonce, code_verifier } = session.login;
  return { redirectTo: outcome.redirectTo, checks: { state, nonce, code_verifier } };
}

/** The person said no, or was not let on by the provider. */
export class LoginDeniedError extends Error {}

/** Exchanges what came back. Throws `LoginDeniedError`, or whatever of the protocol does not hold. */
export async function finishLogin(client: OpenIdClient, checks: LoginChecks, returned: URLSearchParams): Promise<ProviderAnswer> {
  const outcome = await run(client, { returned }, { login: checks });
  if ('denied' in outcome) throw new LoginDeniedError('the provider answered access_denied');
  if (!('claims' in outcome)) throw new Error('a login at a provider began again instead of ending');
  return outcome;
}

/** The provider lets this login go on no longer (RFC 6749 §5.2, `invalid_grant`). */
export class LoginOverError extends Error {}

/**
 * Asks anew about a login. Claims are there when the provider made a new ID token, which it need not (OpenID Connect Core §12.2).
 * @param rotated hears of a token that takes the place of this one, as soon as it is there: a provider may void the old one by then, whether or
 * not the rest of its answer holds, or its keys can be had.
 */
export async function refreshLogin(
  client: OpenIdClient,
  refreshToken: string,
  rotated: (refreshToken: string) => void,
): Promise<IdTokenClaims | undefined> {
  const configuration = configure(client);
  configuration[customFetch] = async (url, options) => {
    const response = await boundedFetch(url, options);
    if (url === client.metadata.token_endpoint) await readRotated(response.clone(), rotated);
    return response;
  };
  try {
    return (await refreshTokenGrant(configuration, refreshToken)).claims();
  } catch (error) {
    if (error instanceof ResponseBodyError && error.error === 'invalid_grant')
      throw new LoginOverError('the provider answered invalid_grant');
    throw error;
  }
}

async function readRotated(response: Response, rotated: (refreshToken: string) => void): Promise<void> {
  const answer: unknown = response.ok ? await response.json().catch(() => undefined) : undefined;
  if (typeof answer === 'object' && answer !== null && 'refresh_token' in answer && typeof answer.refresh_token === 'string')
    rotated(answer.refresh_token);
}

/** RFC 7009; false: the provider does not offer it. */
export async function revokeToken(client: OpenIdClient, refreshToken: string): Promise<boolean> {
  if (client.metadata.revocation_endpoint === undefined) return false;
  await tokenRevocation(configure(client), refreshToken, { token_type_hint: 'refresh_token' });
  return true;
}

export const offersLogout = ({ metadata }: OpenIdClient): boolean =>
  metadata.end_session_endpoint !== undefined && isSafeEndpoint(metadata.end_session_endpoint, metadata.issuer);

/** Where a browser ends its session at the provider (OpenID Connect RP-Initiated Logout §2). */
export const logoutUrl = (client: OpenIdClient, idToken: string, backTo: string): string =>
  buildEndSessionUrl(configure(client), { id_token_hint: idToken, post_logout_redirect_uri: backTo }).href;

/** A token in our own name (RFC 6749 §4.4); undefined: we are refused one. */
export async function ownToken(client: OpenIdClient, scope: string): Promise<string | undefined> {
  try {
    return (await clientCredentialsGrant(configure(client), { scope })).access_token;
  } catch (error) {
    if (isRefusal(error)) return undefined;
    throw error;
  }
}

/** Whether the provider knows us by this secret: a code that is none must be refused for itself, not for who shows it. */
export async function tryClient(client: OpenIdClient): Promise<'ok' | 'refused' | 'unclear'> {
  try {
    await genericGrantRequest(configure(client), 'authorization_code', {
      code: 'infra-providers-test',
      redirect_uri: client.redirectUri,
      code_verifier: 'infra-providers-test-infra-providers-test-0',
    });
    return 'unclear';
  } catch (error) {
    if (error instanceof ResponseBodyError && error.error === 'invalid_grant') return 'ok';
    return isRefusal(error) ? 'refused' : 'unclear';
  }
}

const isRefusal = (error: unknown): boolean =>
  error instanceof ResponseBodyError
    ? ['invalid_client', 'unauthorized_client'].includes(error.error)
    : error instanceof Error && 'status' in error && error.status === 401;

/** A new one each time: keys are fetched for each login, so a provider's new key is known as soon as it signs. */
function configure({ metadata, clientId, credential }: OpenIdClient): Configuration {
  const configuration = new Configuration(
    { ...metadata, id_token_signing_alg_values_supported: [...acceptedAlgorithms(metadata)] },
    clientId,
    { [clockTolerance]: clockToleranceSeconds },
    authentication(metadata, credential),
  );
  configuration.timeout = requestSeconds;
  configuration[customFetch] = boundedFetch;
  // Without this the library trusts TLS to the token endpoint and leaves the signature unread.
  enableNonRepudiationChecks(configuration);
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- see openid-discovery.ts
  if (isLoopbackHttp(metadata.issuer)) allowInsecureRequests(configuration);
  return configuration;
}

function authentication(metadata: ServerMetadata, credential: ClientCredential): ClientAuth {
  if (credential.kind === 'secret') {
    const methods = metadata.token_endpoint_auth_methods_supported ?? ['client_secret_basic'];
    return methods.includes('client_secret_basic') ? ClientSecretBasic(credential.secret) : ClientSecretPost(credential.secret);
  }
  const { key, kid, audience, thumbprint } = credential;
  return PrivateKeyJwt(
    { key, kid },
    {
      [modifyAssertion]: (header, payload) => {
        if (audience === 'token-endpoint' && metadata.token_endpoint !== undefined) payload['aud'] = metadata.token_endpoint;
        if (thumbprint !== undefined) header['x5t#S256'] = thumbprint;
      },
    },
  );
}

type PassportSession = { login?: LoginChecks };
type Outcome = { readonly redirectTo: string } | ProviderAnswer | { readonly denied: true };

/** `returned`: the query that came back; `parameters`: to begin. */
type Step = { readonly returned: URLSearchParams } | { readonly parameters: Readonly<Record<string, string>> };

class LoginStrategy extends Strategy {
  readonly #step: Step;
  readonly #redirectUri: string;

  constructor(client: OpenIdClient, step: Step) {
    const options = { config: configure(client), callbackURL: client.redirectUri, scope: client.scopes.join(' '), sessionKey: 'login' };
    super(
      options,
      (tokens, verified) => void verified(null, { claims: tokens.claims(), idToken: tokens.id_token, refreshToken: tokens.refresh_token }),
    );
    this.#step = step;
    this.#redirectUri = client.redirectUri;
  }

  /** State and nonce both, always: the library is content with PKCE where a provider says that it supports it. */
  override authorizationRequestParams(): URLSearchParams {
    return new URLSearchParams({
      ...('parameters' in this.#step ? this.#step.parameters : {}),
      state: randomState(),
      nonce: randomNonce(),
    });
  }
  override currentUrl(): URL {
    const query = 'returned' in this.#step ? this.#step.returned.toString() : '';
    return new URL(`${this.#redirectUri}?${query}`);
  }
  /** Ours to say: by itself it begins a new login whenever neither a code nor an error came back. */
  override shouldInitiateAuthRequest(): boolean {
    return 'parameters' in this.#step;
  }
}

async function run(client: OpenIdClient, step: Step, session: PassportSession): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const done = (error: unknown, answer: unknown): void => {
      // `false` is passport's word for a refusal; else it is what our strategy handed it.
      if (error instanceof Error) reject(error);
      else resolve(answer === false || answer === undefined ? { denied: true } : (answer as ProviderAnswer));
    };
    let redirectTo = '';
    const response = {
      setHeader: (name: string, value: string) => void (name === 'Location' && (redirectTo = value)),
      end: () => resolve({ redirectTo }),
    };
    const authenticate: unknown = passport.authenticate(new LoginStrategy(client, step), { session: false }, done);
    // Passport is typed for Express; of a request it and the strategy use the session and the method, of a response what is above.
    (authenticate as (request: object, response: object, next: (error: unknown) => void) => void)(
      { method: 'GET', session },
      response,
      reject,
    );
  });
}
