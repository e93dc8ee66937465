/** What each kind of identity provider needs and allows beyond the common settings. */
import type { ProviderKind } from '../../shared/api/identity-providers.ts';
import type { DirectorySettings } from '../../shared/api/provider-directory.ts';
import { entraIssuerFault } from './entra-rules.ts';
import { googleIssuerFault } from './google-rules.ts';

interface KindDefaults {
  readonly scopes: readonly string[];
  readonly groupsClaim: string | null;
  readonly directory: DirectorySettings | null;
}
const scopes = ['openid', 'email', 'profile'];
export const kindDefaults: Readonly<Record<ProviderKind, KindDefaults>> = {
  oidc: { scopes, groupsClaim: null, directory: null },
  okta: { scopes: [...scopes, 'groups'], groupsClaim: 'groups', directory: null },
  azure: { scopes, groupsClaim: 'groups', directory: { of: 'entra', emailClaim: 'upn', groupNames: 'ids' } },
  google: { scopes, groupsClaim: null, directory: null },
};

/** Why an address cannot be the issuer of a provider of this kind, or undefined. */
export function kindIssuerFault(kind: ProviderKind, issuer: string): string | undefined {
  switch (kind) {
    case 'azure':
      return entraIssuerFault(issuer);
    case 'google':
      return googleIssuerFault(issuer);
    case 'oidc':
    case 'okta':
      return undefined;
  }
}

export interface KindSettings {
  readonly kind: ProviderKind;
  readonly groupsClaim: string | null;
  readonly directory: DirectorySettings | null;
  readonly hasServiceAccountKey: boolean;
}
export interface SettingFault {
  readonly path: 'groupsClaim' | 'directory' | 'serviceAccountKey';
  readonly message: string;
}

/** Which setting does not go with the kind, or undefined. */
export function kindSettingFault({ kind, groupsClaim, directory, hasServiceAccountKey }: KindSettings): SettingFault | undefined {
  if (kind === 'azure' && directory?.of !== 'entra') return { path: 'directory', message: 'must be of entra for azure' };
  if (kind === 'azure' && groupsClaim !== null && groupsClaim !== 'groups')
    return { path: 'groupsClaim', message: 'must be groups or null for azure: what stands there are ids of groups' };
  if (kind === 'google' && directory !== null && directory.of !== 'google')
    return { path: 'directory', message: 'must be of google or null for google' };
  if (kind === 'google' && groupsClaim !== null)
    return { path: 'groupsClaim', message: 'must be null for google, whose ID tokens have no groups; set directory instead' };
  if (kind === 'google' && directory !== null && !hasServiceAccountKey)
    return { path: 'serviceAccountKey', message: 'is needed to read groups: the key file of a service account, whole' };
  if (kind !== 'azure' && kind !== 'google' && directory !== null) return { path: 'directory', message: 'is for azure and google alone' };
  if (kind !== 'google' && hasServiceAccountKey) return { path: 'serviceAccountKey', message: 'is for google alone' };
  return undefined;
}
