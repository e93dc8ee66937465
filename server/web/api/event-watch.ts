/** The server's stream of events, opened again whenever it ends. */
import { changeEvent, changeNotice, endedEvent, type Topic } from '../../../shared/api/events.ts';
import { api } from '../../../shared/api/index.ts';
import { openStream } from '../../../shared/client.ts';
import { createEventParser } from '../../../shared/server-sent-events.ts';
import { clientOptions } from './client.ts';
import { refusalOf } from './refusal.ts';

/** What comes of watching. */
export type Watched =
  | { readonly kind: 'topics'; readonly topics: readonly Topic[] }
  | { readonly kind: 'liveness'; readonly liveness: 'live' | 'polling' | 'offline' }
  /** The session has. */
  | { readonly kind: 'ended' };
type Tell = (word: Watched) => void;

const longestPauseMilliseconds = 15_000;
/** The server says something at least every five seconds. */
const silenceMilliseconds = 15_000;

/** Until `signal`, or the end of the session. */
export async function keepWatching(signal: AbortSignal, tell: Tell): Promise<void> {
  let failures = 0;
  while (!isOver(signal)) {
    let isUnreachable = false;
    try {
      if ((await watch(signal, tell)) === 'session ended') return;
      failures = 0;
    } catch (error) {
      const { kind } = refusalOf(error);
      if (kind === 'signed-out') {
        tell({ kind: 'ended' });
        return;
      }
      isUnreachable = kind !== 'failed';
      failures += 1;
    }
    if (isOver(signal)) return;
    tell({ kind: 'liveness', liveness: isUnreachable && !(await isReachable()) ? 'offline' : 'polling' });
    await pause(Math.min(500 * 2 ** failures, longestPauseMilliseconds) * (0.5 + Math.random() / 2), signal);
  }
}

const isOver = (signal: AbortSignal): boolean => signal.aborted;

/** One stream, read to its end. Rejects when it could not be opened or fell silent. */
async function watch(signal: AbortSignal, tell: Tell): Promise<'ended' | 'session ended'> {
  const silence = new AbortController();
  const either = AbortSignal.any([signal, silence.signal]);
  const response = await openStream(clientOptions, api.events.stream, {}, { signal: either });
  if (response.body === null) return 'ended';
  let alarm = setTimeout(() => silence.abort(), silenceMilliseconds);
  const parser = createEventParser();
  tell({ kind: 'liveness', liveness: 'live' });
  try {
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return 'ended';
      clearTimeout(alarm);
      alarm = setTimeout(() => silence.abort(), silenceMilliseconds);
      for (const { name, data } of parser.push(value)) {
        if (name === changeEvent) tell({ kind: 'topics', topics: changeNotice.parse(JSON.parse(data)).topics });
        if (name !== endedEvent) continue;
        tell({ kind: 'ended' });
        return 'session ended';
      }
    }
  } finally {
    clearTimeout(alarm);
  }
}

const isReachable = async (): Promise<boolean> =>
  fetch('/healthz', { cache: 'no-store' }).then(
    ({ ok }) => ok,
    () => false,
  );

const pause = async (milliseconds: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    const end = (): void => {
      clearTimeout(timer);
      resolve();
    };
    signal.addEventListener('abort', end, { once: true });
  });
