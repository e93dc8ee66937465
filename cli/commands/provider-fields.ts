import type { IdentityProvider } from '../../shared/api/identity-providers.ts';
import type { CommandContext } from '../command.ts';

/** One identity provider as a command's result. */
export function showProvider({ output }: CommandContext, provider: IdentityProvider): void {
  output.show(provider, [
    ['name', provider.name],
    ['id', provider.id],
    ['kind', provider.kind],
    ['status', provider.status],
    ['issuer', provider.issuer],
    ['client id', provider.clientId],
    ['redirect URI', provider.redirectUri],
    ['email domains', provider.emailDomains.join(', ')],
    ['scopes', provider.scopes.join(' ')],
    ...groupsRows(provider),
    ['unknown people', provider.createUsers ? 'become users at their first login' : 'are refused until an admin adds them'],
    ['users with another way in', provider.linkUsers ? 'may come in with this one too' : 'may not come in with this one'],
    ['created', provider.createdAt],
    ['updated', provider.updatedAt],
  ]);
}

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
