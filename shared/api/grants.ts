/** Grants: the only source of allow. */
import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { pageOf, pageQuery } from './pagination.ts';
import {
  change,
  destinationId,
  grantId,
  identityId,
  idParams,
  note,
  resourceName,
  roleName,
  searchText,
  subject,
  subjectName,
  time,
} from './values.ts';
import { directoryEntry } from './destinations.ts';

/** How the destination's connector got on with a grant. */
export const grantState = z.object({
  /** `pending`: not told yet, or the connector is away. */
  state: z.enum(['pending', 'applied', 'failed']),
  /** Why it failed and what to do, one sentence. */
  reason: z.string().nullable(),
  at: time.nullable(),
});

/** It holds while a second factor was proven no longer ago than this, in the session; null: it asks for none. */
export const mfaSeconds = z.int().nullable().default(null);

export const grant = z.object({
  id: grantId,
  subject,
  role: z.string(),
  resource: z.string(),
  /** Null for grants on `infra`. */
  destinationId: destinationId.nullable(),
  until: time.nullable(),
  mfaSeconds,
  reason: z.string().nullable(),
  createdAt: time,
  createdBy: z.string(),
  state: grantState,
});
export type Grant = z.output<typeof grant>;

/** What one identity may reach, one row a grant that holds now. */
export const reachable = z.object({
  destination: directoryEntry,
  grants: z.array(
    z.object({ id: grantId, role: z.string(), resource: z.string(), until: time.nullable(), mfaSeconds, via: z.string().nullable() }),
  ),
});
export type Reachable = z.output<typeof reachable>;

/** A minute to a day. */
const mfaWish = z.int().min(60).max(86_400);
const wish = z.strictObject({
  subject: subjectName,
  role: roleName,
  resource: resourceName,
  until: time.optional(),
  mfaSeconds: mfaWish.optional(),
  reason: note.optional(),
});

const previewed = z.object({
  id: identityId,
  kind: z.enum(['user', 'workload']),
  name: z.string(),
  status: z.enum(['active', 'disabled']),
});
/** Some of them, by name. */
const people = z.object({ count: z.int(), sample: z.array(previewed).max(20) });

/** What a grant would change if it were made now. */
export const grantPreview = z.object({
  /** `create` would make it: there are no problems. */
  valid: z.boolean(),
  /** Why `create` would refuse it. With any of them the counts may be 0. */
  problems: z.array(
    z.object({
      /** As the problem details of `create` would have it: `request.invalid`, `group.not-found`, `grant.duplicate` … */
      code: z.string(),
      field: z.enum(['subject', 'role', 'resource', 'until', 'mfaSeconds']).nullable(),
      message: z.string(),
    }),
  ),
  /** Null: a subject of that name is not there. */
  subject: subject.nullable(),
  /** Whom it is for: one, or the members of the group. */
  identities: people,
  /** Of these, who can do all of it already, for at least as long and on no harder terms. */
  alreadyHold: z.int(),
  /** Of these, the others who are active: who could do something then that they cannot do now. */
  gains: people,
  /** What speaks against it, though it would be made. */
  warnings: z.array(
    z.object({
      kind: z.enum([
        ...(['nobody', 'nothing-new', 'disabled', 'role-unknown', 'namespace-unknown', 'offline', 'never-connected'] as const),
        ...(['second-factor-missing', 'second-factor-workload', 'everything', 'own-rights', 'provider-group'] as const),
      ]),
      sentence: z.string(),
    }),
  ),
});
export type GrantPreview = z.output<typeof grantPreview>;

export const grants = {
  list: endpoint({
    name: 'grants.list',
    summary: 'Grants in force',
    method: 'GET',
    path: '/api/v1/grants',
    access: 'view',
    query: pageQuery.extend({
      subject: subjectName.optional(),
      resource: resourceName.optional(),
      destination: destinationId.optional(),
      role: roleName.optional(),
      /** Part of the subject (`group:platform` and `workload:deploy` find by their kind too) or of the resource. */
      search: searchText.optional(),
      /** Which have an end, before this time. */
      endsBefore: time.optional(),
      state: z.enum(['pending', 'applied', 'failed']).optional(),
    }),
    result: pageOf(grant),
  }),
  get: endpoint({
    name: 'grants.get',
    summary: 'One grant',
    method: 'GET',
    path: '/api/v1/grants/:id',
    access: 'view',
    params: idParams(grantId),
    result: grant,
  }),
  create: endpoint({
    name: 'grants.create',
    summary: 'Grant a role on a resource',
    method: 'POST',
    path: '/api/v1/grants',
    access: 'admin',
    body: wish,
    result: z.object({ grant, change }),
    status: 201,
  }),
  preview: endpoint({
    name: 'grants.preview',
    summary: 'What a grant would change for whom; makes nothing',
    method: 'POST',
    path: '/api/v1/grant-preview',
    access: 'view',
    body: wish,
    result: grantPreview,
  }),
  /** By the rules of `create`. What is left out stays; null takes it off. */
  update: endpoint({
    name: 'grants.update',
    summary: 'Change the end, the reason or the second factor of a grant',
    method: 'PATCH',
    path: '/api/v1/grants/:id',
    access: 'admin',
    params: idParams(grantId),
    body: z
      .strictObject({ until: time.nullable().optional(), reason: note.nullable().optional(), mfaSeconds: mfaWish.nullable().optional() })
      .refine((changes) => Object.values(changes).some((value) => value !== undefined), 'name until, reason or mfaSeconds to change'),
    result: z.object({ grant, change }),
  }),
  /** All of them or, when one is not in force, none. */
  removeMany: endpoint({
    name: 'grants.removeMany',
    summary: 'Remove several grants at once',
    method: 'POST',
    path: '/api/v1/grant-removals',
    access: 'admin',
    body: z.strictObject({
      ids: z
        .array(grantId)
        .min(1, 'name at least one grant')
        .max(200, 'must be 200 grants at most')
        .refine((ids) => new Set(ids).size === ids.length, 'names a grant twice'),
    }),
    result: z.object({ removed: z.int(), change }),
  }),
  remove: endpoint({
    name: 'grants.remove',
    summary: 'Remove a grant',
    method: 'DELETE',
    path: '/api/v1/grants/:id',
    access: 'admin',
    params: idParams(grantId),
    result: z.object({ change }),
  }),
  mine: endpoint({
    name: 'grants.mine',
    summary: 'What I may reach, as what, until when',
    method: 'GET',
    path: '/api/v1/access',
    access: 'session',
    result: z.object({ reachable: z.array(reachable), caCertificates: z.string() }),
  }),
};
