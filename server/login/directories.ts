/** The directories of connected providers, ready to be asked: opens what is sealed, and says where each is. */
import { DomainError } from '../../shared/api/problem.ts';
import type { Sealing } from '../authority/sealing.ts';
import { graphBaseOf } from '../identity/entra-rules.ts';
import { googleApisOf } from '../identity/google-rules.ts';
import type { Provider, ProviderStore } from '../identity/provider-store.ts';
import { DirectoryError } from './directory-request.ts';
import { googleScopes, type GoogleAccess } from './google-directory.ts';
import { graphRemedy, type GraphAccess } from './graph-directory.ts';
import { whyUnreachable } from './openid-fetch.ts';
import { ownToken } from './openid-login.ts';
import type { ProviderLogins } from './provider-logins.ts';
import { delegatedToken, readServiceAccount } from './service-account.ts';

export interface DirectoriesOptions {
  readonly providers: Pick<ProviderStore, 'sealedServiceAccountKey'>;
  readonly logins: Pick<ProviderLogins, 'client'>;
  readonly sealing: Sealing;
  readonly now: () => number;
}
export type Directories = ReturnType<typeof createDirectories>;

export const serviceAccountKeyPurpose = (providerId: string): string => `identity-provider:${providerId}:service-account-key`;

export function createDirectories({ providers, logins, sealing, now }: DirectoriesOptions) {
  const clientOf = async (provider: Provider) => asDirectory(async () => logins.client(provider));
  return {
    /** Undefined: the issuer has no Graph, because it is not Entra's. */
    graphOf: (provider: Provider): GraphAccess | undefined => {
      const base = graphBaseOf(provider.issuer);
      if (provider.directory?.of !== 'entra' || base === undefined) return undefined;
      return { base, now, token: async () => graphToken(await clientOf(provider), base) };
    },

    /** Undefined: groups are not read. */
    googleOf: (provider: Provider): GoogleAccess | undefined => {
      const { directory } = provider;
      if (directory?.of !== 'google') return undefined;
      const { groupsFrom, delegatedAdmin } = directory;
      const token = async (): Promise<string> => {
        const sealed = await providers.sealedServiceAccountKey(provider.id);
        if (sealed === undefined) throw new DirectoryError('refused', 'There is no key of a service account to ask with.');
        const { metadata } = await clientOf(provider);
        return delegatedToken({
          account: readServiceAccount(sealing.open(sealed, serviceAccountKeyPurpose(provider.id)).toString('utf8')),
          // A discovery document without one was refused.
          tokenEndpoint: metadata.token_endpoint ?? '',
          delegatedAdmin,
          scope: googleScopes[groupsFrom],
          now,
        });
      };
      return { groupsFrom, apis: googleApisOf(provider.issuer), token, isOwn: isOwnGroup(provider), now };
    },
  };
}

/** Other organizations may make our people members of their groups, under any name. */
export const isOwnGroup =
  ({ emailDomains }: Pick<Provider, 'emailDomains'>) =>
  (email: string): boolean =>
    emailDomains.includes(email.slice(email.lastIndexOf('@') + 1));

async function graphToken(client: Awaited<ReturnType<ProviderLogins['client']>>, base: string): Promise<string> {
  const token = await asDirectory(async () => ownToken(client, `${base}/.default`));
  if (token === undefined) throw new DirectoryError('refused', `Entra gives our application no token for Microsoft Graph. ${graphRemedy}`);
  return token;
}

async function asDirectory<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof DomainError) throw new DirectoryError('away', error.message);
    throw new DirectoryError('away', `The token endpoint cannot be used: ${whyUnreachable(error) ?? 'its answer does not hold'}.`);
  }
}
