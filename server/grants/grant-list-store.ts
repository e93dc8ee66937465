/** Grants in force, sifted: the list that people page through, and the few that an overview shows with how many there are. */
import { sql, type ExpressionBuilder, type SqlBool, type Expression } from 'kysely';
import { emailKey, serverResource } from '../../shared/resource-name.ts';
import type { Page, PageRequest } from '../../shared/api/pagination.ts';
import { fullGroupName } from '../identity/group-store.ts';
import type { Handle } from '../storage/database.ts';
import { decodeCursor, toPage } from '../storage/page.ts';
import type { Database } from '../storage/schema.ts';
import { beginsWithText, endsWithText, holdsText } from '../storage/search.ts';
import { fromRow } from './grant-row.ts';
import type { GrantRecord } from './grant-store.ts';

export type GrantStateName = 'pending' | 'applied' | 'failed';

export interface GrantFilter extends PageRequest {
  readonly at: string;
  readonly subjectId?: string | undefined;
  readonly role?: string | undefined;
  /** Undefined: anywhere; null: the server itself. */
  readonly destinationId?: string | null | undefined;
  readonly namespace?: string | null | undefined;
  /** Part of the subject or of the resource. */
  readonly search?: string | undefined;
  /** Which have an end, before this time. */
  readonly endsBefore?: string | undefined;
  readonly state?: GrantStateName | undefined;
}

/** How many there are, and the first of them. */
export interface FirstOf<Item> {
  readonly count: number;
  readonly items: Item[];
}

export interface GrantLists {
  list(filter: GrantFilter): Promise<Page<GrantRecord>>;
  /** That end before a time, the first to end first. */
  endingBefore(before: string, at: string, limit: number): Promise<FirstOf<GrantRecord>>;
  /** That a connector could not put in place, the oldest first. */
  failed(at: string, limit: number): Promise<FirstOf<GrantRecord>>;
}

/** More than anybody mends by hand; what is beyond is not counted. */
const failuresRead = 5000;

const inForce = (db: Handle, at: string) =>
  db
    .selectFrom('grants')
    .where('ended_at', 'is', null)
    .where((eb) => eb.or([eb('until', 'is', null), eb('until', '>', at)]));
type Grants = ReturnType<typeof inForce>;

export function createGrantLists(db: Handle): GrantLists {
  const firstOf = async (query: Grants, order: 'until' | 'id', limit: number): Promise<FirstOf<GrantRecord>> => {
    const { count } = await query.select(({ fn }) => fn.countAll<number>().as('count')).executeTakeFirstOrThrow();
    const rows = await query.selectAll().orderBy(order).limit(limit).execute();
    return { count, items: rows.map(fromRow) };
  };
  return {
    list: async (filter) => {
      let query = sifted(db, inForce(db, filter.at), filter);
      const after = decodeCursor(filter.cursor);
      if (after !== undefined) query = query.where('id', '>', after.id);
      const rows = await query
        .selectAll()
        .orderBy('id')
        .limit(filter.limit + 1)
        .execute();
      return toPage(rows, filter, { item: fromRow, cursor: (row) => ({ key: '', id: row.id }) });
    },
    endingBefore: async (before, at, limit) => {
      const ending = db.selectFrom('grants').where('ended_at', 'is', null).where('until', '>', at).where('until', '<', before);
      return firstOf(ending, 'until', limit);
    },
    failed: async (at, limit) => {
      const told = await db
        .selectFrom('grant_states')
        .select('grant_id')
        .distinct()
        .where('state', '=', 'failed')
        .limit(failuresRead)
        .execute();
      const ids = told.map(({ grant_id }) => grant_id);
      return ids.length === 0 ? { count: 0, items: [] } : firstOf(inForce(db, at).where('id', 'in', ids), 'id', limit);
    },
  };
}

function sifted(db: Handle, grants: Grants, filter: Partial<GrantFilter>): Grants {
  let query = grants;
  if (filter.subjectId !== undefined) query = query.where('subject_id', '=', filter.subjectId);
  if (filter.role !== undefined) query = query.where('role', '=', filter.role);
  if (filter.destinationId !== undefined)
    query =
      filter.destinationId === null ? query.where('destination_id', 'is', null) : query.where('destination_id', '=', filter.destinationId);
  if (filter.namespace != null) query = query.where('namespace', '=', filter.namespace);
  if (filter.endsBefore !== undefined) query = query.where('until', '<', filter.endsBefore);
  const { search, state } = filter;
  if (search !== undefined) query = query.where((eb) => eb.or([...subjectHolds(db, eb, search), ...resourceHolds(db, eb, search)]));
  if (state !== undefined) query = query.where((eb) => isIn(eb, state));
  return query;
}

type Where = ExpressionBuilder<Database, 'grants'>;
type Conditions = Expression<SqlBool>[];

/** By lists of ids that are made once: names are far fewer than grants times tables. */
function subjectHolds(db: Handle, eb: Where, search: string): Conditions {
  const [, kind, name] = /^(group|workload):(.*)$/s.exec(search) ?? [];
  const text = name ?? search;
  const identities = db
    .selectFrom('identities')
    .select('id')
    .where(holdsText(sql.ref('name_key'), emailKey(text)));
  const groups = db.selectFrom('groups').select('id').where(holdsText(fullGroupName, text));
  switch (kind) {
    case 'group':
      return [eb('subject_id', 'in', groups)];
    case 'workload':
      return [eb('subject_id', 'in', identities.where('kind', '=', 'workload'))];
    default:
      return [eb('subject_id', 'in', identities), eb('subject_id', 'in', groups)];
  }
}

/** `prod.we` is what ends with `prod`, in a namespace that begins with `we`; without a dot it is part of either. */
function resourceHolds(db: Handle, eb: Where, search: string): Conditions {
  const [place = '', namespace, ...more] = search.split('.');
  if (more.length > 0) return [];
  const named = (condition: Expression<SqlBool>) => db.selectFrom('destinations').select('id').where(condition);
  if (namespace !== undefined)
    return [
      eb.and([eb('destination_id', 'in', named(endsWithText(sql.ref('name'), place))), beginsWithText(sql.ref('namespace'), namespace)]),
    ];
  return [
    eb('destination_id', 'in', named(holdsText(sql.ref('name'), place))),
    holdsText(sql.ref('namespace'), place),
    ...(serverResource.includes(place.toLowerCase()) ? [eb('destination_id', 'is', null)] : []),
  ];
}

/** As `describeGrants` shows it: a failure at one connector counts for all; rights on the server itself need no connector. */
function isIn(eb: Where, state: GrantStateName): Expression<SqlBool> {
  const told = eb.selectFrom('grant_states').select('grant_id').whereRef('grant_states.grant_id', '=', 'grants.id');
  const failed = eb.selectFrom('grant_states').select('grant_id').where('state', '=', 'failed');
  switch (state) {
    case 'failed':
      return eb.and([eb('destination_id', 'is not', null), eb('id', 'in', failed)]);
    case 'applied':
      return eb.or([eb('destination_id', 'is', null), eb.and([eb.exists(told), eb('id', 'not in', failed)])]);
    case 'pending':
      return eb.and([eb('destination_id', 'is not', null), eb.not(eb.exists(told))]);
  }
}
