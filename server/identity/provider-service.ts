/** Identity providers: connect, change, try, close, remove. The network is asked before the transaction, never in it. */
import { newId } from '../../shared/id.ts';
import { toTime, type Clock } from '../../shared/clock.ts';
import type { CallResult } from '../../shared/api/endpoint.ts';
import type { IdentityProvider, identityProviders, ProviderKind } from '../../shared/api/identity-providers.ts';
import type { Page, PageRequest } from '../../shared/api/pagination.ts';
import type { DirectorySettings } from '../../shared/api/provider-directory.ts';
import { DomainError } from '../../shared/api/problem.ts';
import type { Change, ProviderId } from '../../shared/api/values.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import { authorOf, type Act, type Caller } from '../audit/caller.ts';
import type { ChangeFeed } from '../storage/change-feed.ts';
import type { Transact } from '../storage/transact.ts';
import type { AccessEffects } from './access-effects.ts';
import type { AccountStore } from './account-store.ts';
import type { GroupStore } from './group-store.ts';
import { newCredential, type CredentialSecrets, type CredentialWish } from './provider-credential.ts';
import { endProvider, type ProviderEnded } from './provider-end.ts';
import { groupsStep } from './provider-groups-step.ts';
import { kindDefaults, kindIssuerFault, kindSettingFault } from './provider-kind-rules.ts';
import type { DiscoveredMetadata } from './provider-rules.ts';
import type { Provider, ProviderStore, SealedSecrets } from './provider-store.ts';
import { named, type PasswordRecords } from './user-service.ts';

/** What providers need of the protocol. */
export interface ProviderProbe {
  /** The discovery document, with the issuer as it writes it; throws `provider.unreachable` or `provider.invalid`. */
  discover(issuer: string): Promise<DiscoveredMetadata>;
  /** Discovery, keys, client, directory; never throws for what is wrong with the provider. */
  test(provider: Provider): Promise<TestStep[]>;
}
export type TestStep = CallResult<typeof identityProviders.test>['steps'][number];
/** Seals the secrets of one provider. */
export interface ProviderSecrets extends CredentialSecrets {
  /** Throws `request.invalid` when it is none. */
  sealServiceAccountKey(providerId: string, key: string): string;
}

export type SyncState = CallResult<typeof identityProviders.syncState>;
/** What providers need of the questions that are asked between logins. */
export interface SyncControl {
  /** Asks about whoever is due, without waiting for the answers. */
  begin(): void;
  stateOf(providerId: string): Promise<SyncState>;
}

interface Stores {
  readonly providers: ProviderStore;
  readonly accounts: AccountStore;
  readonly groups: GroupStore;
  readonly passwords: Pick<PasswordRecords, 'stateOf'>;
  readonly refreshTokens: { makeDue(providerId: string, at: string): Promise<void> };
  readonly effects: AccessEffects;
  readonly audit: AuditLog;
  readonly feed: ChangeFeed;
}
export interface ProviderServiceOptions {
  readonly read: Pick<Stores, 'providers' | 'accounts'>;
  readonly transact: Transact<Stores>;
  readonly probe: ProviderProbe;
  readonly secrets: ProviderSecrets;
  readonly sync: SyncControl;
  readonly addressesOf: (name: string) => ProviderAddresses;
  readonly clock: Clock;
}
/** Ours, to be registered at the provider. */
export type ProviderAddresses = Pick<IdentityProvider, 'redirectUri' | 'backchannelLogoutUri' | 'postLogoutRedirectUri'> & {
  readonly clientKeysUri: string;
};

export interface NewProvider extends CredentialWish {
  readonly name: string;
  readonly kind: ProviderKind;
  readonly issuer: string;
  readonly clientId: string;
  readonly emailDomains: readonly string[];
  readonly scopes?: readonly string[] | undefined;
  readonly groupsClaim?: string | null | undefined;
  readonly directory?: DirectorySettings | null | undefined;
  readonly serviceAccountKey?: string | undefined;
  readonly createUsers: boolean;
  readonly linkUsers: boolean;
  readonly trustMfa: boolean;
  readonly syncMinutes: number | null;
}
export type ProviderUpdate = { readonly [Key in Exclude<keyof NewProvider, 'name' | 'kind' | 'issuer'>]?: NewProvider[Key] | undefined };

export type ProviderService = ReturnType<typeof createProviderService>;

export function createProviderService({ read, transact, probe, secrets, sync, addressesOf, clock }: ProviderServiceOptions) {
  const describe = (provider: Provider): IdentityProvider => ({
    ...provider,
    emailDomains: [...provider.emailDomains],
    scopes: [...provider.scopes],
    ...addressesOf(provider.name),
    ...(provider.clientKey === null ? { clientAuthentication: 'secret', clientKeysUri: null } : { clientAuthentication: 'private-key' }),
  });
  const sealedKey = (id: string, key: string | undefined): Pick<SealedSecrets, 'serviceAccountKey'> =>
    key === undefined ? {} : { serviceAccountKey: secrets.sealServiceAccountKey(id, key) };
  const change = async <Result>(
    id: ProviderId,
    caller: Caller,
    work: (stores: Stores, provider: Provider, act: Act) => Promise<Result>,
  ): Promise<Result> =>
    transact(async (stores) => work(stores, await existingProvider(stores.providers, id), { by: authorOf(caller), now: clock.now() }));

  return {
    list: async (filter: PageRequest & { readonly name?: string | undefined }): Promise<Page<IdentityProvider>> => {
      const page = await read.providers.list(filter);
      return { items: page.items.map(describe), nextCursor: page.nextCursor };
    },
    get: async (id: ProviderId): Promise<IdentityProvider> => describe(await existingProvider(read.providers, id)),

    create: async (input: NewProvider, caller: Caller): Promise<IdentityProvider> => {
      const kindFault = kindIssuerFault(input.kind, input.issuer);
      if (kindFault !== undefined)
        throw new DomainError(
          'provider.invalid',
          `${input.issuer} cannot be used as an identity provider of kind ${input.kind}: ${kindFault}.`,
        );
      assertFits({ kind: input.kind, ...kindSettings(input) }, input.serviceAccountKey !== undefined);
      const metadata = await probe.discover(input.issuer);
      const { issuer } = metadata;
      // An id made with the prefix of providers is one.
      const id = newId('provider', clock.now()) as ProviderId;
      const credential = await newCredential(secrets, { id, kind: input.kind, metadata: async () => metadata }, input);
      return transact(async (stores) => {
        const act: Act = { by: authorOf(caller), now: clock.now() };
        const provider: Provider = { ...newProvider({ ...input, issuer }, act.now), id, clientKey: credential?.clientKey ?? null };
        await stores.providers.insert(provider, {
          clientSecret: credential?.sealed ?? '',
          ...sealedKey(provider.id, input.serviceAccountKey),
        });
        await stores.audit.record({ event: 'provider.added', act, details: { provider: named(provider), kind: provider.kind, issuer } });
        return describe(provider);
      });
    },

    update: async (id: ProviderId, input: ProviderUpdate, caller: Caller): Promise<IdentityProvider> => {
      const present = await existingProvider(read.providers, id);
      const metadata = async (): Promise<DiscoveredMetadata> => probe.discover(present.issuer);
      const credential = await newCredential(secrets, { id, kind: present.kind, present, metadata }, input);
      return change(id, caller, async (stores, provider, act) => {
        const { clientSecret: _secret, clientAuthentication: _authentication, serviceAccountKey, ...settings } = withoutAbsent(input);
        const { clientKey } = credential ?? provider;
        const updated: Provider = { ...provider, ...settings, clientKey, updatedAt: toTime(act.now) };
        assertFits(updated, serviceAccountKey !== undefined || (await stores.providers.sealedServiceAccountKey(id)) !== undefined);
        await stores.providers.update(updated, {
          ...(credential === undefined ? {} : { clientSecret: credential.sealed }),
          ...sealedKey(id, serviceAccountKey),
        });
        // What is believed no more counts no more, in sessions that are open too.
        if (provider.trustMfa && !updated.trustMfa) await stores.effects.forgetProofsFrom(id, act);
        await stores.audit.record({
          event: 'provider.updated',
          act,
          details: { provider: named(provider), changed: Object.keys(withoutAbsent(input)) },
        });
        return describe(updated);
      });
    },

    test: async (id: ProviderId): Promise<{ steps: TestStep[] }> => {
      const provider = await existingProvider(read.providers, id);
      const steps = await probe.test(provider);
      return { steps: [...steps, groupsStep(provider, await read.accounts.latestOf(id))] };
    },

    sync: async (id: ProviderId, caller: Caller): Promise<{ accounts: number }> => {
      const { accounts } = await sync.stateOf(id);
      await change(id, caller, async (stores, provider, act) => {
        await stores.refreshTokens.makeDue(id, toTime(act.now));
        await stores.audit.record({ event: 'provider.sync-asked', act, details: { provider: named(provider), accounts } });
      });
      sync.begin();
      return { accounts };
    },

    syncState: async (id: ProviderId): Promise<SyncState> => {
      await existingProvider(read.providers, id);
      return sync.stateOf(id);
    },

    disable: async (id: ProviderId, caller: Caller): Promise<ProviderEnded & { change: Change }> =>
      change(id, caller, async (stores, provider, act) => {
        const ended = await endProvider(stores, provider, 'identity provider disabled', act);
        await stores.providers.update({ ...provider, status: 'disabled', updatedAt: toTime(act.now) }, {});
        await stores.effects.assertAdminRemains();
        await stores.audit.record({ event: 'provider.disabled', act, details: { provider: named(provider), ...ended } });
        return { ...ended, change: stores.feed.change() };
      }),

    enable: async (id: ProviderId, caller: Caller): Promise<IdentityProvider> =>
      change(id, caller, async (stores, provider, act) => {
        const enabled: Provider = { ...provider, status: 'active', updatedAt: toTime(act.now) };
        await stores.providers.update(enabled, {});
        await stores.audit.record({ event: 'provider.enabled', act, details: { provider: named(provider) } });
        return describe(enabled);
      }),

    remove: async (id: ProviderId, caller: Caller): Promise<ProviderEnded & { change: Change }> =>
      change(id, caller, async (stores, provider, act) => {
        const ended = await endProvider(stores, provider, 'identity provider removed', act);
        for (const group of await stores.groups.ofProvider(provider.name)) {
          await stores.effects.endGrantsOf({ kind: 'group', id: group.id }, act);
          await stores.groups.remove(group.id);
          await stores.audit.record({ event: 'group.removed', act, details: { group: named(group) } });
        }
        await stores.accounts.removeOfProvider(id);
        await stores.providers.remove(id);
        await stores.effects.assertAdminRemains();
        await stores.audit.record({ event: 'provider.removed', act, details: { provider: named(provider), ...ended } });
        return { ...ended, change: stores.feed.change() };
      }),
  };
}

const newProvider = (input: NewProvider, now: number): Omit<Provider, 'id' | 'clientKey'> => ({
  name: input.name,
  kind: input.kind,
  issuer: input.issuer,
  clientId: input.clientId,
  emailDomains: input.emailDomains,
  scopes: input.scopes ?? kindDefaults[input.kind].scopes,
  ...kindSettings(input),
  createUsers: input.createUsers,
  linkUsers: input.linkUsers,
  trustMfa: input.trustMfa,
  syncMinutes: input.syncMinutes,
  status: 'active',
  createdAt: toTime(now),
  updatedAt: toTime(now),
});

function kindSettings({ kind, groupsClaim, directory }: NewProvider): Pick<Provider, 'groupsClaim' | 'directory'> {
  const defaults = kindDefaults[kind];
  return {
    groupsClaim: groupsClaim === undefined ? defaults.groupsClaim : groupsClaim,
    directory: directory === undefined ? defaults.directory : directory,
  };
}

function assertFits(settings: Pick<Provider, 'kind' | 'groupsClaim' | 'directory'>, hasServiceAccountKey: boolean): void {
  const fault = kindSettingFault({ ...settings, hasServiceAccountKey });
  if (fault === undefined) return;
  throw new DomainError('request.invalid', `${fault.path} ${fault.message}.`, {
    fields: [{ path: `body.${fault.path}`, message: fault.message }],
  });
}

/** What was not given keeps its value; `undefined` spread over it would not. */
const withoutAbsent = <Input extends object>(input: Input): { [Key in keyof Input]?: Exclude<Input[Key], undefined> } =>
  // Entries without undefined are exactly that.
  Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined)) as {
    [Key in keyof Input]?: Exclude<Input[Key], undefined>;
  };

export async function existingProvider(providers: Pick<ProviderStore, 'find'>, id: ProviderId): Promise<Provider> {
  const provider = await providers.find(id);
  if (provider === undefined) throw new DomainError('provider.not-found', 'There is no such identity provider. See: infra providers list');
  return provider;
}
