/** Named jobs at intervals, one run of each at a time. A failed run is logged and tried again at the next turn; nothing depends on a run being on time. */
import type { Logger } from '../../shared/node/logger.ts';

export interface Job {
  readonly name: string;
  readonly everySeconds: number;
  readonly run: () => Promise<void>;
}

export interface Scheduler {
  start(): void;
  /** Waits for runs under way. */
  stop(): Promise<void>;
}

export function createScheduler(jobs: readonly Job[], logger: Logger): Scheduler {
  const timers: NodeJS.Timeout[] = [];
  const running = new Map<string, Promise<void>>();
  const runOnce = (job: Job): void => {
    if (running.has(job.name)) return;
    const run = job
      .run()
      .catch((error: unknown) => logger.error({ err: error, job: job.name }, 'a job failed'))
      .finally(() => running.delete(job.name));
    running.set(job.name, run);
  };
  return {
    start: () => {
      for (const job of jobs) {
        runOnce(job);
        timers.push(setInterval(() => runOnce(job), job.everySeconds * 1000));
      }
    },
    stop: async () => {
      timers.forEach((timer) => clearInterval(timer));
      await Promise.all(running.values());
    },
  };
}
