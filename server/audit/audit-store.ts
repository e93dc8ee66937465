import { sql, type ExpressionBuilder } from 'kysely';
import { auditEvent, auditEventNames, type AuditEvent } from '../../shared/api/audit.ts';
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
  count(filter: Omit<AuditFilter, 'search' | 'limit' | 'event' | 'actor'>): Promise<number>;
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
      if (search === undefined) return toPage(await newest(branchesOf(db, filter), limit + 1), filter, mapping);
      const edge = await edgeOf(branchesOf(db, filter));
      const found = branchesOf(db, filter)
        .map((branch) => (edge === undefined ? branch : branch.where((eb) => notBefore(eb, edge))))
        .map((branch) => branch.where((eb) => eb.or([holdsText(sql.ref('actor_name'), search), holdsText(sql.ref('path'), search)])));
      const page = toPage(await newest(found, limit + 1), filter, mapping);
      return page.nextCursor === null && edge !== undefined ? { ...page, nextCursor: encodeCursor({ key: edge.at, id: edge.id }) } : page;
    },
  };
}

/** A search without an end would hold the database up: it looks through so many, and says where the next one goes on. */
const searchedAtOnce = 20_000;

/** By everything but events and actor. */
function sifted(db: Handle, filter: Partial<AuditFilter>) {
  let query = db.selectFrom('audit_events');
  if (filter.destination !== undefined) query = query.where('destination_id', '=', filter.destination);
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
interface Moment {
  readonly at: string;
  readonly id: string;
}

/**
 * Each event, and an actor by name and by id, is a way of its own: an index gives it newest first and stops when a page is full. Joined by `or`, everything
 * that they find would be sorted for the sake of a hundred rows.
 */
function branchesOf(db: Handle, { event, actor, ...filter }: AuditFilter): readonly Events[] {
  const all = sifted(db, filter);
  const ofActor = actor === undefined ? [all] : [all.where('actor_name', '=', actor), all.where('actor_id', '=', actor)];
  if (event === undefined) return ofActor;
  const names = eventsNamed(event);
  return ofActor.flatMap((branch) => names.map((name) => branch.where('event', '=', name)));
}

/** Of `grant,session.ended` every event of the family `grant`, and that one. */
function eventsNamed(text: string): readonly string[] {
  const wanted = text.split(',');
  return auditEventNames.filter((name) => wanted.some((each) => (each.includes('.') ? name === each : name.startsWith(`${each}.`))));
}

const newestFirst = (events: Events): Events => events.orderBy('at', 'desc').orderBy('id', 'desc');

function merged<Row extends Moment>(rows: readonly Row[], limit: number): Row[] {
  const unique = [...new Map(rows.map((row) => [row.id, row])).values()];
  return unique.sort((one, other) => (one.at === other.at ? compare(other.id, one.id) : compare(other.at, one.at))).slice(0, limit);
}
const compare = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);

async function newest(branches: readonly Events[], limit: number): Promise<Database['audit_events'][]> {
  const found = await Promise.all(branches.map(async (branch) => newestFirst(branch).selectAll().limit(limit).execute()));
  return merged(found.flat(), limit);
}

/** The last of those that a search looks through; undefined: all there are. */
async function edgeOf(branches: readonly Events[]): Promise<Moment | undefined> {
  const found = await Promise.all(branches.map(async (branch) => newestFirst(branch).select(['at', 'id']).limit(searchedAtOnce).execute()));
  return merged(found.flat(), searchedAtOnce)[searchedAtOnce - 1];
}

const notBefore = (eb: Where, { at, id }: Moment) => eb.or([eb('at', '>', at), eb.and([eb('at', '=', at), eb('id', '>=', id)])]);

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
