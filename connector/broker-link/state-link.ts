/**
 * Keeps what is known here equal to what the server says: fetches the delta (or everything after a gap or a new epoch), one flight at a time.
 * Order of every advance: the gate first, then the disk, then the acknowledgement, so that what was acknowledged survives a crash.
 */
import { connectors } from '../../shared/api/connectors.ts';
import { fromTime, systemClock } from '../../shared/clock.ts';
import type { Logger } from '../../shared/node/logger.ts';
import type { ServerContact } from './contact.ts';
import { advance, dismissed, type KnownState, type Touched } from './desired-state-rules.ts';
import type { DesiredStateCache } from './desired-state-cache.ts';
import { isDismissal, type ServerApi } from './server-api.ts';

export interface StateListener {
  /** Enforces at once; the number of streams that ended by it. */
  enforce(state: KnownState, touched: Touched): number;
  /** The state is enforced and on disk. */
  enforced(state: KnownState, streamsClosed: number): void;
}

export interface StateLink {
  known(): KnownState | undefined;
  /** Fetches what is newer; a fetch begun before the call does not count as its answer. Rejects when the server does not answer. */
  pull(): Promise<void>;
  /** A revision that the server named. True when it is news. */
  isNews(epoch: string, revision: number): boolean;
}

export interface StateLinkOptions {
  readonly api: ServerApi;
  readonly cache: DesiredStateCache;
  readonly contact: ServerContact;
  readonly listener: StateListener;
  readonly logger: Logger;
}

/** Shorter than other calls': a pooled connection that died unnoticed must not hold up a revocation. */
const answerMilliseconds = 5000;

export function createStateLink(options: StateLinkOptions): StateLink {
  let known = options.cache.load();
  let running: Promise<void> | undefined;
  let waiting: Promise<void> | undefined;

  const adopt = (state: KnownState, touched: Touched): void => {
    known = state;
    const streamsClosed = options.listener.enforce(state, touched);
    options.cache.store(state);
    options.listener.enforced(state, streamsClosed);
  };

  const fetchOnce = async (whole: boolean): Promise<'done' | 'gap'> => {
    const query = known === undefined || whole ? {} : { epoch: known.epoch, since: known.revision };
    const sentAt = systemClock.now();
    const incoming = await options.api.call(connectors.desiredState, { query }, { signal: AbortSignal.timeout(answerMilliseconds) });
    options.contact.clock.learn(fromTime(incoming.serverTime), sentAt);
    options.contact.heard();
    const step = advance(known, incoming);
    if (step.kind === 'gap') return 'gap';
    if (step.kind === 'advanced') adopt(step.state, step.touched);
    return 'done';
  };

  const fetchAll = async (): Promise<void> => {
    try {
      if ((await fetchOnce(false)) === 'gap') await fetchOnce(true);
    } catch (error) {
      if (isDismissal(error) && known !== undefined && known.identities.size + known.leases.size > 0) {
        options.logger.error('the server says this connector or its destination was removed: everything is refused from now on');
        adopt(dismissed(known), 'all');
      }
      throw error;
    }
  };

  const start = (): Promise<void> => {
    running = fetchAll().finally(() => {
      running = undefined;
    });
    return running;
  };

  return {
    known: () => known,
    isNews: (epoch, revision) => known?.epoch !== epoch || revision > known.revision,
    pull: () => {
      if (running === undefined) return start();
      // What is in flight may have been answered before the change; one more flight serves all who ask meanwhile.
      waiting ??= running
        .catch(() => undefined)
        .then(() => {
          waiting = undefined;
          return start();
        });
      return waiting;
    },
  };
}
