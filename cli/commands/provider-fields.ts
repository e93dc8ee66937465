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
    ['groups claim', provider.groupsClaim ?? 'groups are not read'],
    ['unknown people', provider.createUsers ? 'become users at their first login' : 'are refused until an admin adds them'],
    ['users with another way in', provider.linkUsers ? 'may come in with this one too' : 'may not come in with this one'],
    ['created', provider.createdAt],
    ['updated', provider.updatedAt],
  ]);
}
