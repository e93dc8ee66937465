/** One line of the soak's table: what was done, what came of it, and the rules that were broken. */

export interface Outcome {
  readonly name: string;
  readonly facts: readonly string[];
  readonly violations: readonly string[];
}

export interface Rules {
  /** Notes a fact. */
  note(fact: string): void;
  /** Notes what must hold, and whether it did. */
  holds(claim: string, isTrue: boolean): void;
}

export async function observe(name: string, work: (rules: Rules) => Promise<void>): Promise<Outcome> {
  const facts: string[] = [];
  const violations: string[] = [];
  const rules: Rules = {
    note: (fact) => void facts.push(fact),
    holds: (claim, isTrue) => void (isTrue ? facts : violations).push(claim),
  };
  const startedAt = performance.now();
  try {
    await work(rules);
  } catch (error) {
    violations.push(`did not finish: ${error instanceof Error ? error.message : String(error)}`);
  }
  facts.push(`${((performance.now() - startedAt) / 1000).toFixed(0)} s`);
  return { name, facts, violations };
}

export const formatOutcomes = (outcomes: readonly Outcome[]): string =>
  outcomes
    .flatMap(({ name, facts, violations }) => [
      `${violations.length === 0 ? 'ok  ' : 'FAIL'}  ${name}`,
      ...facts.map((fact) => `        ${fact}`),
      ...violations.map((violation) => `      ! ${violation}`),
    ])
    .join('\n');
