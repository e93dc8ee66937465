/** How we are known at a provider: by its secret, or by a key that is made here. */
import { DomainError } from '../../shared/api/problem.ts';
import {
  chooseClientKey,
  needsCertificate,
  type ClientKey,
  type ClientKeyAlgorithm,
  type TokenEndpointMetadata,
} from './client-key-rules.ts';
import type { Provider } from './provider-store.ts';

/** What providers need of whoever seals and makes keys. */
export interface CredentialSecrets {
  sealClientSecret(providerId: string, clientSecret: string): string;
  newClientKey(
    providerId: string,
    wish: { readonly algorithm: ClientKeyAlgorithm; readonly certified: boolean },
  ): Promise<{ readonly sealed: string; readonly publicKey: ClientKey }>;
}
export interface CredentialWish {
  readonly clientAuthentication?: 'secret' | 'private-key' | undefined;
  readonly clientSecret?: string | undefined;
}
export interface Credential {
  readonly sealed: string;
  readonly clientKey: ClientKey | null;
}

/** Undefined: what is there stays. `present`: what is there; undefined for a new provider. Throws `request.invalid`. */
export async function newCredential(
  secrets: CredentialSecrets,
  provider: Pick<Provider, 'id' | 'kind'> & {
    readonly present?: Pick<Provider, 'clientKey'>;
    readonly metadata: () => Promise<TokenEndpointMetadata>;
  },
  { clientAuthentication, clientSecret }: CredentialWish,
): Promise<Credential | undefined> {
  const { id, kind, present } = provider;
  if (clientAuthentication === 'private-key') {
    if (clientSecret !== undefined) throw fault('clientSecret', 'must be left out with clientAuthentication private-key');
    const algorithm = chooseClientKey(kind, await provider.metadata());
    if (typeof algorithm !== 'string') throw fault('clientAuthentication', algorithm.fault);
    const { sealed, publicKey } = await secrets.newClientKey(id, { algorithm, certified: needsCertificate(kind) });
    return { sealed, clientKey: publicKey };
  }
  const hasKey = present !== undefined && present.clientKey !== null;
  if (clientSecret === undefined) {
    if (present === undefined || (hasKey && clientAuthentication === 'secret'))
      throw fault('clientSecret', 'is needed, unless clientAuthentication is private-key');
    return undefined;
  }
  if (hasKey && clientAuthentication === undefined)
    throw fault('clientSecret', 'would not be used, as infra is known there by a key; name clientAuthentication secret as well');
  return { sealed: secrets.sealClientSecret(id, clientSecret), clientKey: null };
}

const fault = (field: string, message: string): DomainError =>
  new DomainError('request.invalid', `${field} ${message}.`, { fields: [{ path: `body.${field}`, message }] });
