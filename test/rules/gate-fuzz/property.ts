/** A rule that holds for every input, tried on the kept corpus first and on inputs of fast-check's making after it. */
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Property<Input> {
  readonly title: string;
  /** Of test/corpus/gate/: inputs that broke a rule once, or come close. */
  readonly corpus: string;
  readonly inputs: fc.Arbitrary<Input>;
  /** Throws where the rule is broken. */
  readonly holds: (input: Input) => void | Promise<void>;
}

export interface CheckableProperty {
  readonly title: string;
  /** @throws Error with the smallest input that breaks the rule, and where to keep it. */
  check(runs: number): Promise<void>;
}

export function checkable<Input>({ title, corpus, inputs, holds }: Property<Input>): CheckableProperty {
  return {
    title,
    check: async (runs) => {
      const examples = readCorpus(corpus).map((input): [Input] => [input as Input]);
      const tried = await fc.check(
        fc.asyncProperty(inputs, async (input) => holds(input)),
        { examples, numRuns: runs + examples.length },
      );
      if (tried.failed)
        throw new Error(
          `${String(tried.errorInstance)}\n${fc.defaultReportMessage(tried)}\n${howToKeep(corpus, tried.counterexample?.[0])}`,
        );
    },
  };
}

const folder = 'test/corpus/gate';
const root = join(import.meta.dirname, '../../..');

/** A list of inputs; it is the property that knows their shape, and fails on another. */
const readCorpus = (corpus: string): readonly unknown[] =>
  JSON.parse(readFileSync(join(root, folder, `${corpus}.json`), 'utf8')) as readonly unknown[];

const howToKeep = (corpus: string, input: unknown): string =>
  `Keep this input, so that it is tried in every run: add the line below to the list in ${folder}/${corpus}.json, then mend what it breaks.\n${JSON.stringify(input)}`;
