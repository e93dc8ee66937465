/** Grants: the only source of allow. */
import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { pageOf, pageQuery } from './pagination.ts';
import { change, destinationId, grantId, idParams, note, resourceName, roleName, subject, subjectName, time } from './values.ts';
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
    body: z.strictObject({
      subject: subjectName,
      role: roleName,
      resource: resourceName,
      until: time.optional(),
      /** A minute to a day. */
      mfaSeconds: z.int().min(60).max(86_400).optional(),
      reason: note.optional(),
    }),
    result: z.object({ grant, change }),
    status: 201,
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
