/** Which refusals get a line of their own in the access log: a few a second for each cause, so that nobody can fill the audit. Of the others the number is told, within the same second. */
export interface RefusalLines {
  /** False: it was counted instead. */
  mayWrite(cause: string, perSecond: number): boolean;
  /** Tells what is untold. */
  stop(): void;
}

export function createRefusalLines(tell: (cause: string, count: number) => void): RefusalLines {
  const seen = new Map<string, { written: number; untold: number }>();
  let timer: NodeJS.Timeout | undefined;
  const begin = (): NodeJS.Timeout => setTimeout(turn, 1000).unref();
  const turn = (): void => {
    clearTimeout(timer);
    timer = undefined;
    for (const [cause, { untold }] of seen) if (untold > 0) tell(cause, untold);
    seen.clear();
  };
  return {
    mayWrite: (cause, perSecond) => {
      // One for all, and none while nothing is refused.
      timer ??= begin();
      const lines = seen.get(cause) ?? { written: 0, untold: 0 };
      seen.set(cause, lines);
      if (lines.written >= perSecond) {
        lines.untold += 1;
        return false;
      }
      lines.written += 1;
      return true;
    },
    stop: turn,
  };
}
