/** What a connector and the server tell each other. A connector reads and writes only its own destination. */
import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { destinationSettings, discovery } from './destinations.ts';
import { toldStreams } from './open-streams.ts';
import { requestEventFields } from './audit.ts';
import { auditEventId, connectorId, destinationId, grantId, identityId, leaseId, time } from './values.ts';

export const desiredGrant = z.object({
  id: grantId,
  role: z.string(),
  /** Null: the whole cluster. */
  namespace: z.string().nullable(),
  until: time.nullable(),
  /** The group it came through; `connect` passes it on. */
  group: z.string().nullable(),
});
export type DesiredGrant = z.output<typeof desiredGrant>;

/** A grant that holds only while a second factor was proven no longer ago than this in the lease's session. */
export const desiredMfaGrant = desiredGrant.extend({ mfaSeconds: z.int().min(1) });
export type DesiredMfaGrant = z.output<typeof desiredMfaGrant>;

export const desiredIdentity = z.object({
  id: identityId,
  kind: z.enum(['user', 'workload']),
  /** Email of a user, name of a workload. */
  name: z.string(),
  status: z.enum(['active', 'disabled']),
  grants: z.array(desiredGrant),
  /** Those of `impersonate:…`, apart: a connector that does not know such roles sees none of them, and binds none. */
  impersonateGrants: z.array(desiredGrant).optional(),
  /** Of every role, apart: a connector that does not know the condition lends none of them. */
  mfaGrants: z.array(desiredMfaGrant).optional(),
});
export type DesiredIdentity = z.output<typeof desiredIdentity>;

export const desiredLease = z.object({
  id: leaseId,
  identityId,
  /** A revoked lease stays in the state until its session would have ended: its streams may outlive the certificate. */
  status: z.enum(['active', 'revoked']),
  expiresAt: time,
  /** End of its session: streams opened with it may outlive the certificate, not this. */
  sessionExpiresAt: time,
  /** When a second factor was last proven in its session; null, or from a server that does not say: never. */
  mfaAt: time.nullable().optional(),
});
export type DesiredLease = z.output<typeof desiredLease>;

const position = { epoch: z.string(), revision: z.int() };

export const desiredDestination = destinationSettings.omit({ leaseTtlSeconds: true }).extend({
  id: destinationId,
  name: z.string(),
  /** Destinations, removed since, whose connectors guarded this same cluster: what they own here is to be taken away. */
  predecessors: z.array(destinationId),
});

/**
 * `full` replaces everything; `delta` replaces the identities and leases it names and drops `removedIdentities` and `removedLeases`.
 * A lease that is in no state is no lease: the certificate is refused.
 */
export const desiredState = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('full'),
    ...position,
    serverTime: time,
    destination: desiredDestination,
    identities: z.array(desiredIdentity),
    leases: z.array(desiredLease),
  }),
  z.object({
    kind: z.literal('delta'),
    ...position,
    since: z.int(),
    serverTime: time,
    destination: desiredDestination,
    identities: z.array(desiredIdentity),
    removedIdentities: z.array(identityId),
    leases: z.array(desiredLease),
    removedLeases: z.array(leaseId),
  }),
]);
export type DesiredState = z.output<typeof desiredState>;

export const changeNotice = z.object({ ...position });
export type ChangeNotice = z.output<typeof changeNotice>;

/** One line of a connector's access log on its way into the server's audit. */
export const accessEvent = z.object({ id: auditEventId, at: time, ...requestEventFields });
export type AccessEvent = z.output<typeof accessEvent>;

const replica = z.string().regex(/^[A-Za-z0-9._-]{1,100}$/);
const sequence = z.int().min(0);

export const connectors = {
  enrol: endpoint({
    name: 'connectors.enrol',
    summary: 'Bind a connector’s key to its destination with a join token',
    method: 'POST',
    path: '/api/v1/connector/enrol',
    access: 'public',
    body: z.strictObject({
      joinToken: z.string().max(500),
      /** JWK (RFC 7517) of the P-256 key that will sign assertions. */
      publicKey: z.strictObject({ kty: z.literal('EC'), crv: z.literal('P-256'), x: z.string().length(43), y: z.string().length(43) }),
      /** UID of the namespace kube-system: which cluster this is. */
      clusterUid: z.string().max(100).nullable(),
      version: z.string().max(100),
    }),
    result: z.object({
      connectorId,
      destination: z.object({ id: destinationId, name: z.string() }),
      trustDomain: z.string(),
      caCertificates: z.string(),
      serverTime: time,
    }),
    status: 201,
  }),
  desiredState: endpoint({
    name: 'connectors.desiredState',
    summary: 'Who may come in here, as a whole or since a revision',
    method: 'GET',
    path: '/api/v1/connector/desired-state',
    access: 'connector',
    query: z.strictObject({ epoch: z.string().max(100).optional(), since: z.coerce.number().int().min(0).optional() }),
    result: desiredState,
  }),
  changes: endpoint({
    name: 'connectors.changes',
    summary: 'Notices of new revisions, as server-sent events named `change`',
    method: 'GET',
    path: '/api/v1/connector/changes',
    access: 'connector',
    result: changeNotice,
    stream: true,
  }),
  /** The gate has a revision (`enforced`), or the cluster’s bindings have (`applied`). A later acknowledgement covers earlier revisions; an earlier `sequence` changes nothing. */
  acknowledge: endpoint({
    name: 'connectors.acknowledge',
    summary: 'A revision is enforced or applied',
    method: 'POST',
    path: '/api/v1/connector/acknowledgements',
    access: 'connector',
    body: z.strictObject({
      replica,
      sequence,
      epoch: z.string().max(100),
      revision: z.int().min(0),
      kind: z.enum(['enforced', 'applied']),
      streamsClosed: z.int().min(0).default(0),
    }),
    status: 204,
  }),
  report: endpoint({
    name: 'connectors.report',
    summary: 'State of each grant, what exists here, and how to reach the connector',
    method: 'POST',
    path: '/api/v1/connector/report',
    access: 'connector',
    body: z.strictObject({
      replica,
      sequence,
      version: z.string().max(100),
      clusterUid: z.string().max(100).nullable(),
      address: z.string().max(300).nullable(),
      discovery: discovery.nullable(),
      /** Complete: what is not named has no state. */
      grants: z
        .array(z.strictObject({ id: grantId, state: z.enum(['applied', 'failed']), reason: z.string().max(1000).nullable() }))
        .max(100_000),
    }),
    status: 204,
  }),
  /** Replaces what this replica told before; kept while the connector is in contact, and 90 s at most where something is open. */
  tellStreams: endpoint({
    name: 'connectors.tellStreams',
    summary: 'What is open here now',
    method: 'POST',
    path: '/api/v1/connector/streams',
    access: 'connector',
    body: z.strictObject({ replica, sequence, ...toldStreams.shape }),
    status: 204,
  }),
  uploadAudit: endpoint({
    name: 'connectors.uploadAudit',
    summary: 'Access log lines; each is stored once however often it arrives',
    method: 'POST',
    path: '/api/v1/connector/audit-events',
    access: 'connector',
    body: z.strictObject({ replica, events: z.array(accessEvent).min(1).max(1000) }),
    status: 204,
  }),
  servingCertificate: endpoint({
    name: 'connectors.servingCertificate',
    summary: 'A serving certificate for the connector’s own name and address',
    method: 'POST',
    path: '/api/v1/connector/serving-certificate',
    access: 'connector',
    body: z.strictObject({ csr: z.string().max(8192), /** Host of `address`: a DNS name or IP. */ host: z.string().max(253).nullable() }),
    result: z.object({ certificateChain: z.string(), caCertificates: z.string(), expiresAt: time }),
    status: 201,
  }),
};
