/** Ends a program in order: what was opened last is closed first, each within its time, and a second signal ends it at once. */
import type { Logger } from './logger.ts';

export interface Shutdown {
  /** Steps run in reverse order of registration. */
  onShutdown(name: string, step: () => Promise<void> | void): void;
  /** Resolves when every step has run or timed out. */
  run(reason: string): Promise<void>;
}

const stepMilliseconds = 10_000;

export function createShutdown(logger: Logger): Shutdown {
  const steps: { name: string; step: () => Promise<void> | void }[] = [];
  let running: Promise<void> | undefined;
  const runSteps = async (reason: string): Promise<void> => {
    logger.info({ reason }, 'shutting down');
    for (const { name, step } of steps.toReversed()) await runStep(logger, name, step);
  };
  return {
    onShutdown: (name, step) => void steps.push({ name, step }),
    run: (reason) => (running ??= runSteps(reason)),
  };
}

async function runStep(logger: Logger, name: string, step: () => Promise<void> | void): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`took longer than ${stepMilliseconds} ms`)), stepMilliseconds);
  });
  try {
    await Promise.race([Promise.resolve(step()), late]);
  } catch (error) {
    logger.warn({ step: name, err: error }, 'a step of the shutdown failed');
  } finally {
    clearTimeout(timer);
  }
}
