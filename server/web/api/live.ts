/**
 * What changes anywhere is read anew where it is shown: told by the server's events, or found out every few seconds while they do not come. Of all tabs
 * one holds the stream and tells the others, for a browser keeps only six connections to a host.
 */
import { useSyncExternalStore } from 'react';
import type { Topic } from '../../../shared/api/events.ts';
import { keepWatching, type Watched } from './event-watch.ts';
import { readAgain } from './query-client.ts';
import { onReturn, tellSignedOut } from './sign-in-state.ts';

export type Liveness = 'live' | 'polling' | 'offline';

/** The first parts of the names of endpoints whose answers a topic changes. */
const readersOf: Readonly<Record<Topic, readonly string[]>> = {
  users: ['users.', 'groups.members', 'explanations.', 'overview.'],
  groups: ['groups.', 'users.', 'workloads.', 'explanations.', 'overview.'],
  workloads: ['workloads.', 'groups.members', 'explanations.', 'overview.'],
  grants: ['grants.', 'explanations.', 'users.why', 'workloads.why', 'overview.', 'revocations.'],
  destinations: ['destinations.', 'grants.', 'explanations.', 'overview.', 'revocations.', 'settings.'],
  sessions: ['sessions.', 'revocations.', 'overview.', 'users.list', 'users.get'],
  leases: ['leases.', 'revocations.'],
  providers: ['identityProviders.', 'users.', 'groups.', 'overview.'],
  'access-keys': ['accessKeys.', 'overview.'],
  'scim-tokens': ['scimTokens.', 'overview.'],
  'trust-rules': ['trustRules.'],
  audit: ['audit.', 'overview.'],
  access: ['sessions.', 'grants.mine', 'explanations.mine', 'leases.', 'secondFactors.', 'accessKeys.'],
};

const pollMilliseconds = 5000;

let liveness: Liveness = 'polling';
const listeners = new Set<() => void>();
let stopped: (() => void) | undefined;

function readAnew(topics: readonly Topic[]): void {
  const readers = topics.flatMap((topic) => readersOf[topic]);
  readAgain(({ queryKey: [name] }) => typeof name === 'string' && readers.some((reader) => name.startsWith(reader)));
}

function take(word: Watched): void {
  if (word.kind === 'topics') {
    readAnew(word.topics);
    return;
  }
  if (word.kind === 'ended') {
    tellSignedOut();
    return;
  }
  // What changed while nobody watched.
  if (word.liveness === 'live' && liveness !== 'live') readAgain();
  if (word.liveness === liveness) return;
  liveness = word.liveness;
  listeners.forEach((listener) => listener());
}

function start(): () => void {
  const stop = new AbortController();
  const channel = new BroadcastChannel('infra-events');
  let isWatching = false;
  const tell = (word: Watched): void => {
    channel.postMessage(word);
    take(word);
  };
  channel.addEventListener('message', ({ data }: MessageEvent<Watched | 'which'>) => {
    if (data !== 'which') take(data);
    // A tab that has just come asks the one that watches.
    else if (isWatching) channel.postMessage({ kind: 'liveness', liveness });
  });
  channel.postMessage('which');
  const begin = (): void => {
    // Held until this tab goes; then the next in the line has it.
    navigator.locks
      .request('infra-events', { signal: stop.signal }, async () => {
        isWatching = true;
        await keepWatching(stop.signal, tell);
        isWatching = false;
      })
      .catch(() => undefined);
  };
  begin();
  const poll = setInterval(() => {
    if (liveness !== 'live' && document.visibilityState === 'visible') readAgain();
  }, pollMilliseconds);
  // Whoever watched has stopped with the session; every tab stands in the line again.
  const forget = onReturn(begin);
  return () => {
    stop.abort();
    channel.close();
    clearInterval(poll);
    forget();
  };
}

/** Whether what is on the screen is told as it changes. Watching begins with the first who asks. */
export const useLive = (): Liveness =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      stopped ??= start();
      return () => {
        listeners.delete(listener);
        if (listeners.size > 0) return;
        stopped?.();
        stopped = undefined;
      };
    },
    () => liveness,
  );
