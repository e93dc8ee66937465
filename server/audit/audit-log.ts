/**
 * The audit log. Owns how an event becomes a row; trusts its callers to record in the transaction of the change they describe. Knows nothing of
 * sessions, grants or HTTP.
 */
import { newId } from '../../shared/id.ts';
import { toTime } from '../../shared/clock.ts';
import { auditEvent, type AuditDetails, type AuditEvent, type AuditEventName } from '../../shared/api/audit.ts';
import type { Act } from './caller.ts';
import type { AuditStore } from './audit-store.ts';

export interface AuditRecord<Name extends AuditEventName = AuditEventName> {
  readonly event: Name;
  readonly act: Act;
  readonly outcome?: AuditEvent['outcome'];
  readonly destination?: { readonly id: string; readonly name: string };
  readonly details: AuditDetails<Name>;
}

export interface AuditLog {
  /** Checks the event against the catalogue and stores it; what does not fit is our bug and fails the change with it. */
  record<Name extends AuditEventName>(record: AuditRecord<Name>): Promise<void>;
  /** Events that came with an id of their own, each stored once however often it arrives. */
  recordOnce(events: readonly AuditEvent[]): Promise<void>;
}

/** Of one transaction. */
export interface RecordingAuditLog extends AuditLog {
  /** What it holds so far. */
  recorded(): readonly AuditEvent[];
}

export function createAuditLog(store: AuditStore): RecordingAuditLog {
  const recorded: AuditEvent[] = [];
  return {
    recorded: () => recorded,
    record: async (record) => {
      const {
        act: { by, now },
        destination,
      } = record;
      const event = auditEvent.parse({
        id: newId('auditEvent', now),
        at: toTime(now),
        event: record.event,
        actor: by.actor,
        source: by.source,
        outcome: record.outcome ?? 'success',
        destination: destination === undefined ? null : { id: destination.id, name: destination.name },
        details: record.details,
      });
      await store.insert([event]);
      recorded.push(event);
    },
    recordOnce: async (events) => {
      await store.insertMissing(events);
      recorded.push(...events);
    },
  };
}
