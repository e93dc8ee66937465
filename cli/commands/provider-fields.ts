import type { CallResult } from '../../shared/api/endpoint.ts';
import type { identityProviders, IdentityProvider } from '../../shared/api/identity-providers.ts';
import { counted } from '../acknowledgements.ts';
import type { CommandContext } from '../command.ts';

export type SyncState = CallResult<typeof identityProviders.syncState>;

/** One identity provider as a command's result. */
export function showProvider({ output }: CommandContext, provider: IdentityProvider, sync?: SyncState): void {
  output.show(sync === undefined ? provider : { ...provider, sync }, [
    ['name', provider.name],
    ['id', provider.id],
    ['kind', provider.kind],
    ['status', provider.status],
    ['issuer', provider.issuer],
    ['client id', provider.clientId],
    ['known there by', provider.clientKeysUri === null ? 'a secret' : `a key: ${provider.clientKeysUri}`],
    ['redirect URI', provider.redirectUri],
    ['back-channel logout URI', provider.backchannelLogoutUri],
    ['post-logout redirect URI', provider.postLogoutRedirectUri],
    ['email domains', provider.emailDomains.join(', ')],
    ['scopes', provider.scopes.join(' ')],
    ...groupsRows(provider),
    ['unknown people', provider.createUsers ? 'become users at their first login' : 'are refused until an admin adds them'],
    ['users with another way in', provider.linkUsers ? 'may come in with this one too' : 'may not come in with this one'],
    ['its second factors', provider.trustMfa ? 'count here, when its ID tokens tell of them' : 'do not count here'],
    [
      'asked anew',
      provider.syncMinutes === null ? 'only at logins' : `every ${provider.syncMinutes} minutes about people with open sessions`,
    ],
    ...(sync === undefined ? [] : syncRows(sync)),
    ['created', provider.createdAt],
    ['updated', provider.updatedAt],
  ]);
}

const syncRows = ({ accounts, failing, lastFailure, nextAt, withoutToken }: SyncState): [string, string][] => [
  ['… about', counted(accounts, 'user')],
  ...(failing === 0 ? [] : [['… failing', `${counted(failing, 'user')}: ${lastFailure ?? 'unknown'}`] satisfies [string, string]]),
  ...(withoutToken === 0
    ? []
    : [
        ['… not about', `${counted(withoutToken, 'user')}, for whom it gave no refresh token (allow offline_access there)`] satisfies [
          string,
          string,
        ],
      ]),
  ...(nextAt === null ? [] : [['… next', nextAt] satisfies [string, string]]),
];

function groupsRows({ groupsClaim, directory }: IdentityProvider): [string, string][] {
  switch (directory?.of) {
    case 'entra':
      return [
        ['emails', directory.emailClaim === 'upn' ? 'claim upn' : 'claim email, with xms_edov'],
        ['groups', groupsClaim === null ? 'not read' : `by their ${directory.groupNames}`],
      ];
    case 'google':
      return [['groups', `from ${directory.groupsFrom}, in the name of ${directory.delegatedAdmin}`]];
    case undefined:
      return [['groups claim', groupsClaim ?? 'groups are not read']];
  }
}
