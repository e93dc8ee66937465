/** Reading and changing as pages do it: one key an endpoint and its input, so that what changes elsewhere finds what shows it. */
import {
  keepPreviousData,
  useInfiniteQuery,
  useMutation,
  useQuery,
  useQueryClient,
  type UseMutationResult,
  type UseQueryResult,
} from '@tanstack/react-query';
import type { CallInput, CallResult, Endpoint } from '../../../shared/api/endpoint.ts';
import { call } from './client.ts';

export const keyOf = <E extends Endpoint>(endpoint: E, input: CallInput<E>): readonly [string, CallInput<E>] => [endpoint.name, input];

export interface ReadOptions {
  /** False: not asked for now. */
  readonly enabled?: boolean;
  /** What it is read again after, also while nothing is told. */
  readonly everyMilliseconds?: number;
}

/** One thing, kept fresh by the live feed. While another input's answer is on its way the last one stays. */
export function useRead<E extends Endpoint>(
  endpoint: E,
  input: CallInput<E>,
  { enabled = true, everyMilliseconds }: ReadOptions = {},
): UseQueryResult<CallResult<E>> {
  return useQuery({
    queryKey: keyOf(endpoint, input),
    queryFn: async ({ signal }) => call(endpoint, input, { signal }),
    enabled,
    placeholderData: keepPreviousData,
    refetchInterval: everyMilliseconds ?? false,
  });
}

/** The item of an endpoint whose result is a page. */
export type ItemOf<E extends Endpoint> = CallResult<E> extends { readonly items: readonly (infer Item)[] } ? Item : never;

export interface Pages<Item> {
  /** Undefined: nothing came yet. */
  readonly rows: readonly Item[] | undefined;
  readonly error: Error | null;
  readonly isFetching: boolean;
  readonly hasMore: boolean;
  /** Something has changed since it was read, and it is too long to be read anew for that by itself. */
  readonly isOutdated: boolean;
  readonly loadMore: () => void;
  readonly retry: () => void;
}

const rowsAtOnce = 100;

/** Filters by name. Their values may come out of an address: what is wrong with one the server says. */
export type FilterQuery<E extends Endpoint> = Readonly<
  Partial<Record<Exclude<keyof NonNullable<CallInput<E>['query']>, 'cursor'>, string | number | undefined>>
>;

/** A list, page after page as far as somebody scrolls. `params`: of what it is, where that stands in the path. */
export function usePages<E extends Endpoint>(endpoint: E, query: FilterQuery<E>, params?: CallInput<E>['params']): Pages<ItemOf<E>> {
  const queries = useQueryClient();
  const queryKey = [endpoint.name, { pages: query, params }];
  const found = useInfiniteQuery({
    queryKey,
    queryFn: async ({ pageParam, signal }) => {
      // Every list's query takes a cursor and a limit besides its filters; the generic type cannot say so.
      const input = {
        ...(params === undefined ? {} : { params }),
        query: { limit: rowsAtOnce, ...query, ...(pageParam === null ? {} : { cursor: pageParam }) },
      } as unknown as CallInput<E>;
      return (await call(endpoint, input, { signal })) as { readonly items: ItemOf<E>[]; readonly nextCursor: string | null };
    },
    initialPageParam: null as string | null,
    getNextPageParam: ({ nextCursor }) => nextCursor,
    placeholderData: keepPreviousData,
  });
  return {
    rows: found.data?.pages.flatMap(({ items }) => items),
    error: found.error,
    isFetching: found.isFetching,
    hasMore: found.hasNextPage,
    isOutdated: found.isStale && !found.isFetching && queries.getQueryState(queryKey)?.isInvalidated === true,
    loadMore: () => {
      if (!found.isFetchingNextPage) void found.fetchNextPage();
    },
    retry: () => void found.refetch(),
  };
}

/** A change. Whatever is on the screen is read anew afterwards, so nothing is shown that the server would not say. */
export function useAct<E extends Endpoint>(
  endpoint: E,
  then?: (result: CallResult<E>) => void,
): UseMutationResult<CallResult<E>, Error, CallInput<E>> {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (input: CallInput<E>) => call(endpoint, input),
    onSuccess: (result) => {
      void queries.invalidateQueries();
      then?.(result);
    },
  });
}
