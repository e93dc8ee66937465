import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { ownWhy } from './explanations.ts';
import { pageOf, pageQuery } from './pagination.ts';
import {
  accessKeyId,
  change,
  email,
  groupId,
  idParams,
  originName,
  providerName,
  searchText,
  secondFactorKind,
  time,
  userId,
} from './values.ts';

export const user = z.object({
  id: userId,
  email: z.string(),
  status: z.enum(['active', 'disabled']),
  /** `one-time`: must be changed at the next login · `none`: cannot log in with a password. */
  password: z.enum(['set', 'one-time', 'none']),
  /** Kinds of second factors that are asked for after a password; none: the password alone opens the door. */
  secondFactors: z.array(secondFactorKind).default([]),
  /** At identity providers. `ended`: the next login there opens it again · `unlinked`: taken off, opens nothing until an admin links it again. */
  accounts: z.array(z.object({ provider: z.string(), state: z.enum(['active', 'ended', 'unlinked']), lastLoginAt: time })).default([]),
  createdAt: time,
  lastLoginAt: time.nullable(),
  groups: z.array(z.object({ id: z.string(), name: z.string() })),
});
export type User = z.output<typeof user>;

const changed = z.object({ user, change });
/** Access keys that live on: to end one is a decision of its own, for automation may run on it. */
const accessKeys = z.array(z.object({ id: accessKeyId, name: z.string() })).default([]);
/** Nothing is left of the ways in: access keys stop too, and a one-time password that was never used is void. */
const onlyWayIn = z.boolean();
/** Of a user, at the provider with this name. */
const accountParams = z.strictObject({ id: userId, provider: providerName });

export const users = {
  list: endpoint({
    name: 'users.list',
    summary: 'Users, by email',
    method: 'GET',
    path: '/api/v1/users',
    access: 'view',
    query: pageQuery.extend({
      email: z.string().max(300).optional(),
      status: z.enum(['active', 'disabled']).optional(),
      /** Part of the email. */
      search: searchText.optional(),
      /** Who has an account there that was not taken off; `local`: who has a password. */
      provider: originName.optional(),
      group: groupId.optional(),
    }),
    result: pageOf(user),
  }),
  get: endpoint({
    name: 'users.get',
    summary: 'One user',
    method: 'GET',
    path: '/api/v1/users/:id',
    access: 'view',
    params: idParams(userId),
    result: user,
  }),
  why: endpoint({
    name: 'users.why',
    summary: 'Why a user is who they are: accounts, groups, grants, and what that is in each cluster',
    method: 'GET',
    path: '/api/v1/users/:id/why',
    access: 'view',
    params: idParams(userId),
    /** `claims`, and what they say of a `secondFactor`, are for admins alone, null to others. */
    result: ownWhy,
  }),
  create: endpoint({
    name: 'users.create',
    summary: 'Add a user with a password, or with a one-time password made here',
    method: 'POST',
    path: '/api/v1/users',
    access: 'admin',
    body: z.strictObject({ email, password: z.string().min(1).max(1000).optional() }),
    /** `oneTimePassword` is shown this once, when no password was given. */
    result: z.object({ user, oneTimePassword: z.string().nullable() }),
    status: 201,
  }),
  disable: endpoint({
    name: 'users.disable',
    summary: 'Bar the door: no login, sessions and leases end',
    method: 'POST',
    path: '/api/v1/users/:id/disable',
    access: 'admin',
    params: idParams(userId),
    result: changed,
  }),
  enable: endpoint({
    name: 'users.enable',
    summary: 'Let a disabled user in again',
    method: 'POST',
    path: '/api/v1/users/:id/enable',
    access: 'admin',
    params: idParams(userId),
    result: changed,
  }),
  remove: endpoint({
    name: 'users.remove',
    summary: 'Remove a user with grants, memberships, keys, sessions and leases',
    method: 'DELETE',
    path: '/api/v1/users/:id',
    access: 'admin',
    params: idParams(userId),
    result: z.object({ change }),
  }),
  /** Ends sessions too: whoever knew the old password is out. */
  resetPassword: endpoint({
    name: 'users.resetPassword',
    summary: 'Give a new one-time password; sessions and leases end',
    method: 'POST',
    path: '/api/v1/users/:id/reset-password',
    access: 'admin',
    params: idParams(userId),
    result: z.object({ oneTimePassword: z.string(), accessKeys, change }),
  }),
  /** The password that there was is void at once; only the person gets to see the link. */
  mailPasswordReset: endpoint({
    name: 'users.mailPasswordReset',
    summary: 'Mail a link to choose a new password; sessions and leases end',
    method: 'POST',
    path: '/api/v1/users/:id/mail-password-reset',
    access: 'admin',
    params: idParams(userId),
    result: z.object({ accessKeys, change }),
  }),
  /** Ends sessions and leases; the person may log in again. Oneself, or anyone with `admin` on infra. */
  revoke: endpoint({
    name: 'users.revoke',
    summary: 'End all sessions and leases of a user',
    method: 'POST',
    path: '/api/v1/users/:id/revoke',
    access: 'session',
    params: idParams(userId),
    result: z.object({ sessionsEnded: z.int(), leasesRevoked: z.int(), change }),
  }),
  /** For whom `unlink` is. */
  unlinkImpact: endpoint({
    name: 'users.unlinkImpact',
    summary: 'What ends when an account at an identity provider is taken off a user',
    method: 'GET',
    path: '/api/v1/users/:id/accounts/:provider/impact',
    access: 'session',
    params: accountParams,
    result: z.object({
      sessions: z.int(),
      leases: z.int(),
      memberships: z.int(),
      /** Names of the groups, `PROVIDER/NAME`; at most 1000. */
      groups: z.array(z.string()),
      onlyWayIn,
    }),
  }),
  /** Its sessions, leases, memberships and refresh token end, and it opens nothing here until it is linked again. Anyone's with `admin` on infra; oneself within ten minutes of a login. */
  unlink: endpoint({
    name: 'users.unlink',
    summary: 'Take an account at an identity provider off a user',
    method: 'DELETE',
    path: '/api/v1/users/:id/accounts/:provider',
    access: 'session',
    params: accountParams,
    result: z.object({ sessionsEnded: z.int(), leasesRevoked: z.int(), membershipsEnded: z.int(), onlyWayIn, change }),
  }),
  relink: endpoint({
    name: 'users.relink',
    summary: 'Let an account that was taken off a user log in as that user again',
    method: 'POST',
    path: '/api/v1/users/:id/accounts/:provider/relink',
    access: 'admin',
    params: accountParams,
  }),
};
