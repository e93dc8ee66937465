import { auditEvent, type AuditEvent } from '../../shared/api/audit.ts';
import type { Page, PageRequest } from '../../shared/api/pagination.ts';
import type { Handle } from '../storage/database.ts';
import { decodeCursor, toPage } from '../storage/page.ts';
import type { Database } from '../storage/schema.ts';

export interface AuditFilter extends PageRequest {
  readonly actor?: string | undefined;
  readonly destination?: string | undefined;
  /** A whole name, `grant.added`, or a family, `grant`. */
  readonly event?: string | undefined;
  readonly outcome?: string | undefined;
  readonly since?: string | undefined;
  readonly until?: string | undefined;
}

export interface AuditStore {
  insert(events: readonly AuditEvent[]): Promise<void>;
  insertMissing(events: readonly AuditEvent[]): Promise<void>;
  /** Newest first. */
  list(filter: AuditFilter): Promise<Page<AuditEvent>>;
}

export function createAuditStore(db: Handle): AuditStore {
  const insert = async (events: readonly AuditEvent[]): Promise<void> => {
    if (events.length > 0) await db.insertInto('audit_events').values(events.map(toRow)).execute();
  };
  return {
    insert,
    insertMissing: async (events) => {
      const unique = [...new Map(events.map((event) => [event.id as string, event])).values()];
      const present = await db
        .selectFrom('audit_events')
        .select('id')
        .where(
          'id',
          'in',
          unique.map(({ id }) => id as string),
        )
        .execute();
      const known = new Set(present.map(({ id }) => id));
      await insert(unique.filter(({ id }) => !known.has(id)));
    },
    list: async (filter) => {
      let query = db.selectFrom('audit_events').selectAll();
      const { actor } = filter;
      if (actor !== undefined) query = query.where((eb) => eb.or([eb('actor_name', '=', actor), eb('actor_id', '=', actor)]));
      if (filter.destination !== undefined) query = query.where('destination_id', '=', filter.destination);
      if (filter.event !== undefined)
        query = filter.event.includes('.')
          ? query.where('event', '=', filter.event)
          : query.where('event', '>', `${filter.event}.`).where('event', '<', `${filter.event}/`);
      if (filter.outcome !== undefined) query = query.where('outcome', '=', filter.outcome);
      if (filter.since !== undefined) query = query.where('at', '>=', filter.since);
      if (filter.until !== undefined) query = query.where('at', '<', filter.until);
      const after = decodeCursor(filter.cursor);
      if (after !== undefined)
        query = query.where((eb) => eb.or([eb('at', '<', after.key), eb.and([eb('at', '=', after.key), eb('id', '<', after.id)])]));
      const rows = await query
        .orderBy('at', 'desc')
        .orderBy('id', 'desc')
        .limit(filter.limit + 1)
        .execute();
      return toPage(rows, filter, { item: fromRow, cursor: (row) => ({ key: row.at, id: row.id }) });
    },
  };
}

const toRow = (event: AuditEvent): Database['audit_events'] => ({
  id: event.id,
  at: event.at,
  event: event.event,
  actor_id: event.actor.id,
  actor_name: event.actor.name,
  destination_id: event.destination?.id ?? null,
  outcome: event.outcome,
  body: JSON.stringify(event),
});

const fromRow = (row: Database['audit_events']): AuditEvent => auditEvent.parse(JSON.parse(row.body));
