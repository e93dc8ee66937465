/** Questions to the person at the terminal: asked on stderr, answered on stdin, secrets without echo. */
import { createInterface } from 'node:readline/promises';
import type { Environment } from './environment.ts';
import { CliError } from './failure.ts';
import { safeText } from '../shared/safe-text.ts';

type Terminal = Pick<Environment, 'stdin' | 'stderr'>;

export async function askLine({ stdin, stderr }: Terminal, question: string): Promise<string> {
  const lines = createInterface({ input: stdin, output: stderr, terminal: false });
  try {
    stderr.write(safeText(question));
    return await new Promise<string>((resolve, reject) => {
      lines.once('line', resolve);
      lines.once('close', () => reject(interrupted()));
    });
  } finally {
    lines.close();
  }
}

export async function askYesNo(terminal: Terminal, question: string): Promise<boolean> {
  const answer = (await askLine(terminal, `${question} [y/N] `)).trim().toLowerCase();
  return answer === 'y' || answer === 'yes';
}

/** Raw mode: the terminal echoes nothing, so the few keys that matter are understood here. */
export async function askSecret({ stdin, stderr }: Terminal, question: string): Promise<string> {
  // Before the question, which may be answered at once: until then the terminal would echo.
  stdin.setRawMode?.(true);
  stdin.resume();
  stderr.write(safeText(question));
  try {
    return await new Promise<string>((resolve, reject) => {
      let typed = '';
      const onData = (chunk: Buffer | string): void => {
        for (const character of chunk.toString()) {
          const key = keyOf(character);
          if (key === 'enter' || key === 'interrupt') {
            stdin.off('data', onData);
            if (key === 'enter') resolve(typed);
            else reject(interrupted());
            return;
          }
          typed = edited(typed, key, character);
        }
      };
      stdin.on('data', onData);
    });
  } finally {
    stdin.setRawMode?.(false);
    stdin.pause();
    stderr.write('\n');
  }
}

type Key = 'enter' | 'interrupt' | 'backspace' | 'erase-line' | 'character' | 'other';

function keyOf(character: string): Key {
  if (character === '\r' || character === '\n') return 'enter';
  if (character === '\u0003' || character === '\u0004') return 'interrupt';
  if (character === '\u007f' || character === '\b') return 'backspace';
  if (character === '\u0015') return 'erase-line';
  return character < ' ' ? 'other' : 'character';
}

function edited(typed: string, key: Key, character: string): string {
  if (key === 'character') return typed + character;
  if (key === 'backspace') return Array.from(typed).slice(0, -1).join('');
  return key === 'erase-line' ? '' : typed;
}

/** All of stdin as lines, for `--password-stdin` and `--key-stdin`: at most the few that anyone may mean. */
export async function readStdinLines({ stdin }: Pick<Environment, 'stdin'>): Promise<string[]> {
  let text = '';
  for await (const chunk of stdin) {
    text += chunk.toString();
    if (text.length > 65_536) throw new CliError('wrongUse', 'too much came on stdin; give a line for each thing that is asked for');
  }
  return text.split(/\r?\n/);
}

export const interrupted = (): CliError => new CliError('failed', 'interrupted; nothing was changed');
