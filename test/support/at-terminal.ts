/** A shell with a terminal of its own, as a person has it: util-linux's `script` makes the terminal. */
import { expect } from 'chai';
import { spawn, type ChildProcess } from 'node:child_process';
import { waitFor } from './wait-for.ts';

export interface AtTerminal {
  screen(): string;
  /** Waits until the screen asks for it, then types. */
  answer(question: string, typed: string): Promise<void>;
  readonly ended: Promise<number>;
}

const running = new Set<ChildProcess>();
process.once('exit', endTerminals);

/** Whatever still runs there goes with its terminal. */
export function endTerminals(): void {
  for (const child of running) child.kill('SIGKILL');
}

/** @param command for bash, with job control as people have it. */
export function atTerminal(command: string, env: Readonly<Record<string, string>>): AtTerminal {
  const child = spawn('script', ['-qefc', 'exec bash -mc "$AT_TERMINAL"', '/dev/null'], {
    env: { PATH: process.env['PATH'] ?? '', TERM: 'xterm', AT_TERMINAL: command, ...env },
  });
  running.add(child);
  let screen = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (screen += text));
  let seen = 0;
  return {
    screen: () => screen,
    answer: async (question, typed) => {
      await waitFor(() => expect(screen.slice(seen)).to.include(question), { within: 15, what: 'a question' });
      seen = screen.length;
      child.stdin.write(typed);
    },
    ended: new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => {
        running.delete(child);
        resolve(code ?? -1);
      });
    }),
  };
}
