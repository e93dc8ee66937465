/** Destinations: what access is brokered to. */
import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { tunnelSummary } from './connector-tunnel.ts';
import { openStreamsResult } from './open-streams.ts';
import { pageOf, pageQuery } from './pagination.ts';
import { change, connectorId, destinationId, destinationName, idParams, note, searchText, time } from './values.ts';

/** Only kinds that connectors of this version serve. */
export const destinationKind = z.enum(['kubernetes']);

export const destinationSettings = z.object({
  /** Life of a credential for this destination, 5 min … 24 h; null: the server's `lease.ttl`. */
  leaseTtlSeconds: z.int().min(300, 'must be 5 minutes at least').max(86_400, 'must be 24 hours at most').nullable(),
  /** Without contact for longer, the connector refuses and ends streams; 60 s … 24 h. */
  stalenessLimitSeconds: z.int().min(60, 'must be a minute at least').max(86_400, 'must be 24 hours at most'),
  auditMode: z.enum(['required', 'bestEffort']),
  /** Before the email of the impersonated user. */
  userPrefix: z.string().regex(/^[a-z][a-z0-9-]{0,30}:$/, 'must be lower-case letters, digits or "-" and end with ":", such as infra:'),
});
export type DestinationSettings = z.output<typeof destinationSettings>;

/** What exists at the destination, as its connector found it. */
export const discovery = z.object({
  namespaces: z.array(z.string().max(63)).max(20_000),
  /** ClusterRoles that may be granted. */
  clusterRoles: z.array(z.string().max(253)).max(20_000),
  /** Roles that may be granted, `namespace/name`. */
  roles: z.array(z.string().max(320)).max(50_000),
  kubernetesVersion: z.string().max(100),
});
export type Discovery = z.output<typeof discovery>;

export const connectorSummary = z.object({
  id: connectorId,
  version: z.string(),
  enrolledAt: time,
  lastSeenAt: time.nullable(),
  /** Its change stream is open now. */
  online: z.boolean(),
  enforcedRevision: z.int().nullable(),
  appliedRevision: z.int().nullable(),
  /** Without further contact it refuses everybody and ends streams from then on; while it is online that moves on with the time. */
  refusesFrom: time,
  /** That time has come. */
  stale: z.boolean(),
  /** By which the relay reaches it now. */
  tunnels: z.array(tunnelSummary),
});

export const destination = z.object({
  id: destinationId,
  name: z.string(),
  kind: destinationKind,
  /** `host:port` that kubeconfigs point at; null until a connector has told it. */
  address: z.string().nullable(),
  createdAt: time,
  settings: destinationSettings,
  connectors: z.array(connectorSummary),
  discovery: discovery.nullable(),
});
export type Destination = z.output<typeof destination>;

/** What a kubeconfig needs to reach a destination; no secret, and no right either. */
export const directoryEntry = z.object({
  id: destinationId,
  name: z.string(),
  kind: destinationKind,
  address: z.string().nullable(),
  /** The name in the connector's serving certificate. */
  tlsServerName: z.string(),
  /** `host:port` that kubectl reaches it by through the server's relay. */
  relayAddress: z.string(),
  /** Tunnels that lead to it now; 0: the relay does not reach it. */
  tunnels: z.int(),
  /** A connector of it is in contact with the server. */
  online: z.boolean(),
  /** When one was last heard of; null: never. */
  lastSeenAt: time.nullable(),
});
export type DirectoryEntry = z.output<typeof directoryEntry>;

const joinToken = z.object({ joinToken: z.string(), expiresAt: time });

export const destinations = {
  list: endpoint({
    name: 'destinations.list',
    summary: 'Destinations, by name',
    method: 'GET',
    path: '/api/v1/destinations',
    access: 'view',
    query: pageQuery.extend({ name: z.string().max(100).optional(), /** Part of the name. */ search: searchText.optional() }),
    result: pageOf(destination),
  }),
  get: endpoint({
    name: 'destinations.get',
    summary: 'One destination',
    method: 'GET',
    path: '/api/v1/destinations/:id',
    access: 'view',
    params: idParams(destinationId),
    result: destination,
  }),
  create: endpoint({
    name: 'destinations.create',
    summary: 'Add a destination; the join token is shown once',
    method: 'POST',
    path: '/api/v1/destinations',
    access: 'admin',
    body: z.strictObject({
      name: destinationName,
      kind: destinationKind.default('kubernetes'),
      settings: destinationSettings.partial().optional(),
    }),
    result: z.object({ destination, ...joinToken.shape }),
    status: 201,
  }),
  update: endpoint({
    name: 'destinations.update',
    summary: 'Change settings of a destination',
    method: 'PATCH',
    path: '/api/v1/destinations/:id',
    access: 'admin',
    params: idParams(destinationId),
    body: z.strictObject(destinationSettings.partial().shape),
    result: z.object({ destination, change }),
  }),
  /** Its grants, leases and connectors go with it; a later destination of the same name is another one. */
  remove: endpoint({
    name: 'destinations.remove',
    summary: 'Remove a destination',
    method: 'DELETE',
    path: '/api/v1/destinations/:id',
    access: 'admin',
    params: idParams(destinationId),
    result: z.object({ change }),
  }),
  createJoinToken: endpoint({
    name: 'destinations.createJoinToken',
    summary: 'A new join token for a connector',
    method: 'POST',
    path: '/api/v1/destinations/:id/join-tokens',
    access: 'admin',
    params: idParams(destinationId),
    body: z.strictObject({ reason: note.optional() }).optional(),
    result: joinToken,
    status: 201,
  }),
  /** In the server's memory alone, for as long as its connectors are in contact. */
  streams: endpoint({
    name: 'destinations.streams',
    summary: 'What is open at a destination now',
    method: 'GET',
    path: '/api/v1/destinations/:id/streams',
    access: 'view',
    params: idParams(destinationId),
    result: openStreamsResult,
  }),
  /** Names and addresses of all destinations: nobody gets anything from it without a grant, and one must be able to name what to ask for. */
  directory: endpoint({
    name: 'destinations.directory',
    summary: 'Where destinations are',
    method: 'GET',
    path: '/api/v1/directory',
    access: 'session',
    query: z.strictObject({ name: z.string().max(100).optional() }),
    result: z.object({ destinations: z.array(directoryEntry), caCertificates: z.string() }),
  }),
};
