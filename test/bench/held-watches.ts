/** Starts holders of watches and asks them how soon an event came to each. */
import { fork, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import type { Target } from './load.ts';

export interface HolderPlan {
  readonly target: Target;
  readonly path: string;
  readonly count: number;
  readonly isHttp2: boolean;
}

export type HolderReport = { readonly kind: 'holding' } | { readonly kind: 'heard'; readonly delays: readonly number[] };

export interface HeldWatches {
  /** Milliseconds until each watch heard of the event that this sends. */
  delaysAfter(send: () => void): Promise<readonly number[]>;
  /** Ends them all. */
  release(): void;
}

/** Resolves when all of them are open. */
export async function holdWatches(plan: HolderPlan): Promise<HeldWatches> {
  const child = fork(join(import.meta.dirname, 'watch-holder.ts'), [JSON.stringify(plan)]);
  await nextReport(child);
  return {
    delaysAfter: async (send) => {
      const heard = nextReport(child);
      send();
      const report = await heard;
      return report.kind === 'heard' ? report.delays : [];
    },
    release: () => {
      child.removeAllListeners().disconnect();
    },
  };
}

async function nextReport(child: ChildProcess): Promise<HolderReport> {
  return new Promise((resolve, reject) => {
    const ended = (): void => reject(new Error('the watches were not held to the end'));
    child.once('exit', ended).once('message', (report) => {
      child.off('exit', ended);
      // Written by watch-holder.ts.
      resolve(report as HolderReport);
    });
  });
}
