/** What came of one check or one group of tests. */
export interface Outcome {
  readonly name: string;
  readonly seconds: number;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** For people: each failure in full. */
  readonly details: readonly string[];
}

export const failedOutcome = (name: string, seconds: number, detail: string): Outcome => ({
  ...{ name, seconds, passed: 0, failed: 1, skipped: 0 },
  details: [detail],
});
