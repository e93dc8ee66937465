/** How a login by a code goes on asking after an answer that is no session (RFC 8628 §3.5). Pure. */
import { ApiError, UnreachableError } from '../../shared/client.ts';

export interface PollPace {
  readonly intervalSeconds: number;
  /** The server gave no answer last time. */
  readonly isSilent: boolean;
}

const slowDownSeconds = 5;
const longestIntervalSeconds = 60;

/** Undefined: that was the end. */
export function afterRefusal({ intervalSeconds }: PollPace, error: unknown): PollPace | undefined {
  const code = error instanceof ApiError ? error.problem.code : '';
  if (code === 'device-login.authorization-pending') return { intervalSeconds, isSilent: false };
  if (code === 'device-login.slow-down') return { intervalSeconds: intervalSeconds + slowDownSeconds, isSilent: false };
  return undefined;
}

/** A server that is away, or in trouble, is asked ever more slowly: the person may be about to approve. Undefined: it did answer. */
export function afterSilence({ intervalSeconds }: PollPace, error: unknown): PollPace | undefined {
  const isSilent = error instanceof UnreachableError || (error instanceof ApiError && error.problem.status >= 500);
  return isSilent ? { intervalSeconds: Math.min(intervalSeconds * 2, longestIntervalSeconds), isSilent } : undefined;
}
