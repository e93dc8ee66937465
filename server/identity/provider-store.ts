/** Identity providers. Their secrets are kept sealed and apart: who reads a provider does not hold them. */
import type { ProviderKind } from '../../shared/api/identity-providers.ts';
import type { DirectorySettings } from '../../shared/api/provider-directory.ts';
import type { Page, PageRequest } from '../../shared/api/pagination.ts';
import { DomainError } from '../../shared/api/problem.ts';
import type { ProviderId } from '../../shared/api/values.ts';
import { isUniqueViolation } from '../storage/constraint-errors.ts';
import type { Handle } from '../storage/database.ts';
import { decodeCursor, toPage } from '../storage/page.ts';
import type { Database } from '../storage/schema.ts';
import type { ClientKey } from './client-key-rules.ts';

export interface Provider {
  readonly id: ProviderId;
  readonly name: string;
  readonly kind: ProviderKind;
  /** As its discovery document writes it, to the letter. */
  readonly issuer: string;
  readonly clientId: string;
  /** By which we are known there; null: by a secret of the provider's. */
  readonly clientKey: ClientKey | null;
  readonly emailDomains: readonly string[];
  readonly scopes: readonly string[];
  readonly groupsClaim: string | null;
  readonly directory: DirectorySettings | null;
  readonly createUsers: boolean;
  readonly linkUsers: boolean;
  /** Whether a second factor that its ID tokens tell of is believed (ADR 47). */
  readonly trustMfa: boolean;
  /** Null: only logins tell anything. */
  readonly syncMinutes: number | null;
  readonly status: 'active' | 'disabled';
  readonly createdAt: string;
  /** Changes with every setting: a login that began before is finished by none of another. */
  readonly updatedAt: string;
}

export interface SealedSecrets {
  /** Or the private part of the client key. */
  readonly clientSecret: string;
  /** Of Google alone. */
  readonly serviceAccountKey?: string | undefined;
}

export interface ProviderStore {
  insert(provider: Provider, sealed: SealedSecrets): Promise<void>;
  find(id: string): Promise<Provider | undefined>;
  findByName(name: string): Promise<Provider | undefined>;
  list(filter: PageRequest & { readonly name?: string | undefined }): Promise<Page<Provider>>;
  /** What all are called. */
  names(): Promise<Pick<Provider, 'id' | 'name'>[]>;
  /** All that take logins, by name. */
  active(): Promise<Provider[]>;
  sealedClientSecret(id: string): Promise<string | undefined>;
  sealedServiceAccountKey(id: string): Promise<string | undefined>;
  /** Secrets that are not given stay. */
  update(provider: Provider, sealed: Partial<SealedSecrets>): Promise<void>;
  remove(id: string): Promise<void>;
}

export function createProviderStore(db: Handle): ProviderStore {
  const all = db
    .selectFrom('identity_providers')
    .select(['id', 'name', 'kind', 'issuer', 'client_id', 'email_domains', 'scopes', 'groups_claim', 'directory'])
    .select(['client_key', 'create_users', 'link_users', 'trust_mfa', 'sync_minutes', 'status', 'created_at', 'updated_at']);
  return {
    insert: async (provider, sealed) => {
      try {
        await db
          .insertInto('identity_providers')
          .values({
            ...toRow(provider),
            sealed_client_secret: sealed.clientSecret,
            sealed_service_account_key: sealed.serviceAccountKey ?? null,
          })
          .execute();
      } catch (error) {
        if (isUniqueViolation(error))
          throw new DomainError('provider.duplicate', `There is already an identity provider ${provider.name}.`);
        throw error;
      }
    },
    find: async (id) => fromOptional(await all.where('id', '=', id).executeTakeFirst()),
    findByName: async (name) => fromOptional(await all.where('name', '=', name).executeTakeFirst()),
    list: async (filter) => {
      let query = all;
      if (filter.name !== undefined) query = query.where('name', '=', filter.name);
      const after = decodeCursor(filter.cursor);
      if (after !== undefined) query = query.where('name', '>', after.key);
      const rows = await query
        .orderBy('name')
        .limit(filter.limit + 1)
        .execute();
      return toPage(rows, filter, { item: fromRow, cursor: (row) => ({ key: row.name, id: row.id }) });
    },
    names: async () =>
      (await db.selectFrom('identity_providers').select(['id', 'name']).execute()).map(({ id, name }) => ({ id: id as ProviderId, name })),
    active: async () => (await all.where('status', '=', 'active').orderBy('name').execute()).map(fromRow),
    sealedClientSecret: async (id) =>
      (await db.selectFrom('identity_providers').select('sealed_client_secret').where('id', '=', id).executeTakeFirst())
        ?.sealed_client_secret,
    sealedServiceAccountKey: async (id) =>
      (await db.selectFrom('identity_providers').select('sealed_service_account_key').where('id', '=', id).executeTakeFirst())
        ?.sealed_service_account_key ?? undefined,
    update: async (provider, sealed) =>
      void (await db
        .updateTable('identity_providers')
        .set({
          ...toRow(provider),
          ...(sealed.clientSecret === undefined ? {} : { sealed_client_secret: sealed.clientSecret }),
          ...(sealed.serviceAccountKey === undefined ? {} : { sealed_service_account_key: sealed.serviceAccountKey }),
        })
        .where('id', '=', provider.id)
        .execute()),
    remove: async (id) => void (await db.deleteFrom('identity_providers').where('id', '=', id).execute()),
  };
}

type ProviderRow = Omit<Database['identity_providers'], 'sealed_client_secret' | 'sealed_service_account_key'>;

const toRow = (provider: Provider): ProviderRow => ({
  id: provider.id,
  name: provider.name,
  kind: provider.kind,
  issuer: provider.issuer,
  client_id: provider.clientId,
  client_key: provider.clientKey === null ? null : JSON.stringify(provider.clientKey),
  email_domains: JSON.stringify(provider.emailDomains),
  scopes: JSON.stringify(provider.scopes),
  groups_claim: provider.groupsClaim,
  directory: provider.directory === null ? null : JSON.stringify(provider.directory),
  create_users: provider.createUsers ? 1 : 0,
  link_users: provider.linkUsers ? 1 : 0,
  trust_mfa: provider.trustMfa ? 1 : 0,
  sync_minutes: provider.syncMinutes,
  status: provider.status,
  created_at: provider.createdAt,
  updated_at: provider.updatedAt,
});

// Rows were checked on their way in.
const fromRow = (row: ProviderRow): Provider => ({
  id: row.id as ProviderId,
  name: row.name,
  kind: row.kind as ProviderKind,
  issuer: row.issuer,
  clientId: row.client_id,
  clientKey: row.client_key === null ? null : (JSON.parse(row.client_key) as ClientKey),
  emailDomains: JSON.parse(row.email_domains) as string[],
  scopes: JSON.parse(row.scopes) as string[],
  groupsClaim: row.groups_claim,
  directory: row.directory === null ? null : (JSON.parse(row.directory) as DirectorySettings),
  createUsers: row.create_users === 1,
  linkUsers: row.link_users === 1,
  trustMfa: row.trust_mfa === 1,
  syncMinutes: row.sync_minutes,
  status: row.status as Provider['status'],
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});
const fromOptional = (row: ProviderRow | undefined): Provider | undefined => (row === undefined ? undefined : fromRow(row));
