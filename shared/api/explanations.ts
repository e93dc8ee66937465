/** Why somebody may do something, or may not: provider → group → grant → role → place, and what of it counts now. */
import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { grantState, mfaSeconds } from './grants.ts';
import { grantId, groupId, identityId, resourceName, roleName, subject, subjectName, time } from './values.ts';

/** What a link of the chain asks for besides. */
const condition = z.object({
  condition: z.enum(['active', 'until', 'way-in', 'second-factor']),
  holds: z.boolean(),
  /** A sentence, with the remedy when it does not hold. */
  detail: z.string(),
});

export const chain = z.object({
  grant: z.object({
    id: grantId,
    role: z.string(),
    resource: z.string(),
    until: time.nullable(),
    mfaSeconds,
    reason: z.string().nullable(),
    createdAt: time,
    createdBy: z.string(),
  }),
  /** The group that it is held through; null: held by the subject itself. */
  group: z.object({ name: z.string(), provider: z.string().nullable() }).nullable(),
  /** `all` that was asked about, or a `part`: in a namespace alone, or only by acting as somebody else. */
  gives: z.enum(['all', 'part']),
  conditions: z.array(condition),
  /** All conditions hold. */
  counts: z.boolean(),
  /** The group that the cluster sees, such as `infra:view@web`; null where there is no cluster. */
  clusterGroup: z.string().nullable(),
  /** How the destination's connector got on with it. */
  state: grantState,
});
export type Chain = z.output<typeof chain>;

export const explanation = z.object({
  subject,
  role: z.string().nullable(),
  resource: z.string(),
  allowed: z.boolean(),
  /** The answer for people, with the remedy when it is no. */
  sentence: z.string(),
  /** The user that the cluster sees; null where there is none, or where the subject is a group. */
  clusterUser: z.string().nullable(),
  chains: z.array(chain),
  /** Grants that would have counted and ended, the latest first, five at most. */
  ended: z.array(z.object({ id: grantId, role: z.string(), resource: z.string(), endedAt: time, reason: z.string().nullable() })),
});
export type Explanation = z.output<typeof explanation>;

const holder = z.object({
  identity: z.object({ id: identityId, kind: z.enum(['user', 'workload']), name: z.string(), status: z.enum(['active', 'disabled']) }),
  grant: z.object({ id: grantId, role: z.string(), resource: z.string(), until: time.nullable(), mfaSeconds }),
  group: z.string().nullable(),
});
export type Holder = z.output<typeof holder>;

/** How somebody came to be who they are, and what that is in each cluster. */
export const ownWhy = z.object({
  /** Ways in at identity providers; none: a password or a key. */
  accounts: z.array(
    z.object({
      provider: z.string(),
      subject: z.string(),
      email: z.string(),
      state: z.enum(['active', 'ended', 'unlinked']),
      lastLoginAt: time,
      /** Groups that were named last; null: the claim was not there, or is not read. */
      groupsRead: z.int().nullable(),
      /** What the provider said last, without what belongs to one login; null: not kept. */
      claims: z.record(z.string(), z.unknown()).nullable(),
      /** What that said of a second factor, and whether it counts here; null: nothing is kept. */
      secondFactor: z.string().nullable().default(null),
    }),
  ),
  groups: z.array(z.object({ id: groupId, name: z.string(), provider: z.string().nullable() })),
  destinations: z.array(
    z.object({
      name: z.string(),
      clusterUser: z.string(),
      /** Of all grants there; a request inside a namespace is lent those that hold in it. */
      clusterGroups: z.array(z.string()),
      grants: z.array(
        z.object({ id: grantId, role: z.string(), resource: z.string(), until: time.nullable(), mfaSeconds, group: z.string().nullable() }),
      ),
    }),
  ),
  /** On infra itself. */
  serverGrants: z.array(z.object({ id: grantId, role: z.string(), until: time.nullable(), group: z.string().nullable() })).default([]),
});
export type OwnWhy = z.output<typeof ownWhy>;

export const explanations = {
  mine: endpoint({
    name: 'explanations.mine',
    summary: 'Why I am who I am: accounts, claims, groups, grants, and what that is in each cluster',
    method: 'GET',
    path: '/api/v1/whoami/why',
    access: 'session',
    result: ownWhy,
  }),
  explain: endpoint({
    name: 'explanations.explain',
    summary: 'Whether a subject may do something, and why; about others with the role view',
    method: 'GET',
    path: '/api/v1/explanation',
    access: 'session',
    /** Without `role`: whatever it may do there. */
    query: z.strictObject({ subject: subjectName, role: roleName.optional(), resource: resourceName }),
    result: explanation,
  }),
  /** Sorted by name, one row a grant that it is held by. `holders` is cut at 1000; the count is whole. */
  whoCan: endpoint({
    name: 'explanations.whoCan',
    summary: 'Who holds a role, or one that includes it, on a resource now',
    method: 'GET',
    path: '/api/v1/holders',
    access: 'view',
    query: z.strictObject({ role: roleName, resource: resourceName }),
    result: z.object({ count: z.int(), holders: z.array(holder) }),
  }),
};
