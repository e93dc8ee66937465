/** When a connector that hears nothing more of the server refuses everybody by itself (law 5): pure. */
import { fromTime } from '../../shared/clock.ts';

export interface LastContact {
  /** Null: never since it was enrolled. */
  readonly lastSeenAt: string | null;
  readonly enrolledAt: string;
}

/** Milliseconds. */
export const staleAt = (
  { lastSeenAt, enrolledAt }: LastContact,
  { stalenessLimitSeconds }: { readonly stalenessLimitSeconds: number },
): number => fromTime(lastSeenAt ?? enrolledAt) + stalenessLimitSeconds * 1000;
