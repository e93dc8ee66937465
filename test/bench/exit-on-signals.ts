import { constants } from 'node:os';

/** Ended by a signal, a program that starts others ends as by `process.exit`, so that they end with it (test/support/program.ts). */
export function exitOnSignals(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(128 + constants.signals[signal]));
}
