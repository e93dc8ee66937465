import { readFileSync } from 'node:fs';

/** How a built program is run by the Node of this process: with the options of its first line, as a shell would, then its file. */
export function nodeArguments(file: string): readonly string[] {
  const [, options = ''] = /^#!.*\bnode\b(.*)$/m.exec(readFileSync(file, 'utf8').slice(0, 200)) ?? [];
  return [...options.split(' ').filter((option) => option !== ''), file];
}
