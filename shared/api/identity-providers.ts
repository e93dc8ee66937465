/** Identity providers: where people sign in with what their company already gave them. The client secret goes in and never comes out. */
import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { pageOf, pageQuery } from './pagination.ts';
import { directorySettings, serviceAccountKey } from './provider-directory.ts';
import { change, groupId, idParams, providerId, providerName, time, userId } from './values.ts';

export const providerKind = z.enum(['oidc', 'okta', 'azure', 'google']);
export type ProviderKind = z.output<typeof providerKind>;

export const identityProvider = z.object({
  id: providerId,
  /** Stands before its groups (`okta/platform`) and in its redirect URI; fixed for good. */
  name: z.string(),
  kind: providerKind,
  issuer: z.string(),
  clientId: z.string(),
  /** How infra shows there that it is this client. */
  clientAuthentication: z.enum(['secret', 'private-key']),
  /** Of `private-key`: where the public part is (RFC 7517), to be registered there. */
  clientKeysUri: z.string().nullable(),
  /** To be registered at the provider, exactly so. */
  redirectUri: z.string(),
  /** May be registered there, so that a logout there is one here (OpenID Connect Back-Channel Logout). */
  backchannelLogoutUri: z.string(),
  /** May be registered there, for people who log out here and there at once. */
  postLogoutRedirectUri: z.string(),
  /** Only people with a verified email in one of these may log in. */
  emailDomains: z.array(z.string()),
  scopes: z.array(z.string()),
  /** Where the names of groups stand in the ID token: a claim, or the way to a nested one (`realm_access.roles`). Null: groups are not read. */
  groupsClaim: z.string().nullable(),
  /** Of `azure` always; of `google` where groups are read; null otherwise. */
  directory: directorySettings.nullable(),
  /** Whether somebody unknown becomes a user at the first login. */
  createUsers: z.boolean(),
  /** Whether a user who logs in with another provider already may come in with this one too. */
  linkUsers: z.boolean(),
  /** Whether a second factor that its ID tokens tell of (`amr`, `auth_time`) counts for grants that ask for one. */
  trustMfa: z.boolean(),
  /** How often it is asked anew about people with open sessions, if it gave refresh tokens for that. Null: only logins tell anything. */
  syncMinutes: z.int().nullable(),
  status: z.enum(['active', 'disabled']),
  createdAt: time,
  updatedAt: time,
});
export type IdentityProvider = z.output<typeof identityProvider>;

const issuer = z.url('must be the issuer’s URL, such as https://login.example.com').max(500);
const clientId = z
  .string()
  .min(1)
  .max(300)
  .regex(/^[\x21-\x7e]+$/, 'must be printable ASCII');
const clientSecret = z.string().min(1).max(1000);
const clientAuthentication = z.enum(['secret', 'private-key']);
const emailDomain = z
  .string()
  .transform((text) => text.trim().toLowerCase())
  .refine(
    (text) => text.length <= 253 && /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}$/.test(text),
    'must be a domain such as example.com',
  );
const emailDomains = z.array(emailDomain).min(1, 'name at least one domain whose people may log in').max(100);
const scopes = z
  .array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,100}$/, 'is no scope (RFC 6749 §3.3)'))
  .min(1)
  .max(30)
  .refine((list) => list.includes('openid'), 'must contain openid');
const groupsClaim = z
  .string()
  .min(1)
  .max(200)
  .regex(/^[^\p{C}\p{Z}]+$/u, 'must be the name of a claim, or names joined by dots')
  .nullable();

const syncMinutes = z.int().min(1, 'must be 1 to 1440 minutes, or null').max(1440, 'must be 1 to 1440 minutes, or null').nullable();

/** What a provider's end takes with it. */
const ended = z.object({ sessionsEnded: z.int(), leasesRevoked: z.int(), membershipsEnded: z.int(), change });

export const identityProviders = {
  list: endpoint({
    name: 'identityProviders.list',
    summary: 'Identity providers, by name',
    method: 'GET',
    path: '/api/v1/identity-providers',
    access: 'view',
    query: pageQuery.extend({ name: z.string().max(100).optional() }),
    result: pageOf(identityProvider),
  }),
  get: endpoint({
    name: 'identityProviders.get',
    summary: 'One identity provider',
    method: 'GET',
    path: '/api/v1/identity-providers/:id',
    access: 'view',
    params: idParams(providerId),
    result: identityProvider,
  }),
  /** Asks the issuer for its discovery document first: `provider.unreachable` or `provider.invalid` when that does not hold. */
  create: endpoint({
    name: 'identityProviders.create',
    summary: 'Connect an identity provider',
    method: 'POST',
    path: '/api/v1/identity-providers',
    access: 'admin',
    body: z.strictObject({
      name: providerName,
      kind: providerKind,
      issuer,
      clientId,
      clientAuthentication: clientAuthentication.default('secret'),
      /** Needed for, and only for, `secret`. */
      clientSecret: clientSecret.optional(),
      emailDomains,
      /** Absent: what the kind needs. */
      scopes: scopes.optional(),
      groupsClaim: groupsClaim.optional(),
      /** Absent: what the kind needs; for `google`: groups are not read. */
      directory: directorySettings.optional(),
      serviceAccountKey: serviceAccountKey.optional(),
      createUsers: z.boolean().default(true),
      linkUsers: z.boolean().default(false),
      trustMfa: z.boolean().default(false),
      syncMinutes: syncMinutes.default(15),
    }),
    result: identityProvider,
    status: 201,
  }),
  /** Name, kind and issuer stay: subjects and groups are known by them. */
  update: endpoint({
    name: 'identityProviders.update',
    summary: 'Change an identity provider’s client, secret or settings',
    method: 'PATCH',
    path: '/api/v1/identity-providers/:id',
    access: 'admin',
    params: idParams(providerId),
    body: z.strictObject({
      clientId: clientId.optional(),
      /** `private-key` makes a new key, also when there is one already. */
      clientAuthentication: clientAuthentication.optional(),
      clientSecret: clientSecret.optional(),
      emailDomains: emailDomains.optional(),
      scopes: scopes.optional(),
      groupsClaim: groupsClaim.optional(),
      directory: directorySettings.nullable().optional(),
      serviceAccountKey: serviceAccountKey.optional(),
      createUsers: z.boolean().optional(),
      linkUsers: z.boolean().optional(),
      trustMfa: z.boolean().optional(),
      syncMinutes: syncMinutes.optional(),
    }),
    result: identityProvider,
  }),
  /** Changes nothing and logs nobody in; a real login is `infra login --provider NAME`. */
  test: endpoint({
    name: 'identityProviders.test',
    summary: 'Try an identity provider: discovery, keys, client, directory, groups',
    method: 'POST',
    path: '/api/v1/identity-providers/:id/test',
    access: 'admin',
    params: idParams(providerId),
    result: z.object({
      /** In order; after a failure the later ones are `unknown`. */
      steps: z.array(
        z.object({
          step: z.enum(['discovery', 'keys', 'client', 'directory', 'groups']),
          outcome: z.enum(['ok', 'failed', 'unknown']),
          /** What was found, or what is wrong and what to do. */
          detail: z.string(),
        }),
      ),
    }),
  }),
  sync: endpoint({
    name: 'identityProviders.sync',
    summary: 'Ask an identity provider anew, now, about everybody with an open session',
    method: 'POST',
    path: '/api/v1/identity-providers/:id/sync',
    access: 'admin',
    params: idParams(providerId),
    /** How many people; the answers come one after another, see `syncState`. */
    result: z.object({ accounts: z.int() }),
  }),
  syncState: endpoint({
    name: 'identityProviders.syncState',
    summary: 'How the last questions to an identity provider went',
    method: 'GET',
    path: '/api/v1/identity-providers/:id/sync',
    access: 'view',
    params: idParams(providerId),
    result: z.object({
      /** People with open sessions that it can be asked about. */
      accounts: z.int(),
      /** Of these: about whom it has not answered, and what the latest of those failures was. */
      failing: z.int(),
      lastFailure: z.string().nullable(),
      /** When somebody is asked about next; null: never. */
      nextAt: time.nullable(),
      /** With an open session, but nothing to ask by: it gave no refresh token, or was not asked for one. */
      withoutToken: z.int(),
    }),
  }),
  /** Beforehand: who and what ends when it is disabled or removed. Lists are cut at 1000; the counts are whole. */
  impact: endpoint({
    name: 'identityProviders.impact',
    summary: 'Who and what an identity provider feeds',
    method: 'GET',
    path: '/api/v1/identity-providers/:id/impact',
    access: 'view',
    params: idParams(providerId),
    result: z.object({
      /** Sessions and leases that end. */
      sessions: z.int(),
      leases: z.int(),
      userCount: z.int(),
      users: z.array(
        z.object({
          id: userId,
          email: z.string(),
          /** No password and no other provider: nothing is left of the ways in, and access keys stop too. */
          onlyWayIn: z.boolean(),
        }),
      ),
      groupCount: z.int(),
      groups: z.array(z.object({ id: groupId, name: z.string(), members: z.int(), grants: z.int() })),
    }),
  }),
  disable: endpoint({
    name: 'identityProviders.disable',
    summary: 'Close an identity provider: its sessions, leases and memberships end',
    method: 'POST',
    path: '/api/v1/identity-providers/:id/disable',
    access: 'admin',
    params: idParams(providerId),
    result: ended,
  }),
  enable: endpoint({
    name: 'identityProviders.enable',
    summary: 'Open a disabled identity provider again; memberships come back with each login',
    method: 'POST',
    path: '/api/v1/identity-providers/:id/enable',
    access: 'admin',
    params: idParams(providerId),
    result: identityProvider,
  }),
  remove: endpoint({
    name: 'identityProviders.remove',
    summary: 'Remove an identity provider with its sessions, leases, groups and their grants; users stay',
    method: 'DELETE',
    path: '/api/v1/identity-providers/:id',
    access: 'admin',
    params: idParams(providerId),
    result: ended,
  }),
};
