import { api } from '../../../../shared/api/index.ts';
import type { CallInput } from '../../../../shared/api/endpoint.ts';
import { systemClock, toTime } from '../../../../shared/clock.ts';
import { call } from '../../api/client.ts';
import { exactTime } from '../../parts/time.tsx';
import type { AuditQuery } from './audit-query.ts';

const pageRows = 1000;

export interface ReadProgress {
  readonly count: number;
  /** How far back it is. */
  readonly back: string | undefined;
}

/** Until there is no more, or somebody stops it: what was read by then is kept. Up to now where the filters name no end, so that it has one. */
export async function readAll(
  query: AuditQuery,
  signal: AbortSignal,
  onProgress: (progress: ReadProgress) => void,
): Promise<{ readonly pages: Blob[]; readonly count: number; readonly isWhole: boolean }> {
  const until = query.until ?? toTime(systemClock.now());
  // Blobs, which the browser may put on disk.
  const pages: Blob[] = [];
  let count = 0;
  let cursor: string | null = null;
  do {
    const position: object = { until, limit: pageRows, ...(cursor === null ? {} : { cursor }) };
    // Filters come out of the address: what is wrong with one the server says.
    const input = { query: { ...query, ...position } } as CallInput<typeof api.audit.list>;
    try {
      const { items, nextCursor } = await call(api.audit.list, input, { signal });
      if (items.length > 0) pages.push(new Blob([items.map((event) => `${JSON.stringify(event)}\n`).join('')]));
      count += items.length;
      cursor = nextCursor;
      const last = items.at(-1);
      onProgress({ count, back: last === undefined ? undefined : exactTime(last.at) });
    } catch (error) {
      if (signal.aborted) return { pages, count, isWhole: false };
      throw error;
    }
  } while (cursor !== null);
  return { pages, count, isWhole: true };
}
