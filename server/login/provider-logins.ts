/** Logins at the providers we know: opens their secrets, speaks the protocol, and says in our words what did not hold. */
import { createHash } from 'node:crypto';
import { DomainError } from '../../shared/api/problem.ts';
import type { Logger } from '../../shared/node/logger.ts';
import type { Sealing } from '../authority/sealing.ts';
import { assertionAudience } from '../identity/client-key-rules.ts';
import type { Provider, ProviderStore } from '../identity/provider-store.ts';
import { requestParameters, type LoginWish } from './authorization-request-rules.ts';
import { openClientKey } from './client-keys.ts';
import type { OpenIdDiscovery } from './openid-discovery.ts';
import { whyUnreachable } from './openid-fetch.ts';
import {
  beginLogin,
  finishLogin,
  LoginDeniedError,
  type ClientCredential,
  type LoginChecks,
  type OpenIdClient,
  type ProviderAnswer,
} from './openid-login.ts';

export interface ProviderLogins {
  /** `id`: of the login that keeps `sealedChecks`. */
  begin(
    provider: Provider,
    id: string,
    wish: LoginWish,
  ): Promise<{ readonly redirectTo: string; readonly state: string; readonly sealedChecks: string }>;
  /** Claims that hold; throws `login.denied`, `login.provider-failed` or `provider.*`. */
  finish(
    provider: Provider,
    login: { readonly id: string; readonly sealedChecks: string },
    returned: URLSearchParams,
  ): Promise<FinishedLogin>;
  client(provider: Provider): Promise<OpenIdClient>;
}

export interface FinishedLogin extends ProviderAnswer {
  readonly wasConsentAsked: boolean;
}

export interface ProviderLoginsOptions {
  readonly providers: Pick<ProviderStore, 'sealedClientSecret'>;
  readonly discovery: OpenIdDiscovery;
  readonly sealing: Sealing;
  readonly redirectUriOf: (name: string) => string;
  readonly logger: Logger;
}

export const clientSecretPurpose = (providerId: string): string => `identity-provider:${providerId}:client-secret`;
interface KeptChecks extends LoginChecks {
  readonly wasConsentAsked: boolean;
}
const checksPurpose = (loginId: string): string => `browser-login:${loginId}`;

export function createProviderLogins({ providers, discovery, sealing, redirectUriOf, logger }: ProviderLoginsOptions): ProviderLogins {
  const client: ProviderLogins['client'] = async (provider) => {
    const sealed = await providers.sealedClientSecret(provider.id);
    if (sealed === undefined) throw new DomainError('provider.not-found', `The identity provider ${provider.name} is not there any more.`);
    const metadata = await discovery.read(provider.issuer);
    // Exactly the issuer it was connected with: subjects are known by it.
    if (metadata.issuer !== provider.issuer) throw failed(provider, 'its issuer is another one than when it was connected');
    return {
      metadata,
      clientId: provider.clientId,
      credential: await credentialOf(sealing, provider, sealed),
      redirectUri: redirectUriOf(provider.name),
      scopes: asksForRefresh(provider, metadata) ? [...provider.scopes, offlineAccess] : provider.scopes,
    };
  };
  return {
    client,
    begin: async (provider, id, wish) => {
      const { redirectTo, checks } = await beginLogin(await client(provider), requestParameters(provider, wish));
      const kept: KeptChecks = { ...checks, wasConsentAsked: wish.asksConsent };
      return { redirectTo, state: checks.state, sealedChecks: sealing.seal(Buffer.from(JSON.stringify(kept)), checksPurpose(id)) };
    },
    finish: async (provider, login, returned) => {
      // What we sealed is what we open.
      const kept = JSON.parse(sealing.open(login.sealedChecks, checksPurpose(login.id)).toString('utf8')) as KeptChecks;
      const { wasConsentAsked, ...checks } = kept;
      const ready = await client(provider);
      try {
        return { ...(await finishLogin(ready, checks, returned)), wasConsentAsked };
      } catch (error) {
        if (error instanceof LoginDeniedError)
          throw new DomainError(
            'login.denied',
            `${provider.name} did not let you in, or you stopped there. Log in again if that was a slip.`,
          );
        const why = whyUnreachable(error);
        if (why !== undefined)
          throw new DomainError('provider.unreachable', `${provider.name} cannot be reached: ${why}. Try again in a while.`, {
            cause: error,
          });
        if (isScopeRefused(error))
          throw failed(
            provider,
            'it does not give what was asked for (invalid_scope). Allow the scopes there, refresh tokens (offline_access) among them, or do without: infra providers update NAME --sync off',
          );
        // The reason is for whoever runs this server; it may hold what the provider wrote, so it goes nowhere else.
        logger.warn({ provider: provider.name, reason: protocolFault(error) }, 'a login at an identity provider did not hold');
        throw failed(provider, 'what it answered does not hold; the log of infra-server says which check failed', error);
      }
    },
  };
}

export const changedMeanwhile = ({ name }: Provider): DomainError =>
  new DomainError('provider.disabled', `The identity provider ${name} was closed or changed meanwhile. Log in again.`);

async function credentialOf(sealing: Sealing, { id, kind, clientKey }: Provider, sealed: string): Promise<ClientCredential> {
  if (clientKey === null) return { kind: 'secret', secret: sealing.open(sealed, clientSecretPurpose(id)).toString('utf8') };
  const { kid, alg, x5c: [certificate] = [] } = clientKey;
  return {
    kind: 'key',
    key: await openClientKey(sealing, id, sealed, alg),
    kid,
    audience: assertionAudience(kind),
    thumbprint: certificate === undefined ? undefined : createHash('sha256').update(Buffer.from(certificate, 'base64')).digest('base64url'),
  };
}

const offlineAccess = 'offline_access';

/** Asked for only where it would be heard: some providers refuse a login for a scope they do not know. */
const asksForRefresh = (provider: Provider, { scopes_supported: supported }: OpenIdClient['metadata']): boolean =>
  provider.syncMinutes !== null && !provider.scopes.includes(offlineAccess) && (supported ?? []).includes(offlineAccess);

const isScopeRefused = (error: unknown): boolean => error instanceof Error && 'error' in error && error.error === 'invalid_scope';

/** `cause`: for an admin who tries the provider; it may hold what the provider wrote, and is shown nowhere as it is. */
const failed = ({ name }: Provider, why: string, cause?: unknown): DomainError =>
  new DomainError('login.provider-failed', `The login at ${name} failed: ${why}. Ask an admin for: infra providers test ${name}`, {
    cause,
  });

/** The library's own words and codes, which name the check; never its `cause`, which holds the answer with its tokens. */
export function protocolFault(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  const code = 'code' in error && typeof error.code === 'string' ? ` (${error.code})` : '';
  const inner = error.cause instanceof Error ? `: ${error.cause.message}` : '';
  return `${error.message}${inner}${code}`.slice(0, 300);
}
