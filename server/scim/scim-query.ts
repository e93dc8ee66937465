/** Pages of resources for a filter: counted and cut by the database where there is none, else looked up or read through in portions. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { largestPage } from './scim-discovery-rules.ts';
import { badRequest } from './scim-error-rules.ts';
import { compileFilter, requiredEqualities } from './scim-filter-rules.ts';
import { parseFilter, type Filter } from './scim-filter-syntax-rules.ts';
import type { Wanted } from './scim-projection-rules.ts';
import type { ResourceSchema } from './scim-schema-rules.ts';
import { isObject, type Values } from './scim-value-rules.ts';

/** What a client asks for, whichever way (RFC 7644 §3.4.2, §3.4.3). */
export interface Query extends Wanted {
  readonly filter: Filter | undefined;
  /** From 1. */
  readonly startIndex: number;
  readonly count: number;
}
export interface Found {
  readonly total: number;
  readonly resources: readonly Values[];
}

const ordinaryPage = 100;
const listSchema = 'urn:ietf:params:scim:api:messages:2.0:ListResponse';

export function readQuery(parameters: Values): Query {
  const { filter, startIndex, count, attributes, excludedAttributes } = parameters;
  return {
    filter: filter === undefined ? undefined : parseFilter(textOf(filter, 'filter')),
    // Less than 1 is 1, less than 0 is 0 (RFC 7644 §3.4.2.4).
    startIndex: Math.max(1, numberOf(startIndex, 'startIndex') ?? 1),
    count: Math.min(largestPage, Math.max(0, numberOf(count, 'count') ?? ordinaryPage)),
    attributes: namesOf(attributes, 'attributes'),
    excludedAttributes: namesOf(excludedAttributes, 'excludedAttributes'),
  };
}

export const listResponse = ({ total, resources }: Found, { startIndex }: Query): Values => ({
  schemas: [listSchema],
  totalResults: total,
  startIndex,
  itemsPerPage: resources.length,
  Resources: resources,
});

/** A body of /.search. */
export const readSearch = (body: unknown): Query => {
  if (!isObject(body)) throw badRequest('invalidSyntax', 'A search is a JSON object (RFC 7644 §3.4.3).');
  return readQuery(body);
};

const textOf = (value: unknown, name: string): string => {
  if (typeof value === 'string') return value;
  throw badRequest('invalidValue', `${name} must be given once, as text.`);
};
function numberOf(value: unknown, name: string): number | undefined {
  if (value === undefined || value === null) return undefined;
  const number = typeof value === 'string' && /^-?\d{1,9}$/.test(value) ? Number(value) : value;
  if (typeof number === 'number' && Number.isSafeInteger(number)) return number;
  throw badRequest('invalidValue', `${name} must be a whole number.`);
}
function namesOf(value: unknown, name: string): string[] | undefined {
  if (value === undefined || value === null) return undefined;
  const names = Array.isArray(value) ? value : textOf(value, name).split(',');
  return names.map((each: unknown) => textOf(each, name)).filter((each) => each.trim() !== '');
}

/** Rows of one kind, as the database gives them. */
export interface Source<Row> {
  count(): Promise<number>;
  page(page: { readonly offset: number; readonly limit: number }): Promise<Row[]>;
  /** Those after an id, by id; of those with one of the values that have to be equal, if it is one that can be looked up. */
  after(id: string, limit: number, equal: ReadonlyMap<string, string>): Promise<Row[]>;
  idOf(row: Row): string;
  /** With everything that a filter asks about. */
  show(rows: readonly Row[]): Promise<readonly Values[]>;
}

const portion = 500;

/** The rows of the page, and how many there are in all. */
export async function find<Row>(
  source: Source<Row>,
  query: Query,
  schema: ResourceSchema,
): Promise<{ total: number; rows: readonly Row[] }> {
  const { filter, startIndex, count } = query;
  if (filter === undefined) {
    const rows = count === 0 ? [] : await source.page({ offset: startIndex - 1, limit: count });
    return { total: await source.count(), rows };
  }
  const matches = compileFilter(filter, schema);
  const equal = requiredEqualities(filter, schema);
  const rows: Row[] = [];
  let total = 0;
  let last = '';
  for (;;) {
    const read = await source.after(last, portion, equal);
    const shown = await source.show(read);
    read.forEach((row, index) => {
      if (!matches(shown[index] ?? {})) return;
      total += 1;
      if (total >= startIndex && rows.length < count) rows.push(row);
    });
    const end = read.at(-1);
    if (end === undefined || read.length < portion) return { total, rows };
    last = source.idOf(end);
    // Others are served in between.
    await nextTurn();
  }
}
