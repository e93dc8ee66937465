/** Leases: issued credentials. */
import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { pageOf, pageQuery } from './pagination.ts';
import { change, destinationId, identityId, idParams, leaseId, sessionId, time } from './values.ts';

export const lease = z.object({
  id: leaseId,
  kind: z.enum(['kubernetes']),
  state: z.enum(['active', 'revoked', 'expired']),
  identity: z.object({ id: identityId, name: z.string() }),
  sessionId,
  destination: z.object({ id: destinationId, name: z.string() }),
  issuedAt: time,
  expiresAt: time,
  revokedAt: time.nullable(),
  revokedBecause: z.string().nullable(),
});
export type Lease = z.output<typeof lease>;

export const issuedLease = z.object({
  lease,
  /** Leaf and intermediate, PEM. */
  certificateChain: z.string(),
  /** Roots that the connector's certificate is to be checked with, PEM. */
  caCertificates: z.string(),
  /** What made `expiresAt` as early as it is. */
  limitedBy: z.enum(['setting', 'session', 'grant', 'second-factor']),
  /** No connector of the destination is in contact with the server, so that nothing gets there until one is; null: one is. */
  offline: z.object({ /** Null: none was ever heard of. */ lastSeenAt: time.nullable() }).nullable(),
});

export const leases = {
  /** The CSR proves possession of the key and decides nothing else. */
  create: endpoint({
    name: 'leases.create',
    summary: 'A short-lived certificate for one destination',
    method: 'POST',
    path: '/api/v1/leases',
    access: 'session',
    body: z.strictObject({ destination: destinationId, /** PKCS #10, PEM, P-256. */ csr: z.string().max(8192) }),
    result: issuedLease,
    status: 201,
  }),
  /** Without `identity`: one's own. Others need `view` on infra. */
  list: endpoint({
    name: 'leases.list',
    summary: 'Leases',
    method: 'GET',
    path: '/api/v1/leases',
    access: 'session',
    query: pageQuery.extend({
      identity: identityId.optional(),
      all: z.enum(['true', 'false']).optional(),
      destination: destinationId.optional(),
      live: z.enum(['true', 'false']).optional(),
    }),
    result: pageOf(lease),
  }),
  get: endpoint({
    name: 'leases.get',
    summary: 'One lease: the owner, or with `view` on infra',
    method: 'GET',
    path: '/api/v1/leases/:id',
    access: 'session',
    params: idParams(leaseId),
    result: lease,
  }),
  revoke: endpoint({
    name: 'leases.revoke',
    summary: 'Revoke a lease: the owner, or with `admin` on infra',
    method: 'POST',
    path: '/api/v1/leases/:id/revoke',
    access: 'session',
    params: idParams(leaseId),
    result: z.object({ change }),
  }),
};
