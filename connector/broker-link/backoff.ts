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

/** Resolves after the time or at once when aborted; never rejects. */
export function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener('abort', done, { once: true });
  });
}
