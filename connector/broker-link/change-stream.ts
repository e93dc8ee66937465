/** Listens for notices of new revisions for as long as the program runs: reconnects with backoff, and takes 15 s of silence for a dead line. */
import { changeNotice } from '../../shared/api/connectors.ts';
import type { Logger } from '../../shared/node/logger.ts';
import { pause } from '../pause.ts';
import { createBackoff } from './backoff.ts';
import type { ServerContact } from './contact.ts';
import { isDismissal, type ServerApi } from './server-api.ts';
import { createEventParser } from '../../shared/server-sent-events.ts';
import type { StateLink } from './state-link.ts';

export interface ChangeStreamOptions {
  readonly api: ServerApi;
  readonly link: StateLink;
  readonly contact: ServerContact;
  readonly logger: Logger;
  /** The line to the server is up again and the state is fetched. */
  readonly connected: () => void;
}

export interface ChangeStream {
  isConnected(): boolean;
  stop(): Promise<void>;
}

/** The server sends a comment every 5 s. */
const silenceMilliseconds = 15_000;

export function startChangeStream(options: ChangeStreamOptions): ChangeStream {
  const stopping = new AbortController();
  const status = { connected: false };
  const running = listenForEver(options, status, stopping.signal);
  return {
    isConnected: () => status.connected,
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}

async function listenForEver(options: ChangeStreamOptions, status: { connected: boolean }, stopping: AbortSignal): Promise<void> {
  const backoff = createBackoff({ firstMilliseconds: 250, longestMilliseconds: 15_000 });
  while (!stopping.aborted) {
    try {
      await listenOnce(options, stopping, () => {
        status.connected = true;
        backoff.reset();
        options.connected();
      });
    } catch (error) {
      options.logger.warn({ err: error }, 'the line to the server is down');
      // What a dismissal means is the link's affair, which hears it by fetching.
      if (isDismissal(error)) await options.link.pull().catch(() => undefined);
    }
    status.connected = false;
    await pause(backoff.next(), stopping);
  }
}

/** Returns or throws when the stream has ended. */
async function listenOnce(options: ChangeStreamOptions, stopping: AbortSignal, connected: () => void): Promise<void> {
  const silence = createSilenceAlarm(silenceMilliseconds);
  try {
    const response = await options.api.openChanges(AbortSignal.any([stopping, silence.signal]));
    // Notices between the last stream and this one are lost; the fetch makes up for them.
    await options.link.pull();
    connected();
    const reader = createNoticeReader(options, (error) => silence.give(error));
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) {
      silence.heard();
      // A response's body is bytes; the type of its iterator does not say so.
      reader.push(decoder.decode(chunk as Uint8Array, { stream: true }));
    }
  } finally {
    silence.end();
  }
}

function createNoticeReader(options: ChangeStreamOptions, giveUp: (error: unknown) => void): { push(text: string): void } {
  const parser = createEventParser();
  let behind = 0;
  const fetchNews = (): void => {
    behind += 1;
    options.link
      .pull()
      .catch(async (error: unknown) => {
        options.logger.warn({ err: error }, 'a change was announced but could not be fetched; trying again');
        await pause(500, new AbortController().signal);
        return options.link.pull();
      })
      .then(
        () => (behind -= 1),
        // Stays behind, so that signs of life no longer count as contact; a new line has to fetch everything.
        giveUp,
      );
  };
  return {
    push: (text) => {
      for (const event of parser.push(text)) {
        if (event.name !== 'change') continue;
        const notice = changeNotice.parse(JSON.parse(event.data));
        if (options.link.isNews(notice.epoch, notice.revision)) fetchNews();
      }
      if (behind === 0) options.contact.heard();
    },
  };
}

interface SilenceAlarm {
  readonly signal: AbortSignal;
  heard(): void;
  /** Aborts at once, for a reason of its own. */
  give(reason: unknown): void;
  end(): void;
}

/** Aborts its signal when `heard` was not called for that long. */
function createSilenceAlarm(milliseconds: number): SilenceAlarm {
  const alarm = new AbortController();
  const timer = setTimeout(() => alarm.abort(new Error(`nothing heard for ${milliseconds} ms`)), milliseconds);
  return {
    signal: alarm.signal,
    heard: () => void timer.refresh(),
    give: (reason) => alarm.abort(reason),
    end: () => {
      clearTimeout(timer);
      alarm.abort();
    },
  };
}
