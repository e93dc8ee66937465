/** What the program gets from the machine it runs on, as a value: `main.ts` makes it, nothing else reads `process`. */
import type { ReadStream } from 'node:tty';

export type Variables = Readonly<Record<string, string | undefined>>;

export interface Environment {
  readonly arguments: readonly string[];
  readonly variables: Variables;
  readonly platform: NodeJS.Platform;
  /** The person's home directory. */
  readonly userDirectory: string;
  readonly stdin: NodeJS.ReadableStream & Partial<Pick<ReadStream, 'isTTY' | 'setRawMode'>>;
  readonly stdout: NodeJS.WritableStream & { readonly isTTY?: boolean };
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean };
  /** How this program is started again: the absolute paths of Node and of `main.js`. */
  readonly startedBy: { readonly node: string; readonly main: string };
  /** The process that started this one. */
  readonly callerId: number;
  /** Ctrl-C, or being told to end: the listener is called instead of the program's ending at once, until it is taken back. */
  readonly onInterrupt: (listener: () => void) => () => void;
}

/** Someone sits there and can be asked: prompts are written to stderr and answered on stdin. */
export const isInteractive = (environment: Environment): boolean => environment.stdin.isTTY === true && environment.stderr.isTTY === true;
