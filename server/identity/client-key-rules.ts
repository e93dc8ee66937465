/** By which key we may be known at a provider instead of by a shared secret (OpenID Connect Core §9, `private_key_jwt`). */
import type { ProviderKind } from '../../shared/api/identity-providers.ts';

export const clientKeyAlgorithms = ['ES256', 'PS256', 'RS256'] as const;
export type ClientKeyAlgorithm = (typeof clientKeyAlgorithms)[number];

/** The public part, as JWK (RFC 7517). */
export interface ClientKey {
  readonly kid: string;
  readonly alg: ClientKeyAlgorithm;
  readonly kty: string;
  /** Base64 DER of a certificate that we made for it, for providers that know keys by those. */
  readonly x5c?: readonly [string];
  readonly [member: string]: unknown;
}

/** What a discovery document says of it (RFC 8414 §2). */
export interface TokenEndpointMetadata {
  readonly token_endpoint_auth_methods_supported?: readonly string[];
  readonly token_endpoint_auth_signing_alg_values_supported?: readonly string[];
}

/** The algorithm for a new key, or why there can be none. */
export function chooseClientKey(
  kind: ProviderKind,
  { token_endpoint_auth_methods_supported: methods, token_endpoint_auth_signing_alg_values_supported: named }: TokenEndpointMetadata,
): ClientKeyAlgorithm | { readonly fault: string } {
  if (methods?.includes('private_key_jwt') !== true)
    return { fault: 'cannot be private-key here: the provider does not offer private_key_jwt; give a client secret' };
  // Entra names none in its discovery document; its documentation asks for PS256 with a certificate.
  if (kind === 'azure') return 'PS256';
  if (named === undefined) return 'RS256';
  return (
    clientKeyAlgorithms.find((algorithm) => named.includes(algorithm)) ?? {
      fault: `cannot be private-key here: the provider takes none of ${clientKeyAlgorithms.join(', ')}; give a client secret`,
    }
  );
}

/** Whether a provider knows a key by its certificate, which an admin uploads there, and not by our published key set. */
export const needsCertificate = (kind: ProviderKind): boolean => kind === 'azure';
/** These two document the token endpoint as the audience of an assertion; everybody else takes the issuer (RFC 7523 §3, as revised). */
export const assertionAudience = (kind: ProviderKind): 'issuer' | 'token-endpoint' =>
  kind === 'azure' || kind === 'okta' ? 'token-endpoint' : 'issuer';
