/** What the load generators have in common: the plan on stdin, the result on stdout. */
import { text } from 'node:stream/consumers';
import type { ConnectionOptions } from 'node:tls';
import type { LoadPlan, LoadResult, Target } from './load.ts';

// Written by load.ts.
export const readPlan = async (): Promise<LoadPlan> => JSON.parse(await text(process.stdin)) as LoadPlan;

export const tlsOptions = ({ host, port, servername, ca, cert, key }: Target): ConnectionOptions => ({
  host,
  port,
  ca,
  servername: servername ?? '',
  ...(cert === undefined ? {} : { cert, key }),
});

export interface Record {
  answered(since: number, status: string): void;
  isOver(): boolean;
  /** Waits for so long, then writes what was recorded and ends the program. */
  reportAfter(seconds: number): Promise<never>;
  /** Ends the program: a load of which a part failed means nothing. */
  fail(reason: string): void;
}

export function createRecord(): Record {
  const latencies: number[] = [];
  const statuses: globalThis.Record<string, number> = {};
  let isOver = false;
  return {
    answered: (since, status) => {
      latencies.push(performance.now() - since);
      statuses[status] = (statuses[status] ?? 0) + 1;
    },
    isOver: () => isOver,
    reportAfter: async (seconds) => {
      const startedAt = performance.now();
      await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
      isOver = true;
      const took = (performance.now() - startedAt) / 1000;
      const result: LoadResult = { seconds: took, latencies: latencies.map((value) => Math.round(value * 1000) / 1000), statuses };
      return new Promise(() => process.stdout.write(JSON.stringify(result), () => process.exit(0)));
    },
    fail: (reason) => {
      if (isOver) return;
      console.error(`load generator: ${reason}`);
      process.exit(1);
    },
  };
}
