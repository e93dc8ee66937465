/** A defence: where it stands in the program, and the attack that succeeds without it. */
import type { Stage } from './stage.ts';

export interface Defence {
  readonly name: string;
  /** Of docs/threat-model.md. */
  readonly row: number;
  readonly cut: Cut;
  /** What stands before it and refuses the same attack: taken away too, so that this one is seen. With these alone gone, it must hold. */
  readonly behind?: readonly Cut[];
  readonly attack: Attack;
}

/** A piece of the compiled program, found exactly once, and what takes its place. */
export interface Cut {
  /** Below dist/connector/, or dist/server/ for the server's. */
  readonly file: string;
  readonly source: string;
  readonly without: string;
}

export interface Attack {
  /** Of the connector, beside those of every stage. */
  readonly settings?: Readonly<Record<string, string>>;
  /** It leaves a stage that is of no use to others. */
  readonly isLast?: true;
  readonly on: (stage: Stage) => Promise<Verdict>;
}

/** `broken`: seen to succeed; a program that merely fails holds. */
export type Verdict = 'held' | 'broken';

export const brokenIf = (hasSucceeded: boolean): Verdict => (hasSucceeded ? 'broken' : 'held');

/** Defences of one file. */
export const cutIn =
  (file: string) =>
  (source: string, without: string): Cut => ({ file, source, without });
