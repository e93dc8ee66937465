/** Durations as people type them (`90s`, `15m`, `12h`, `7d`, `1h30m`) and as the program counts them: whole seconds. */

const secondsOf: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** Seconds of a duration, or undefined when the text is none. Years overflow nothing: at most ten years are accepted. */
export function parseDuration(text: string): number | undefined {
  if (!/^(?:\d{1,9}[smhd])+$/.test(text)) return undefined;
  let seconds = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+)([smhd])/g)) seconds += Number(amount) * (secondsOf[unit ?? ''] ?? 0);
  return seconds > 0 && seconds <= 10 * 366 * 86_400 ? seconds : undefined;
}

/** The shortest exact text: 5400 → `1h30m`. */
export function formatDuration(totalSeconds: number): string {
  let rest = Math.max(0, Math.round(totalSeconds));
  if (rest === 0) return '0s';
  let text = '';
  for (const [unit, size] of [
    ['d', 86_400],
    ['h', 3600],
    ['m', 60],
    ['s', 1],
  ] as const) {
    const amount = Math.floor(rest / size);
    if (amount > 0) text += `${amount}${unit}`;
    rest -= amount * size;
  }
  return text;
}
