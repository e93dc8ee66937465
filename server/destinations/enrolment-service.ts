/** Enrolment: a join token binds one key to one destination, for ever. Repeating it with the same key gives the same answer. */
import { createHash } from 'node:crypto';
import { fromTime, toTime, type Clock } from '../../shared/clock.ts';
import { newId } from '../../shared/id.ts';
import { parseJoinToken } from '../../shared/node/join-token.ts';
import type { AuditSource } from '../../shared/api/audit.ts';
import { DomainError } from '../../shared/api/problem.ts';
import type { ConnectorId } from '../../shared/api/values.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import { anonymous, connectorAuthor } from '../audit/caller.ts';
import type { Transact } from '../storage/transact.ts';
import type { ConnectorRecord, ConnectorStore } from './connector-store.ts';
import type { DestinationRecord, DestinationStore } from './destination-store.ts';

interface Stores {
  readonly destinations: DestinationStore;
  readonly connectors: ConnectorStore;
  readonly audit: AuditLog;
}
export interface EnrolmentServiceOptions {
  readonly transact: Transact<Stores>;
  readonly trustDomain: string;
  readonly rootCertificate: string;
  /** Counts a failure from an address; answers when there were too many. */
  readonly countFailure: (source: AuditSource) => Promise<{ readonly error: DomainError; readonly isFirst: boolean } | undefined>;
  readonly clock: Clock;
}
export interface EnrolmentRequest {
  readonly joinToken: string;
  readonly publicKey: { readonly kty: 'EC'; readonly crv: 'P-256'; readonly x: string; readonly y: string };
  readonly clusterUid: string | null;
  readonly version: string;
}

export const hashJoinSecret = (secret: string): string => createHash('sha256').update(secret).digest('hex');

/** RFC 7638: the members in lexical order, no spaces. */
export const keyThumbprint = ({ crv, kty, x, y }: EnrolmentRequest['publicKey']): string =>
  createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');

export type EnrolmentService = ReturnType<typeof createEnrolmentService>;

export function createEnrolmentService({ transact, trustDomain, rootCertificate, countFailure, clock }: EnrolmentServiceOptions) {
  return {
    enrol: async (request: EnrolmentRequest, source: AuditSource) => {
      const outcome = await transact(async (stores) => bindConnector(stores, request, { source, now: clock.now() }));
      if ('refused' in outcome) {
        const limit = await countFailure(source);
        if (limit !== undefined && !limit.isFirst) throw limit.error;
        // Recorded by itself: the refused attempt's own transaction must leave nothing else.
        await transact(async ({ audit }) =>
          audit.record({
            event: 'connector.refused',
            act: { by: anonymous(source), now: clock.now() },
            outcome: 'refused',
            details: { connector: '', reason: outcome.refused },
          }),
        );
        throw new DomainError(outcome.code, outcome.refused);
      }
      const { connector, destination } = outcome;
      return {
        connectorId: connector.id,
        destination: { id: destination.id, name: destination.name },
        trustDomain,
        caCertificates: rootCertificate,
        serverTime: toTime(clock.now()),
      };
    },
  };
}

type Outcome =
  | { readonly connector: ConnectorRecord; readonly destination: DestinationRecord }
  | { readonly refused: string; readonly code: 'token.invalid' | 'destination.bound-elsewhere' | 'connector.key-mismatch' };

const notValid: Outcome = {
  code: 'token.invalid',
  refused:
    'The join token does not hold: it is used, over an hour old, or of a destination that is gone. Make a new one: infra destinations token NAME',
};

async function bindConnector(
  stores: Stores,
  request: EnrolmentRequest,
  { source, now }: { source: AuditSource; now: number },
): Promise<Outcome> {
  const token = parseJoinToken(request.joinToken);
  if (token === undefined) return notValid;
  const secretHash = hashJoinSecret(token.secret);
  const record = await stores.connectors.findJoinToken(secretHash);
  if (record === undefined || record.destinationId !== token.destinationId || fromTime(record.expiresAt) <= now) return notValid;
  const destination = await stores.destinations.findLive(record.destinationId);
  if (destination === undefined) return notValid;
  if (destination.clusterUid !== null && request.clusterUid !== null && destination.clusterUid !== request.clusterUid) {
    return {
      code: 'destination.bound-elsewhere',
      refused: `The destination ${destination.name} guards another cluster. Add a destination of its own for this one: infra destinations add NAME`,
    };
  }
  const thumbprint = keyThumbprint(request.publicKey);
  const isBound = await stores.connectors.bindJoinToken(secretHash, thumbprint, now);
  if (!isBound) return notValid;
  const known = await stores.connectors.findByKey(thumbprint);
  if (known !== undefined) {
    return known.destinationId === destination.id
      ? { connector: known, destination }
      : {
          code: 'connector.key-mismatch',
          refused: 'This connector’s key belongs to another destination. Give the connector a state directory of its own.',
        };
  }
  const connector: ConnectorRecord = {
    // An id made with the prefix of connectors is one.
    id: newId('connector', now) as ConnectorId,
    destinationId: destination.id,
    publicKey: JSON.stringify(request.publicKey),
    keyThumbprint: thumbprint,
    version: request.version,
    enrolledAt: toTime(now),
    lastSeenAt: toTime(now),
  };
  await stores.connectors.insert(connector);
  if (request.clusterUid !== null) await stores.destinations.bindCluster(destination.id, request.clusterUid);
  await stores.audit.record({
    event: 'connector.enrolled',
    act: { by: connectorAuthor(connector.id, destination.name, source), now },
    destination,
    details: { connector: connector.id, clusterUid: request.clusterUid },
  });
  return { connector, destination };
}
