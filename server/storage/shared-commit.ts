/**
 * Small writes that come in crowds share a commit: what waits is taken together into one transaction, so that a crowd costs one fsync instead of
 * one each. Each write still stands alone: when one of a group fails, nothing of the group is kept and each is done again by itself.
 */
import type { Transact } from './transact.ts';

interface Waiting<Stores> {
  readonly work: (stores: Stores) => Promise<unknown>;
  readonly done: (result: unknown) => void;
  readonly failed: (reason: unknown) => void;
}

/** A group holds up every other write until its commit. */
const largestGroup = 64;

/**
 * Works given to it must not ask the feed for "the change of this transaction", which is that of the whole group, and as in every transaction
 * they may run twice.
 */
export function createSharedCommit<Stores>(transact: Transact<Stores>): Transact<Stores> {
  const waiting: Waiting<Stores>[] = [];
  let isRunning = false;

  const run = async (): Promise<void> => {
    while (waiting.length > 0) {
      await nextTurn();
      await commit(transact, waiting.splice(0, largestGroup));
    }
    isRunning = false;
  };

  return async <Result>(work: (stores: Stores) => Promise<Result>): Promise<Result> =>
    new Promise<Result>((resolve, reject) => {
      // What `done` gets is what this very work returned.
      waiting.push({ work, done: (result) => resolve(result as Result), failed: reject });
      if (isRunning) return;
      isRunning = true;
      void run();
    });
}

/** SQLite answers within the same turn of the loop: without waiting for the next, nobody else could have come. */
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function commit<Stores>(transact: Transact<Stores>, group: readonly Waiting<Stores>[]): Promise<void> {
  if (group.length > 1) {
    const results = await together(transact, group);
    if (results !== undefined) {
      group.forEach(({ done }, index) => done(results[index]));
      return;
    }
  }
  for (const { work, done, failed } of group) await transact(work).then(done, failed);
}

/** Undefined when any of them failed: then nothing was kept. */
async function together<Stores>(transact: Transact<Stores>, group: readonly Waiting<Stores>[]): Promise<unknown[] | undefined> {
  try {
    return await transact(async (stores) => {
      const results: unknown[] = [];
      for (const { work } of group) results.push(await work(stores));
      return results;
    });
  } catch {
    // Whose fault it was, and with which reason, shows when each is done alone.
    return undefined;
  }
}
