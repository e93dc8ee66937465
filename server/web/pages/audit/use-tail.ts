/**
 * Audit events as they stand, page after page back in time, and those that come in meanwhile before them. What stands is read once: an audit log does
 * not change, so each change of it asks for the newest alone.
 */
import { useMemo } from 'react';
import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query';
import type { AuditEvent } from '../../../../shared/api/audit.ts';
import { fromTime, systemClock, toTime } from '../../../../shared/clock.ts';
import { api } from '../../../../shared/api/index.ts';
import type { CallInput } from '../../../../shared/api/endpoint.ts';
import { call } from '../../api/client.ts';
import type { AuditQuery } from './audit-query.ts';

export interface TailRow {
  readonly event: AuditEvent;
  /** When it came in by itself, milliseconds; null: it was there before. */
  readonly cameAt: number | null;
}

export interface Tail {
  /** Newest first; undefined: nothing came yet. */
  readonly rows: readonly TailRow[] | undefined;
  readonly error: Error | null;
  readonly isFetching: boolean;
  readonly hasMore: boolean;
  readonly loadMore: () => void;
  /** From the newest on, again. */
  readonly restart: () => void;
  readonly cameIn: number;
  /** More came in than is caught up with. */
  readonly isBehind: boolean;
}

interface CameIn {
  readonly rows: readonly TailRow[];
  readonly isBehind: boolean;
}

const pageRows = 100;
/** Connectors tell of requests a little later; what they kept for longer stands where it belongs when the list is read anew. */
const overlapMilliseconds = 60_000;
const catchUpPages = 5;
const catchUpRows = 200;

interface Position {
  readonly cursor?: string;
  readonly limit: number;
  readonly since?: string;
}

/** Filters come out of the address: what is wrong with one the server says. */
const ask = async (query: AuditQuery, position: Position, signal: AbortSignal) =>
  call(api.audit.list, { query: { ...query, ...position } } as CallInput<typeof api.audit.list>, { signal });

function useHistory(query: AuditQuery) {
  const queries = useQueryClient();
  const queryKey = ['audit history', query] as const;
  const found = useInfiniteQuery({
    queryKey,
    queryFn: async ({ pageParam, signal }) => ask(query, { limit: pageRows, ...(pageParam === null ? {} : { cursor: pageParam }) }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: ({ nextCursor }) => nextCursor,
    // Whatever asks for everything anew leaves it alone once it is there.
    enabled: queries.getQueryData(queryKey) === undefined,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  });
  return { found, restart: () => void queries.resetQueries({ queryKey }) };
}

export function useTail(query: AuditQuery, isPaused: boolean): Tail {
  const { found, restart } = useHistory(query);
  const { data } = found;
  const first = data?.pages[0];
  const queryKey = [api.audit.list.name, { tail: query, after: first?.items[0]?.id ?? null }] as const;
  const tail = useQuery({
    queryKey,
    queryFn: async ({ client, signal }) => {
      const known = client.getQueryData<CameIn>(queryKey)?.rows ?? [];
      const there = first?.items ?? [];
      return catchUp(query, { known, there, isAll: first?.nextCursor === null }, signal);
    },
    enabled: first !== undefined && !isPaused && query.until === undefined,
    staleTime: 0,
    gcTime: 0,
  });
  const cameIn = tail.data;
  const rows = useMemo(() => {
    const there = data?.pages.flatMap(({ items }) => items.map((event): TailRow => ({ event, cameAt: null })));
    return there === undefined ? undefined : merged(cameIn?.rows ?? [], there);
  }, [data, cameIn]);
  return {
    rows,
    error: found.error ?? tail.error,
    isFetching: found.isFetching,
    hasMore: found.hasNextPage,
    loadMore: () => {
      if (!found.isFetchingNextPage) void found.fetchNextPage();
    },
    restart,
    cameIn: cameIn?.rows.length ?? 0,
    isBehind: cameIn?.isBehind ?? false,
  };
}

interface Known {
  readonly known: readonly TailRow[];
  /** The first page of what was there. */
  readonly there: readonly AuditEvent[];
  readonly isAll: boolean;
}

async function catchUp(query: AuditQuery, { known, there, isAll }: Known, signal: AbortSignal): Promise<CameIn> {
  const ids = new Set<string>([...known.map(({ event }) => event.id), ...there.map(({ id }) => id)]);
  const since = beginning(query, { known, there, isAll });
  const cameAt = systemClock.now();
  const fresh: TailRow[] = [];
  let cursor: string | null = null;
  for (let page = 0; page < catchUpPages; page += 1) {
    const found: Awaited<ReturnType<typeof ask>> = await ask(
      query,
      { limit: catchUpRows, ...(since === undefined ? {} : { since }), ...(cursor === null ? {} : { cursor }) },
      signal,
    );
    fresh.push(...found.items.filter(({ id }) => !ids.has(id)).map((event) => ({ event, cameAt })));
    cursor = found.nextCursor;
    if (cursor === null) break;
  }
  return { rows: merged(fresh, known), isBehind: cursor !== null };
}

/** A little before the newest that is known, but never so far back that what is not loaded yet would look new. */
function beginning({ since }: AuditQuery, { known, there, isAll }: Known): string | undefined {
  const newest = known[0]?.event.at ?? there[0]?.at;
  if (newest === undefined) return since;
  const overlap = toTime(fromTime(newest) - overlapMilliseconds);
  const floors = [overlap, isAll ? undefined : there.at(-1)?.at, since].filter((time) => time !== undefined);
  return floors.reduce((latest, time) => (time > latest ? time : latest));
}

/** Newest first, each once. */
function merged(first: readonly TailRow[], second: readonly TailRow[]): readonly TailRow[] {
  if (first.length === 0) return second;
  const ids = new Set(first.map(({ event }) => event.id));
  const all = [...first, ...second.filter(({ event }) => !ids.has(event.id))];
  return all.sort((one, other) => compare(other.event.at, one.event.at) || compare(other.event.id, one.event.id));
}

const compare = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);
