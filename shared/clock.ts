/** The one place that reads the machine's clock; rules take the time as a value. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
}

export const systemClock: Clock = { now: () => Date.now() };

/** RFC 3339 in UTC with milliseconds, the form of every time in the API and in storage: it sorts as text. */
export const toTime = (milliseconds: number): string => new Date(milliseconds).toISOString();

/** Milliseconds of an RFC 3339 time that was validated at the edge. */
export const fromTime = (time: string): number => Date.parse(time);
