/** Tells the server what is open here: at once when that changed, then every two seconds at most; again now and then while something is open. */
import { connectors } from '../../shared/api/connectors.ts';
import type { ToldStreams } from '../../shared/api/open-streams.ts';
import { ApiError } from '../../shared/client.ts';
import type { Logger } from '../../shared/node/logger.ts';
import { pause } from '../pause.ts';
import { createBackoff } from './backoff.ts';
import type { SequenceNumbers } from './sequence-numbers.ts';
import type { ServerApi } from './server-api.ts';

export interface StreamTeller {
  changed(): void;
  /** The line to the server is up again: it has forgotten what it was told. */
  repeat(): void;
  stop(): void;
}

export interface StreamTellerOptions {
  readonly api: ServerApi;
  readonly replica: string;
  readonly sequence: SequenceNumbers;
  readonly streams: () => ToldStreams;
  readonly logger: Logger;
}

/** What comes and goes within this time is not told. */
const gatherMilliseconds = 100;
const restMilliseconds = 2000;
/** The server forgets after 90 s what is open at a replica that says nothing. */
const againMilliseconds = 30_000;

export function createStreamTeller({ api, replica, sequence, streams, logger }: StreamTellerOptions): StreamTeller {
  const stopping = new AbortController();
  const backoff = createBackoff({ firstMilliseconds: restMilliseconds, longestMilliseconds: 15_000 });
  let lastTold: string | undefined;
  /** How often the line was up anew: what was told before that counts for nothing. */
  let lines = 0;
  let isOpen = false;
  let isTelling = false;
  let isOwed = false;
  /** The server is older than this and does not take it. */
  let isUnwanted = false;

  const tell = async (): Promise<void> => {
    const told = streams();
    const text = JSON.stringify(told);
    if (text === lastTold) return;
    const line = lines;
    try {
      await api.call(connectors.tellStreams, { body: { replica, sequence: sequence.next(), ...told } });
      if (line === lines) lastTold = text;
      else isOwed = true;
      backoff.reset();
      isOpen = told.total > 0;
    } catch (error) {
      isUnwanted = error instanceof ApiError && (error.problem.status === 404 || error.problem.status === 405);
      isOwed = true;
      logger.debug({ err: error }, 'what is open here could not be told; trying again');
      await pause(backoff.next(), stopping.signal);
    }
  };
  const tellUntilCurrent = async (): Promise<void> => {
    isTelling = true;
    await pause(gatherMilliseconds, stopping.signal);
    while (isOwed && !isUnwanted && !stopping.signal.aborted) {
      isOwed = false;
      await tell();
      await pause(restMilliseconds, stopping.signal);
    }
    isTelling = false;
  };
  const changed = (): void => {
    isOwed = true;
    if (!isTelling && !isUnwanted && lastTold !== undefined) void tellUntilCurrent();
  };
  const repeat = (): void => {
    lastTold = '';
    lines += 1;
    isUnwanted = false;
    changed();
  };
  const again = setInterval(() => {
    if (isOpen) repeat();
  }, againMilliseconds);
  return {
    changed,
    repeat,
    stop: () => {
      clearInterval(again);
      stopping.abort();
    },
  };
}
