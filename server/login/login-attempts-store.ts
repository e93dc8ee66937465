import { toTime } from '../../shared/clock.ts';
import { isUniqueViolation } from '../storage/constraint-errors.ts';
import type { Handle } from '../storage/database.ts';

/** How the names of buckets begin whose window is a day. */
export const dayBuckets = 'day:';

export interface LoginAttemptStore {
  /** Adds one, in a new window when the old one is over; answers with the count so far. */
  increment(bucket: string, now: number, windowSeconds: number): Promise<{ readonly failures: number; readonly windowStartedAt: string }>;
  decrement(bucket: string): Promise<void>;
  clear(bucket: string): Promise<void>;
  /** Forgets windows that began before a time; those of a day, before another. */
  prune(before: string, daysBefore: string): Promise<void>;
}

export function createLoginAttemptStore(db: Handle): LoginAttemptStore {
  const addOne = async (bucket: string, windowFloor: string): Promise<boolean> => {
    const updated = await db
      .updateTable('login_attempts')
      .set((eb) => ({ failures: eb('failures', '+', 1) }))
      .where('bucket', '=', bucket)
      .where('window_started_at', '>', windowFloor)
      .executeTakeFirst();
    return updated.numUpdatedRows === 1n;
  };
  const startWindow = async (bucket: string, now: number, windowFloor: string): Promise<void> => {
    await db.deleteFrom('login_attempts').where('bucket', '=', bucket).where('window_started_at', '<=', windowFloor).execute();
    try {
      await db
        .insertInto('login_attempts')
        .values({ bucket, failures: 1, window_started_at: toTime(now) })
        .execute();
    } catch (error) {
      if (!isUniqueViolation(error)) throw error;
      // Another attempt opened the window in between: count on top of it.
      await addOne(bucket, windowFloor);
    }
  };
  return {
    increment: async (bucket, now, windowSeconds) => {
      const windowFloor = toTime(now - windowSeconds * 1000);
      if (!(await addOne(bucket, windowFloor))) await startWindow(bucket, now, windowFloor);
      const row = await db.selectFrom('login_attempts').selectAll().where('bucket', '=', bucket).executeTakeFirst();
      return { failures: row?.failures ?? 1, windowStartedAt: row?.window_started_at ?? toTime(now) };
    },
    decrement: async (bucket) =>
      void (await db
        .updateTable('login_attempts')
        .set((eb) => ({ failures: eb('failures', '-', 1) }))
        .where('bucket', '=', bucket)
        .where('failures', '>', 0)
        .execute()),
    clear: async (bucket) => void (await db.deleteFrom('login_attempts').where('bucket', '=', bucket).execute()),
    prune: async (before, daysBefore) => {
      const ended = (at: string) => db.deleteFrom('login_attempts').where('window_started_at', '<', at);
      await ended(before).where('bucket', 'not like', `${dayBuckets}%`).execute();
      await ended(daysBefore).execute();
    },
  };
}
