/** Carries access log lines from the spool to the server, in order, as long as the program runs; each is stored there once however often it arrives. */
import { connectors, type AccessEvent } from '../../shared/api/connectors.ts';
import { ApiError } from '../../shared/client.ts';
import type { Logger } from '../../shared/node/logger.ts';
import { linesPerSegment, type AuditSegment, type AuditSpool } from './audit-spool.ts';
import { pause } from '../pause.ts';
import { createBackoff } from './backoff.ts';
import type { ServerApi } from './server-api.ts';

export interface AuditUploadOptions {
  readonly api: ServerApi;
  readonly spool: AuditSpool;
  readonly replica: string;
  /** The line that says how many others were dropped. */
  readonly droppedEvent: (count: number) => AccessEvent;
  readonly logger: Logger;
}

/** How long lines wait for company after an upload that was not full: each one costs an fsync, a signature and a transaction at the server. */
const gatherMilliseconds = 500;

export function startAuditUpload(options: AuditUploadOptions): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const running = uploadForEver(options, stopping.signal);
  return {
    stop: async () => {
      stopping.abort();
      await running;
      // What is left stays on disk for the next start; one last try spares the wait when the server is there.
      await uploadOldest(options).catch(() => undefined);
    },
  };
}

async function uploadForEver(options: AuditUploadOptions, stopping: AbortSignal): Promise<void> {
  const backoff = createBackoff({ firstMilliseconds: 500, longestMilliseconds: 15_000 });
  while (!stopping.aborted) {
    try {
      const segment = options.spool.oldest();
      if (segment === undefined) {
        await pause(gatherMilliseconds, stopping);
        continue;
      }
      await upload(options, segment);
      backoff.reset();
      // Only now: with the server away, the line that tells of it might be dropped in its turn.
      const dropped = options.spool.takeDroppedCount();
      if (dropped > 0) options.spool.append(options.droppedEvent(dropped));
      if (segment.events.length < linesPerSegment) await pause(gatherMilliseconds, stopping);
    } catch (error) {
      options.logger.warn({ err: error }, 'access log lines wait: the server or the disk does not answer');
      await pause(backoff.next(), stopping);
    }
  }
}

async function uploadOldest(options: AuditUploadOptions): Promise<void> {
  const segment = options.spool.oldest();
  if (segment !== undefined) await upload(options, segment);
}

async function upload(options: AuditUploadOptions, segment: AuditSegment): Promise<void> {
  if (segment.events.length === 0) {
    options.spool.setAside(segment);
    return;
  }
  try {
    await options.api.call(connectors.uploadAudit, { body: { replica: options.replica, events: [...segment.events] } });
    options.spool.taken(segment);
  } catch (error) {
    const isOurFault = error instanceof ApiError && (error.problem.status === 400 || error.problem.status === 413);
    if (!isOurFault) throw error;
    options.logger.error({ segment: segment.name, problem: error.problem.detail }, 'the server refuses these access log lines; set aside');
    options.spool.setAside(segment);
  }
}
