/** What each kind of identity provider is called, and what is to be done there; docs/operate.md says the same at length. */
import type { ProviderKind } from '../../../../shared/api/identity-providers.ts';

export const kindWords: Readonly<Record<ProviderKind, string>> = {
  okta: 'Okta',
  azure: 'Microsoft Entra ID',
  google: 'Google',
  oidc: 'OpenID Connect',
};

export interface Guide {
  /** What to make there, in order. */
  readonly steps: readonly string[];
  readonly issuerHint: string;
  readonly clientHint: string;
  /** What gives groups; empty: nothing more than what is above. */
  readonly groups: readonly string[];
  readonly sync: string;
}

export const guides: Readonly<Record<ProviderKind, Guide>> = {
  okta: {
    steps: [
      'In the Okta admin console: Applications, Create App Integration, OIDC, Web Application.',
      'Grant types: Authorization Code and Refresh Token.',
      'Sign-in redirect URI: the redirect URI below, exactly so.',
      'Assign the people and groups that may log in.',
    ],
    issuerHint: 'Of your organization, such as https://example.okta.com.',
    clientHint: 'On the application’s page, General, Client Credentials.',
    groups: ['Sign On, OpenID Connect ID Token: a groups claim filter with the name groups.'],
    sync: 'Needs the grant type Refresh Token at the application.',
  },
  azure: {
    steps: [
      'In the Entra admin center: App registrations, New registration, for accounts in this directory only.',
      'Redirect URI, platform Web: the redirect URI below, exactly so.',
      'Certificates & secrets: a client secret, or the certificate of infra’s key.',
      'Token configuration: Add optional claim, ID, upn.',
    ],
    issuerHint: 'The id of your tenant: Entra admin center, Overview.',
    clientHint: 'On the registration’s page: Application (client) ID.',
    groups: [
      'Token configuration: Add groups claim, Security groups, ID, Group ID.',
      'API permissions: Microsoft Graph, Application permissions, GroupMember.Read.All, Grant admin consent.',
    ],
    sync: 'Guests do not get in. Microsoft gives refresh tokens by itself.',
  },
  google: {
    steps: [
      'In the Google Cloud console: APIs & Services, Credentials, Create OAuth client ID, Web application.',
      'Authorized redirect URI: the redirect URI below, exactly so.',
      'The consent screen is Internal, so that only your organization’s people get in.',
    ],
    issuerHint: 'The same for everybody: https://accounts.google.com.',
    clientHint: 'Ends with .apps.googleusercontent.com.',
    groups: [
      'A service account with a JSON key, and the Admin SDK API (or the Cloud Identity API) enabled in its project.',
      'In the Admin console: Security, API controls, Domain-wide delegation: its client ID with the scope https://www.googleapis.com/auth/admin.directory.group.readonly (or …/cloud-identity.groups.readonly).',
    ],
    sync: 'People are asked once for their consent, for the refresh token.',
  },
  oidc: {
    steps: [
      'A confidential client for the web with the authorization code flow.',
      'Redirect URI: the one below, exactly so.',
      'The ID token must tell a verified email.',
    ],
    issuerHint: 'As it stands in the discovery document, such as https://id.example.com/realms/staff.',
    clientHint: 'As the client is called there.',
    groups: ['A mapper that puts the names of groups into the ID token. Keycloak: Group Membership, Full group path off.'],
    sync: 'Needs refresh tokens: Keycloak gives them for offline_access.',
  },
};

export const clouds = [
  { value: 'login.microsoftonline.com', text: 'Global' },
  { value: 'login.microsoftonline.us', text: 'US government' },
  { value: 'login.partner.microsoftonline.cn', text: 'China' },
] as const;
export type Cloud = (typeof clouds)[number]['value'];
