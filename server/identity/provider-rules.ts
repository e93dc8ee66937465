/** What an identity provider must be to be trusted with logins: its address and its discovery document. */

import type { TokenEndpointMetadata } from './client-key-rules.ts';

/** Signatures that only the provider can make; with `none` or HS… our own client secret, or nothing, would be enough. */
export const asymmetricAlgorithms: readonly string[] = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];

const loopbackHosts = ['127.0.0.1', '[::1]', 'localhost'];
export const isLoopbackHttp = (address: string): boolean => {
  const url = URL.parse(address);
  return url?.protocol === 'http:' && loopbackHosts.includes(url.hostname);
};

/** Why an address cannot be an issuer, or undefined. http counts on this machine alone, where nobody is in between. */
export function issuerFault(issuer: string): string | undefined {
  const url = URL.parse(issuer);
  if (url === null) return 'is no URL';
  if (url.protocol !== 'https:' && !isLoopbackHttp(issuer)) return 'must begin with https://';
  if (url.username !== '' || url.password !== '') return 'must hold no user name or password';
  // OpenID Connect Discovery §2: no query, no fragment.
  return url.search !== '' || url.hash !== '' || issuer.includes('?') || issuer.includes('#')
    ? 'must have no query and no fragment'
    : undefined;
}

/** What we read of a discovery document (OpenID Connect Discovery §3); nothing of it is believed yet. */
export interface DiscoveredMetadata extends TokenEndpointMetadata {
  readonly issuer: string;
  readonly authorization_endpoint?: string;
  readonly token_endpoint?: string;
  readonly jwks_uri?: string;
  readonly response_types_supported?: readonly string[];
  readonly code_challenge_methods_supported?: readonly string[];
  readonly id_token_signing_alg_values_supported?: readonly string[];
}

/** Why a discovery document cannot be used for this issuer, or undefined. */
export function metadataFault(metadata: DiscoveredMetadata, asked: string): string | undefined {
  const { issuer } = metadata;
  if (/[{}]/.test(issuer))
    return 'it serves many tenants under one address (its issuer is a template); give the address of your own tenant';
  if (new URL(issuer).href !== new URL(asked).href)
    return 'it says that its issuer is another one; give the issuer exactly as the provider writes it';
  for (const endpoint of ['authorization_endpoint', 'token_endpoint', 'jwks_uri'] as const) {
    const address = metadata[endpoint];
    if (address === undefined) return `its discovery document names no ${endpoint}`;
    if (!isSafeEndpoint(address, asked)) return `its ${endpoint} is not at https://`;
  }
  if (metadata.response_types_supported?.includes('code') === false)
    return 'it does not offer the authorization code flow (response type "code")';
  if (metadata.code_challenge_methods_supported?.includes('S256') === false) return 'it does not take PKCE with S256';
  return acceptedAlgorithms(metadata).length === 0
    ? 'it signs ID tokens with no algorithm that is accepted here (RS, PS, ES, EdDSA)'
    : undefined;
}

/** Those of its algorithms that are accepted; RS256 when it names none (OpenID Connect Core §3.1.3.7). */
export const acceptedAlgorithms = ({ id_token_signing_alg_values_supported: named }: DiscoveredMetadata): readonly string[] =>
  named === undefined ? ['RS256'] : named.filter((algorithm) => asymmetricAlgorithms.includes(algorithm));

export function isSafeEndpoint(address: string, issuer: string): boolean {
  return URL.parse(address)?.protocol === 'https:' || (isLoopbackHttp(address) && isLoopbackHttp(issuer));
}
