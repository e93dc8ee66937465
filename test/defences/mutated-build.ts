/** A built program without some of its defences, in a folder of its own. */
import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tempDir } from '../support/temp-dir.ts';
import type { Cut } from './defence.ts';

const root = join(import.meta.dirname, '../..');

/** Where its main.js is. */
export function buildWithout(cuts: readonly Cut[], program: 'connector' | 'server' = 'connector'): string {
  const folder = tempDir('infra-defence');
  for (const part of [program, 'shared'])
    cpSync(join(root, 'dist', part), join(folder, 'dist', part), { recursive: true, filter: (path) => !/\.(?:d\.ts|map)$/.test(path) });
  cpSync(join(root, 'package.json'), join(folder, 'package.json'));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  for (const cut of cuts) {
    const path = join(folder, 'dist', program, cut.file);
    writeFileSync(path, cutOut(readFileSync(path, 'utf8'), { ...cut, file: `${program}/${cut.file}` }));
  }
  return join(folder, 'dist', program, 'main.js');
}

function cutOut(text: string, { file, source, without }: Cut): string {
  const times = text.split(source).length - 1;
  if (times === 1) return text.replace(source, () => without);
  throw new Error(
    `dist/${file} holds ${times} times, not once: ${source}\n` +
      'This defence was moved or written anew. Give the list in test/defences/ the piece of the compiled file that is the defence now, and what takes it away; ' +
      'if the defence is gone on purpose, say what stands in its place in docs/threat-model.md and take its entry out. (Is dist/ older than the source? npm run build)',
  );
}
