/** Access keys: long-lived sessions for automation. A key is exchanged for a session at login; the session never outlives the key. */
import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { pageOf, pageQuery } from './pagination.ts';
import { accessKeyId, change, identityId, idParams, localName, time } from './values.ts';

export const accessKey = z.object({
  id: accessKeyId,
  name: z.string(),
  identity: z.object({ id: identityId, name: z.string() }),
  createdAt: time,
  expiresAt: time,
  /** Seconds without a login after which the key is dead. */
  idleSeconds: z.int().nullable(),
  lastUsedAt: time.nullable(),
  createdBy: z.string(),
});
export type AccessKey = z.output<typeof accessKey>;

export const accessKeys = {
  /** Without `identity`: one's own. Others need `view` on infra. */
  list: endpoint({
    name: 'accessKeys.list',
    summary: 'Access keys',
    method: 'GET',
    path: '/api/v1/access-keys',
    access: 'session',
    query: pageQuery.extend({ identity: identityId.optional(), all: z.enum(['true', 'false']).optional() }),
    result: pageOf(accessKey),
  }),
  /** For oneself, or with `admin` on infra for anyone. Not from a session that a key opened: a leaked key must not make its successor. */
  create: endpoint({
    name: 'accessKeys.create',
    summary: 'Make an access key, shown once',
    method: 'POST',
    path: '/api/v1/access-keys',
    access: 'session',
    body: z.strictObject({
      name: localName,
      /** An email or `workload:NAME`; absent: oneself. */
      identity: z.string().max(300).optional(),
      /** A minute to two years. */
      expiresInSeconds: z
        .int()
        .min(60)
        .max(2 * 366 * 86_400)
        .default(30 * 86_400),
      idleSeconds: z
        .int()
        .min(60)
        .max(366 * 86_400)
        .optional(),
    }),
    result: z.object({ accessKey, secret: z.string() }),
    status: 201,
  }),
  remove: endpoint({
    name: 'accessKeys.remove',
    summary: 'Remove an access key; its sessions and leases end',
    method: 'DELETE',
    path: '/api/v1/access-keys/:id',
    access: 'session',
    params: idParams(accessKeyId),
    result: z.object({ change }),
  }),
};
