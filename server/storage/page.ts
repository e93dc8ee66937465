/** Keyset pagination: a cursor is the sort key of the last row that was shown, so pages stay cheap and stable while rows come and go. */
import { DomainError } from '../../shared/api/problem.ts';
import type { Page, PageRequest } from '../../shared/api/pagination.ts';

export interface CursorRow {
  /** The sort key, then the id that makes it unique. */
  readonly key: string;
  readonly id: string;
}

export const encodeCursor = (row: CursorRow): string => Buffer.from(JSON.stringify([row.key, row.id])).toString('base64url');

export function decodeCursor(cursor: string | undefined): CursorRow | undefined {
  if (cursor === undefined) return undefined;
  try {
    const parsed: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    if (Array.isArray(parsed) && typeof parsed[0] === 'string' && typeof parsed[1] === 'string') return { key: parsed[0], id: parsed[1] };
  } catch {
    // Falls through to the refusal below: what is no JSON is no cursor of ours.
  }
  throw new DomainError('request.invalid', 'The cursor is not one that this server gave. Start again without a cursor.', {
    fields: [{ path: 'query.cursor', message: 'is no cursor' }],
  });
}

/** Rows were read with one more than the limit; the surplus one says that there is a next page. */
export function toPage<Row, Item>(
  rows: readonly Row[],
  request: PageRequest,
  map: { item: (row: Row) => Item; cursor: (row: Row) => CursorRow },
): Page<Item> {
  const shown = rows.slice(0, request.limit);
  const last = shown.at(-1);
  return {
    items: shown.map(map.item),
    nextCursor: rows.length > request.limit && last !== undefined ? encodeCursor(map.cursor(last)) : null,
  };
}
