/** Exponential backoff with jitter, so that a thousand connectors do not come back in the same instant. */
export interface Backoff {
  /** Milliseconds to wait before the next try. */
  next(): number;
  reset(): void;
}

export interface BackoffLimits {
  readonly firstMilliseconds: number;
  readonly longestMilliseconds: number;
}

export function createBackoff(limits: BackoffLimits): Backoff {
  let tries = 0;
  return {
    next: () => {
      const ceiling = Math.min(limits.longestMilliseconds, limits.firstMilliseconds * 2 ** tries);
      tries = Math.min(tries + 1, 30);
      return Math.round(ceiling * (0.5 + Math.random() / 2));
    },
    reset: () => {
      tries = 0;
    },
  };
}
