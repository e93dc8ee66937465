/** Runs tasks side by side, in order, but never waits for one whose preparation is not done while another could run. */
export interface Task {
  /** Settled when the task may start; run() deals with a rejection. */
  readonly prepared: Promise<unknown>;
  readonly run: () => Promise<void>;
}

export async function runQueue(tasks: readonly Task[], workers: number): Promise<void> {
  const waiting = tasks.map(({ prepared, run }) => {
    const entry = { run, isPrepared: false, preparation: Promise.resolve() };
    const settle = (): void => void (entry.isPrepared = true);
    entry.preparation = prepared.then(settle, settle);
    return entry;
  });
  const work = async (): Promise<void> => {
    while (waiting.length > 0) {
      const index = waiting.findIndex(({ isPrepared }) => isPrepared);
      const [task] = index < 0 ? [] : waiting.splice(index, 1);
      // Another worker may take what becomes ready: then this one looks again.
      await (task?.run() ?? Promise.race(waiting.map(({ preparation }) => preparation)));
    }
  };
  await Promise.all(Array.from({ length: workers }, work));
}
