/** An OpenID provider of the real protocol (oidc-provider) in this process, on http://127.0.0.1. Whoever is signed in there logs in without a form. */
import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { JWK as JoseJwk } from 'jose';
import Provider, { type Adapter, type AdapterPayload, type Configuration, type JWK } from 'oidc-provider';

export interface ProviderPerson {
  readonly email?: string;
  readonly email_verified?: unknown;
  readonly groups?: unknown;
  readonly [claim: string]: unknown;
}

export interface OidcProvider {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** By subject. */
  readonly people: Map<string, ProviderPerson>;
  /** Who sits at the provider's browser; undefined: presses "cancel". */
  signIn(subject: string | undefined): void;
  /** Somebody is not known there any more. */
  leave(subject: string): void;
  /** While it is down, connections to it break. */
  setDown(isDown: boolean): void;
  /** Refresh tokens that would still be taken. */
  liveRefreshTokens(): readonly string[];
  /** New signing keys at once; the old ones are gone. */
  rotateKeys(): void;
  /** Our client shows itself by one of these (`private_key_jwt`); undefined: by its secret. */
  knowByKeys(keys: readonly JoseJwk[] | undefined): void;
  stop(): Promise<void>;
}

const signingKey = (): JWK => ({
  // Node exports what oidc-provider reads.
  ...(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' }) as unknown as JWK),
  use: 'sig',
  alg: 'ES256',
  kid: `key-${(keys += 1)}`,
});
let keys = 0;

export async function startOidcProvider(redirectUris: readonly string[]): Promise<OidcProvider> {
  const people = new Map<string, ProviderPerson>();
  const clientSecret = 'a secret between infra and its provider';
  const left = new Set<string>();
  let isDown = false;
  let clientKeys: readonly JWK[] | undefined;
  let signedIn: string | undefined;
  let handle = (): Provider => {
    throw new Error('not yet');
  };
  const server = createServer((request, response) => {
    if (isDown) return void request.socket.destroy();
    const provider = handle();
    if (request.url?.startsWith('/interaction/') !== true) return void provider.callback()(request, response);
    const result =
      signedIn === undefined ? { error: 'access_denied', error_description: 'changed their mind' } : { login: { accountId: signedIn } };
    return void provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // A listening TCP server has such an address.
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const kept = new Map<string, AdapterPayload>();
  const make = (): Provider => quiet(new Provider(issuer, configuration({ redirectUris, clientSecret, clientKeys, people, left, kept })));
  let provider = make();
  handle = () => provider;
  return {
    issuer,
    clientId: 'infra',
    clientSecret,
    people,
    signIn: (subject) => void (signedIn = subject),
    leave: (subject) => void left.add(subject),
    setDown: (down) => void (isDown = down),
    liveRefreshTokens: () =>
      [...kept]
        .filter(([key, { consumed }]) => key.startsWith('RefreshToken:') && consumed === undefined)
        .map(([key]) => key.slice('RefreshToken:'.length)),
    rotateKeys: () => void (provider = make()),
    knowByKeys: (known) => {
      clientKeys = known;
      provider = make();
    },
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function configuration(wish: {
  readonly redirectUris: readonly string[];
  readonly clientSecret: string;
  readonly clientKeys: readonly JWK[] | undefined;
  readonly people: ReadonlyMap<string, ProviderPerson>;
  readonly left: ReadonlySet<string>;
  readonly kept: Map<string, AdapterPayload>;
}): Configuration {
  return {
    adapter: (model) => memory(wish.kept, model),
    clients: [
      {
        client_id: 'infra',
        ...(wish.clientKeys === undefined
          ? { client_secret: wish.clientSecret }
          : { token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [...wish.clientKeys] } }),
        redirect_uris: [...wish.redirectUris],
        grant_types: ['authorization_code', 'refresh_token'],
        id_token_signed_response_alg: 'ES256',
      },
    ],
    jwks: { keys: [signingKey()] },
    cookies: { keys: ['a key of the tests'] },
    // Everything stands in the ID token, as with Okta and Keycloak.
    conformIdTokenClaims: false,
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'realm_access'], groups: ['groups'] },
    scopes: ['openid', 'offline_access', 'email', 'profile', 'groups'],
    features: { devInteractions: { enabled: false }, revocation: { enabled: true, allowedPolicy: async () => true } },
    // As Keycloak and Okta do: without a page that asks the person each time.
    issueRefreshToken: async () => true,
    rotateRefreshToken: true,
    interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (_ctx, sub) =>
      wish.left.has(sub) ? undefined : { accountId: sub, claims: async () => ({ sub, ...wish.people.get(sub) }) },
    ttl: { Session: 1, Interaction: 60, Grant: 600, AccessToken: 600, IdToken: 600, AuthorizationCode: 60, RefreshToken: 600 },
    loadExistingGrant: async (ctx) => {
      const { client, session, provider } = ctx.oidc;
      const grant = new provider.Grant({ clientId: client?.clientId ?? '', accountId: session?.accountId ?? '' });
      grant.addOIDCScope('openid offline_access email profile groups');
      await grant.save();
      return grant;
    },
  };
}

/** What outlives a change of keys, as in a real provider. */
function memory(kept: Map<string, AdapterPayload>, model: string): Adapter {
  const find = async (id: string): Promise<AdapterPayload | undefined> => kept.get(`${model}:${id}`);
  const whose = async (matches: (payload: AdapterPayload) => boolean): Promise<AdapterPayload | undefined> =>
    [...kept].find(([key, payload]) => key.startsWith(`${model}:`) && matches(payload))?.[1];
  return {
    find,
    upsert: async (id, payload) => void kept.set(`${model}:${id}`, payload),
    findByUid: async (uid) => whose((payload) => payload.uid === uid),
    findByUserCode: async (userCode) => whose((payload) => payload.userCode === userCode),
    consume: async (id) => {
      const found = await find(id);
      if (found !== undefined) found.consumed = Math.floor(Date.now() / 1000);
    },
    destroy: async (id) => void kept.delete(`${model}:${id}`),
    revokeByGrantId: async (grantId) => {
      for (const [key, { grantId: of }] of kept) if (of === grantId) kept.delete(key);
    },
  };
}

function quiet(provider: Provider): Provider {
  provider.on('server_error', (_ctx, error) => process.stderr.write(`${error.stack ?? error.message}\n`));
  return provider;
}
