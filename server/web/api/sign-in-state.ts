/** Whether this browser's session holds, in every open tab: one that finds out tells the others. */
import { useSyncExternalStore } from 'react';

type Word = 'signed-in' | 'signed-out';

const channel = new BroadcastChannel('infra-session');
const listeners = new Set<() => void>();
let isSignedOut = false;
const returned = new Set<() => void>();

function take(word: Word): void {
  const wasSignedOut = isSignedOut;
  isSignedOut = word === 'signed-out';
  listeners.forEach((listener) => listener());
  if (wasSignedOut && !isSignedOut) returned.forEach((listener) => listener());
}

channel.addEventListener('message', ({ data }: MessageEvent<Word>) => take(data));

function tell(word: Word): void {
  channel.postMessage(word);
  take(word);
}

export const tellSignedOut = (): void => {
  if (!isSignedOut) tell('signed-out');
};
export const tellSignedIn = (): void => tell('signed-in');

export const useIsSignedOut = (): boolean =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => isSignedOut,
  );

/** Calls `then` when somebody has signed in again in this browser, maybe somebody else. */
export function onReturn(then: () => void): () => void {
  returned.add(then);
  return () => returned.delete(then);
}
