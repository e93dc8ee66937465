/** SCIM tokens: made and removed by admins, and the directory behind one that holds. */
import { fromTime, toTime, type Clock } from '../../shared/clock.ts';
import { newId } from '../../shared/id.ts';
import type { AuditSource } from '../../shared/api/audit.ts';
import { DomainError } from '../../shared/api/problem.ts';
import type { ScimToken } from '../../shared/api/scim-tokens.ts';
import type { ProviderId, ScimTokenId } from '../../shared/api/values.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import { authorOf, type Act, type Author, type Caller } from '../audit/caller.ts';
import { existingProvider } from '../identity/provider-service.ts';
import type { Provider, ProviderStore } from '../identity/provider-store.ts';
import type { ProvisionedGroupStore } from '../identity/provisioned-group-store.ts';
import { refuseCounted } from '../login/counted-refusal.ts';
import type { LoginAttempts } from '../login/login-attempts.ts';
import { hashSecret, newSecret } from '../login/secrets.ts';
import type { Transact } from '../storage/transact.ts';
import type { ScimTokenRecord, ScimTokenStore } from './scim-token-store.ts';

interface Stores {
  readonly providers: ProviderStore;
  readonly provisionedGroups: Pick<ProvisionedGroupStore, 'release'>;
  readonly scimTokens: ScimTokenStore;
  readonly audit: AuditLog;
}
export interface ScimTokenServiceOptions {
  readonly read: Pick<Stores, 'providers' | 'scimTokens'>;
  readonly transact: Transact<Stores>;
  readonly attempts: Pick<LoginAttempts, 'count'>;
  readonly baseUrlOf: (providerName: string) => string;
  readonly clock: Clock;
}

/** Whose directory speaks. */
export interface Directory {
  readonly provider: Provider;
  readonly author: Author;
  readonly baseUrl: string;
}

export type ScimTokenService = ReturnType<typeof createScimTokenService>;

/** As of sessions: writing it down each time would make every read a write. */
const touchMilliseconds = 30_000;

export function createScimTokenService({ read, transact, attempts, baseUrlOf, clock }: ScimTokenServiceOptions) {
  const refuse = async (source: AuditSource): Promise<never> =>
    refuseCounted(
      { transact, attempts, clock },
      {
        countedAs: 'scim',
        source,
        details: { method: 'scim', reason: 'no such SCIM token of this provider, or it is over' },
        error: new DomainError('scim-token.invalid', 'This token does not hold here. Ask an admin of infra for another one.'),
      },
    );

  return {
    /** Only what does not hold is counted: a directory may ask as often as it needs. An unknown provider answers as a wrong token does. */
    authenticate: async (secret: string | undefined, providerName: string, source: AuditSource): Promise<Directory> => {
      const now = clock.now();
      const token = secret === undefined ? undefined : await read.scimTokens.findBySecret(hashSecret(secret));
      const provider = await read.providers.findByName(providerName);
      if (token === undefined || provider?.id !== token.providerId || fromTime(token.expiresAt) <= now) return refuse(source);
      if (provider.status !== 'active')
        throw new DomainError('provider.disabled', `The identity provider ${provider.name} is disabled here. Ask an admin of infra.`);
      if (token.lastUsedAt === null || now - fromTime(token.lastUsedAt) > touchMilliseconds)
        await read.scimTokens.touch(token.id, toTime(now));
      const author: Author = { actor: { kind: 'scim', id: token.id, name: `SCIM of ${provider.name}` }, source };
      return { provider, author, baseUrl: baseUrlOf(provider.name) };
    },

    list: async (id: ProviderId): Promise<{ items: ScimToken[] }> => {
      const provider = await existingProvider(read.providers, id);
      return { items: (await read.scimTokens.ofProvider(id)).map((token) => describe(token, provider)) };
    },

    create: async (
      id: ProviderId,
      { expiresInSeconds }: { readonly expiresInSeconds: number },
      caller: Caller,
    ): Promise<{ scimToken: ScimToken; secret: string; baseUrl: string }> => {
      const secret = newSecret('scim');
      return transact(async (stores) => {
        const act: Act = { by: authorOf(caller), now: clock.now() };
        const provider = await existingProvider(stores.providers, id);
        const token: ScimTokenRecord = {
          // An id made with the prefix of SCIM tokens is one.
          id: newId('scimToken', act.now) as ScimTokenId,
          providerId: id,
          createdAt: toTime(act.now),
          createdBy: caller.identity.name,
          expiresAt: toTime(act.now + expiresInSeconds * 1000),
          lastUsedAt: null,
        };
        await stores.scimTokens.insert(token, hashSecret(secret));
        const details = { scimToken: token.id, provider: { id, name: provider.name }, expiresAt: token.expiresAt };
        await stores.audit.record({ event: 'scim-token.added', act, details });
        return { scimToken: describe(token, provider), secret, baseUrl: baseUrlOf(provider.name) };
      });
    },

    /** With the last one nobody speaks for the provider's groups: logins do again, or they would stay as they are for good. */
    remove: async (id: ProviderId, tokenId: ScimTokenId, caller: Caller): Promise<void> =>
      transact(async (stores) => {
        const act: Act = { by: authorOf(caller), now: clock.now() };
        const provider = await existingProvider(stores.providers, id);
        const tokens = await stores.scimTokens.ofProvider(id);
        if (!tokens.some((token) => token.id === tokenId))
          throw new DomainError('scim-token.not-found', `There is no such SCIM token. See: infra scim-tokens list ${provider.name}`);
        await stores.scimTokens.remove(tokenId);
        if (tokens.length === 1) await stores.provisionedGroups.release(id);
        await stores.audit.record({
          event: 'scim-token.removed',
          act,
          details: { scimToken: tokenId, provider: { id, name: provider.name } },
        });
      }),
  };
}

const describe = (token: ScimTokenRecord, { id, name }: Provider): ScimToken => ({
  id: token.id,
  provider: { id, name },
  createdAt: token.createdAt,
  createdBy: token.createdBy,
  expiresAt: token.expiresAt,
  lastUsedAt: token.lastUsedAt,
});
