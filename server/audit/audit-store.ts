import { sql, type ExpressionBuilder } from 'kysely';
import { auditEvent, type AuditEvent } from '../../shared/api/audit.ts';
import type { Page, PageRequest } from '../../shared/api/pagination.ts';
import type { Handle } from '../storage/database.ts';
import { decodeCursor, encodeCursor, toPage } from '../storage/page.ts';
import type { Database } from '../storage/schema.ts';
import { holdsText } from '../storage/search.ts';

export interface AuditFilter extends PageRequest {
  readonly actor?: string | undefined;
  readonly destination?: string | undefined;
  /** Whole names, `grant.added`, or families, `grant`, separated by commas. */
  readonly event?: string | undefined;
  readonly verb?: string | undefined;
  /** Part of the actor’s name or of a request’s path. */
  readonly search?: string | undefined;
  readonly outcome?: string | undefined;
  readonly since?: string | undefined;
  readonly until?: string | undefined;
}

export interface AuditStore {
  insert(events: readonly AuditEvent[]): Promise<void>;
  insertMissing(events: readonly AuditEvent[]): Promise<void>;
  find(id: string): Promise<AuditEvent | undefined>;
  /** Newest first. With `search` a page may be short, or empty, and still have one after it. */
  list(filter: AuditFilter): Promise<Page<AuditEvent>>;
  /** Without `search`. */
  count(filter: Omit<AuditFilter, 'search' | 'limit'>): Promise<number>;
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
    find: async (id) => {
      const row = await db.selectFrom('audit_events').selectAll().where('id', '=', id).executeTakeFirst();
      return row === undefined ? undefined : fromRow(row);
    },
    count: async (filter) =>
      (
        await sifted(db, filter)
          .select(({ fn }) => fn.countAll<number>().as('count'))
          .executeTakeFirstOrThrow()
      ).count,
    list: async (filter) => {
      const { limit, search } = filter;
      const events = sifted(db, filter);
      if (search === undefined) return toPage(await rowsOf(events, limit + 1), filter, mapping);
      const edge = await newestFirst(events)
        .select(['at', 'id'])
        .offset(searchedAtOnce - 1)
        .limit(1)
        .executeTakeFirst();
      const near = edge === undefined ? events : events.where((eb) => eb.or([eb('at', '>', edge.at), sameMoment(eb, edge)]));
      const found = near.where((eb) => eb.or([holdsText(sql.ref('actor_name'), search), holdsText(sql.ref('path'), search)]));
      const page = toPage(await rowsOf(found, limit + 1), filter, mapping);
      return page.nextCursor === null && edge !== undefined ? { ...page, nextCursor: encodeCursor({ key: edge.at, id: edge.id }) } : page;
    },
  };
}

/** A search without an end would hold the database up: it looks through so many, and says where the next one goes on. */
const searchedAtOnce = 20_000;

function sifted(db: Handle, filter: Partial<AuditFilter>) {
  let query = db.selectFrom('audit_events');
  const { actor, event } = filter;
  if (actor !== undefined) query = query.where((eb) => eb.or([eb('actor_name', '=', actor), eb('actor_id', '=', actor)]));
  if (filter.destination !== undefined) query = query.where('destination_id', '=', filter.destination);
  if (event !== undefined) query = query.where((eb) => eb.or(event.split(',').map((name) => isNamed(eb, name))));
  if (filter.verb !== undefined) query = query.where('verb', '=', filter.verb);
  if (filter.outcome !== undefined) query = query.where('outcome', '=', filter.outcome);
  if (filter.since !== undefined) query = query.where('at', '>=', filter.since);
  if (filter.until !== undefined) query = query.where('at', '<', filter.until);
  const after = decodeCursor(filter.cursor);
  if (after !== undefined)
    query = query.where((eb) => eb.or([eb('at', '<', after.key), eb.and([eb('at', '=', after.key), eb('id', '<', after.id)])]));
  return query;
}
type Events = ReturnType<typeof sifted>;
type Where = ExpressionBuilder<Database, 'audit_events'>;

/** The event itself, or all of a family. */
const isNamed = (eb: Where, name: string) =>
  name.includes('.') ? eb('event', '=', name) : eb.and([eb('event', '>', `${name}.`), eb('event', '<', `${name}/`)]);

const sameMoment = (eb: Where, { at, id }: { readonly at: string; readonly id: string }) => eb.and([eb('at', '=', at), eb('id', '>=', id)]);
const newestFirst = (events: Events): Events => events.orderBy('at', 'desc').orderBy('id', 'desc');
const rowsOf = async (events: Events, limit: number) => newestFirst(events).selectAll().limit(limit).execute();

const toRow = (event: AuditEvent): Database['audit_events'] => ({
  id: event.id,
  at: event.at,
  event: event.event,
  actor_id: event.actor.id,
  actor_name: event.actor.name,
  destination_id: event.destination?.id ?? null,
  outcome: event.outcome,
  body: JSON.stringify(event),
  ...('phase' in event.details ? { verb: event.details.verb, path: event.details.path } : { verb: null, path: null }),
});

const fromRow = (row: Pick<Database['audit_events'], 'body'>): AuditEvent => auditEvent.parse(JSON.parse(row.body));
const mapping = { item: fromRow, cursor: (row: Database['audit_events']) => ({ key: row.at, id: row.id }) };
