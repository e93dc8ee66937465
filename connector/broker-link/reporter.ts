/** Reports what the server cannot see: the state of each grant here, what exists here, and where this connector is reached. */
import type { z } from 'zod';
import { connectors } from '../../shared/api/connectors.ts';
import type { Discovery } from '../../shared/api/destinations.ts';
import type { Logger } from '../../shared/node/logger.ts';
import { pause } from '../pause.ts';
import { createBackoff } from './backoff.ts';
import type { SequenceNumbers } from './sequence-numbers.ts';
import type { ServerApi } from './server-api.ts';

export type ReportedGrant = z.input<typeof connectors.report.body>['grants'][number];

export interface ReportContent {
  readonly grants: readonly ReportedGrant[];
  readonly discovery: Discovery | null;
  readonly clusterUid: string | null;
}

export interface Reporter {
  /** What there is to report may have changed. */
  changed(): void;
  /** Report again although nothing changed, as after a reconnect. */
  repeat(): void;
  stop(): void;
}

export interface ReporterOptions {
  readonly api: ServerApi;
  readonly replica: string;
  readonly sequence: SequenceNumbers;
  readonly version: string;
  readonly address: string | null;
  readonly content: () => ReportContent;
  readonly logger: Logger;
}

/** Changes within this time travel together. */
const gatherMilliseconds = 100;

export function createReporter(options: ReporterOptions): Reporter {
  const stopping = new AbortController();
  let waking = new AbortController();
  let lastSent = '';
  let isSending = false;
  let isOwed = false;

  const sendUntilCurrent = async (): Promise<void> => {
    isSending = true;
    const backoff = createBackoff({ firstMilliseconds: 500, longestMilliseconds: 15_000 });
    while (isOwed && !stopping.signal.aborted) {
      await pause(gatherMilliseconds, stopping.signal);
      isOwed = false;
      const content = { version: options.version, address: options.address, ...options.content() };
      const text = JSON.stringify(content);
      if (text === lastSent) continue;
      try {
        await options.api.call(connectors.report, {
          body: { ...content, grants: [...content.grants], replica: options.replica, sequence: options.sequence.next() },
        });
        lastSent = text;
        backoff.reset();
      } catch (error) {
        isOwed = true;
        options.logger.debug({ err: error }, 'a report did not arrive; trying again');
        await pause(backoff.next(), AbortSignal.any([stopping.signal, waking.signal]));
      }
    }
    isSending = false;
  };

  const changed = (): void => {
    isOwed = true;
    if (!isSending) void sendUntilCurrent();
  };
  return {
    changed,
    repeat: () => {
      lastSent = '';
      // The server is back: whatever still waits for its next try goes now.
      waking.abort();
      waking = new AbortController();
      changed();
    },
    stop: () => stopping.abort(),
  };
}
