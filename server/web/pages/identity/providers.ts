/** Identity providers by name: what lists are narrowed by, and where groups come from. */
import { api } from '../../../../shared/api/index.ts';
import type { IdentityProvider } from '../../../../shared/api/identity-providers.ts';
import { useRead } from '../../api/reads.ts';
import { systemClock, toTime } from '../../../../shared/clock.ts';
import type { Choice } from '../../parts/form.tsx';

export const useProviders = (): readonly IdentityProvider[] =>
  useRead(api.identityProviders.list, { query: { limit: 1000 } }).data?.items ?? [];

export const providerChoices = (local: string, providers: readonly IdentityProvider[]): readonly Choice<string>[] => [
  { value: 'local', text: local },
  ...providers.map(({ name }) => ({ value: name, text: name })),
];

/** Where a group comes from, in words. Undefined: it is not known yet. */
export function useGroupOrigin(provider: string | null): string | undefined {
  const known = useProviders().find(({ name }) => name === provider);
  const tokens = useRead(api.scimTokens.list, { params: { id: known?.id ?? '' } }, { enabled: known !== undefined }).data;
  if (provider === null) return 'local';
  if (tokens === undefined) return undefined;
  const now = toTime(systemClock.now());
  return tokens.items.some(({ expiresAt }) => expiresAt > now) ? 'directory (SCIM)' : 'logins there';
}
