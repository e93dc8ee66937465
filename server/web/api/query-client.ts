/** What was read, and the rule for every failure: who is signed out hears it once, whichever call found out. */
import { MutationCache, QueryCache, QueryClient, type Query } from '@tanstack/react-query';
import { ApiError } from '../../../shared/client.ts';
import { refusalOf } from './refusal.ts';
import { tellSignedOut } from './sign-in-state.ts';

const onError = (error: unknown): void => {
  if (refusalOf(error).kind === 'signed-out') tellSignedOut();
};

export const queryClient = new QueryClient({
  queryCache: new QueryCache({ onError }),
  mutationCache: new MutationCache({ onError }),
  defaultOptions: {
    queries: {
      staleTime: 5000,
      // A refusal stays one; a server that is away comes back.
      retry: (count, error) => !(error instanceof ApiError) && count < 2,
      retryDelay: (count) => Math.min(1000 * 2 ** count, 10_000),
    },
    mutations: { retry: false, networkMode: 'always' },
  },
});

/** Pages of a list from which on it is not read anew by itself: each of them would be asked for again, at every change anywhere. */
const longList = 5;

const isLong = ({ state }: Query): boolean =>
  ((state.data as { readonly pages?: readonly unknown[] } | undefined)?.pages?.length ?? 0) > longList;

/** What has changed meanwhile is read anew; of a long list it is only noted that it has. */
export function readAgain(isChanged: (query: Query) => boolean = () => true): void {
  void queryClient.invalidateQueries({ predicate: (query) => isChanged(query) && !isLong(query) });
  void queryClient.invalidateQueries({ predicate: (query) => isChanged(query) && isLong(query), refetchType: 'none' });
}
