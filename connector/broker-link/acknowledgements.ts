/** Tells the server which revision is enforced and which is applied. A later one covers earlier ones, so only the newest of each kind is ever owed. */
import { connectors } from '../../shared/api/connectors.ts';
import type { Logger } from '../../shared/node/logger.ts';
import { pause } from '../pause.ts';
import { createBackoff } from './backoff.ts';
import type { SequenceNumbers } from './sequence-numbers.ts';
import type { ServerApi } from './server-api.ts';

export interface Acknowledgement {
  readonly kind: 'enforced' | 'applied';
  readonly epoch: string;
  readonly revision: number;
  readonly streamsClosed: number;
}

export interface Acknowledgements {
  send(acknowledgement: Acknowledgement): void;
  stop(): void;
}

export interface AcknowledgementsOptions {
  readonly api: ServerApi;
  readonly replica: string;
  readonly sequence: SequenceNumbers;
  readonly logger: Logger;
}

export function createAcknowledgements(options: AcknowledgementsOptions): Acknowledgements {
  const stopping = new AbortController();
  const enforced = createLane(options, stopping.signal);
  const applied = createLane(options, stopping.signal);
  return {
    send: (acknowledgement) => (acknowledgement.kind === 'enforced' ? enforced : applied)(acknowledgement),
    stop: () => stopping.abort(),
  };
}

function createLane(options: AcknowledgementsOptions, stopping: AbortSignal): (acknowledgement: Acknowledgement) => void {
  let owed: Acknowledgement | undefined;
  let isSending = false;

  const sendOwed = async (): Promise<void> => {
    isSending = true;
    const backoff = createBackoff({ firstMilliseconds: 200, longestMilliseconds: 10_000 });
    while (owed !== undefined && !stopping.aborted) {
      const current: Acknowledgement = owed;
      owed = undefined;
      try {
        await options.api.call(connectors.acknowledge, {
          body: { ...current, replica: options.replica, sequence: options.sequence.next() },
        });
        backoff.reset();
      } catch (error) {
        owed = merge(current, owed);
        options.logger.debug({ err: error, kind: current.kind }, 'an acknowledgement did not arrive; trying again');
        await pause(backoff.next(), stopping);
      }
    }
    isSending = false;
  };

  return (acknowledgement) => {
    owed = owed === undefined ? acknowledgement : merge(owed, acknowledgement);
    if (!isSending) void sendOwed();
  };
}

/** The newer one, with the streams that both closed. */
const merge = (older: Acknowledgement, newer: Acknowledgement | undefined): Acknowledgement =>
  newer === undefined ? older : { ...newer, streamsClosed: older.streamsClosed + newer.streamsClosed };
