/** What connectors tell the server: acknowledgements, reports, access logs, wishes for a serving certificate. Each writes its own destination's records alone. */
import { toTime, type Clock } from '../../shared/clock.ts';
import type { AuditEvent } from '../../shared/api/audit.ts';
import type { AccessEvent } from '../../shared/api/connectors.ts';
import type { Discovery } from '../../shared/api/destinations.ts';
import { DomainError } from '../../shared/api/problem.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import { connectorAuthor } from '../audit/caller.ts';
import type { ConnectorCaller } from '../http/route.ts';
import type { ChangeBell, ChangeFeed } from '../storage/change-feed.ts';
import type { Transact } from '../storage/transact.ts';
import { toAuditEvents } from './access-event-rules.ts';
import type { AcknowledgementStore } from './acknowledgement-store.ts';
import type { ConnectorStore } from './connector-store.ts';
import type { DestinationStore } from './destination-store.ts';

/** What connectors need of grants: where to note how each fared. */
export interface GrantStates {
  replace(connectorId: string, destinationId: string, states: readonly GrantReport[], at: string): Promise<void>;
}
export interface GrantReport {
  readonly id: string;
  readonly state: 'applied' | 'failed';
  readonly reason: string | null;
}
/** What they need of the authority. */
export interface ServingCertificates {
  issueForConnector(request: {
    readonly csr: string;
    readonly destinationId: string;
    readonly host: string | null;
  }): Promise<{ readonly chain: string; readonly serial: string; readonly expiresAt: number }>;
  readonly rootCertificate: string;
}
/** Who an id belongs to, for lines of the access log. */
export type NameIdentities = (
  ids: readonly string[],
) => Promise<ReadonlyMap<string, { readonly kind: 'user' | 'workload'; readonly name: string }>>;

interface Stores {
  readonly destinations: DestinationStore;
  readonly connectors: ConnectorStore;
  readonly acknowledgements: AcknowledgementStore;
  readonly grantStates: GrantStates;
  readonly audit: AuditLog;
  readonly feed: ChangeFeed;
}
export interface ConnectorServiceOptions {
  readonly read: Pick<Stores, 'feed'>;
  readonly transact: Transact<Stores>;
  readonly bell: ChangeBell;
  readonly certificates: ServingCertificates;
  readonly nameIdentities: NameIdentities;
  /** After a report: of what the cluster holds, and how each grant fared. */
  readonly reported: () => void;
  readonly clock: Clock;
}
export interface Acknowledged {
  readonly replica: string;
  readonly sequence: number;
  readonly epoch: string;
  readonly revision: number;
  readonly kind: 'enforced' | 'applied';
  readonly streamsClosed: number;
}
export interface Reported {
  readonly replica: string;
  readonly sequence: number;
  readonly version: string;
  readonly clusterUid: string | null;
  readonly address: string | null;
  readonly discovery: Discovery | null;
  readonly grants: readonly GrantReport[];
}

export type ConnectorService = ReturnType<typeof createConnectorService>;

export function createConnectorService({ read, transact, bell, certificates, nameIdentities, reported, clock }: ConnectorServiceOptions) {
  return {
    acknowledge: async (input: Acknowledged, caller: ConnectorCaller): Promise<void> => {
      const { epoch, revision } = await read.feed.position();
      // Of another epoch, or of a revision that was never given out: a claim about nothing.
      if (input.epoch !== epoch || input.revision > revision) return;
      const isNew = await transact(async (stores) => {
        const now = clock.now();
        const stored = await stores.acknowledgements.insert({ connectorId: caller.connectorId, ...input, at: toTime(now) });
        if (stored && input.kind === 'enforced' && input.streamsClosed > 0) {
          const details = { connector: caller.connectorId, revision: input.revision, streamsClosed: input.streamsClosed };
          await stores.audit.record({
            event: 'change.enforced',
            act: { by: connectorAuthor(caller.connectorId, caller.destination.name, caller.source), now },
            destination: caller.destination,
            details,
          });
        }
        return stored;
      });
      if (isNew) bell.ringAcknowledged();
    },

    report: async (input: Reported, caller: ConnectorCaller): Promise<void> => {
      await transact(async (stores) => {
        const destination = await stores.destinations.findLive(caller.destination.id);
        if (destination === undefined) return;
        if (destination.clusterUid !== null && input.clusterUid !== null && destination.clusterUid !== input.clusterUid) {
          throw new DomainError(
            'destination.bound-elsewhere',
            `The destination ${destination.name} guards another cluster. Add a destination of its own for this one: infra destinations add NAME`,
          );
        }
        const isNewer = await stores.connectors.advanceReport(caller.connectorId, input);
        if (!isNewer) return;
        if (destination.clusterUid === null && input.clusterUid !== null) {
          await stores.destinations.bindCluster(destination.id, input.clusterUid);
          // Now that the cluster is known its predecessors are too.
          await stores.feed.append([{ destinationId: destination.id, kind: 'destination', subjectId: destination.id }], {
            by: connectorAuthor(caller.connectorId, destination.name, null),
            now: clock.now(),
          });
        }
        await stores.destinations.saveReport(destination.id, input);
        await stores.grantStates.replace(caller.connectorId, destination.id, input.grants, toTime(clock.now()));
      });
      reported();
    },

    storeAccessLog: async (events: readonly AccessEvent[], caller: ConnectorCaller): Promise<void> => {
      const names = await nameIdentities([...new Set(events.map(({ identityId }) => identityId).filter((id) => id !== null))]);
      const audited: AuditEvent[] = toAuditEvents(events, { destination: caller.destination, names });
      await transact(async ({ audit }) => audit.recordOnce(audited));
    },

    servingCertificate: async (input: { readonly csr: string; readonly host: string | null }, caller: ConnectorCaller) => {
      const issued = await certificates.issueForConnector({ csr: input.csr, destinationId: caller.destination.id, host: input.host });
      await transact(async ({ audit, destinations }) => {
        const destination = await destinations.findLive(caller.destination.id);
        if (destination === undefined) throw new DomainError('destination.not-found', 'This connector’s destination was removed.');
        const details = { connector: caller.connectorId, serial: issued.serial, expiresAt: toTime(issued.expiresAt) };
        await audit.record({
          event: 'connector.certificate-issued',
          act: { by: connectorAuthor(caller.connectorId, destination.name, caller.source), now: clock.now() },
          destination,
          details,
        });
      });
      return { certificateChain: issued.chain, caCertificates: certificates.rootCertificate, expiresAt: toTime(issued.expiresAt) };
    },
  };
}
