/**
 * `npm run bench:compare -- COMMIT [ROW…] [--rounds N] [--quick]`: the programs of an older commit and those of this tree, in turn, under the
 * bench of this tree. Prints both and ends with 1 when a figure is more than 20 % worse than it was.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { projectRoot } from '../support/program.ts';
import { tempDir } from '../support/temp-dir.ts';
import { buildPrograms, checkOutBaseline } from './baseline.ts';
import { compare, formatCompared } from './comparison.ts';
import type { Figure } from './figure.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: 'boolean', default: false }, rounds: { type: 'string', default: '3' } },
});
const [name, ...rows] = positionals;
if (name === undefined) {
  console.error('usage: npm run bench:compare -- COMMIT [ROW…] [--rounds N] [--quick]');
  process.exit(2);
}

const baseline = checkOutBaseline(name);
buildPrograms(projectRoot);
const sides = { before: baseline.programs, after: join(projectRoot, 'dist') } as const;
const results: Record<keyof typeof sides, Figure[][]> = { before: [], after: [] };
const folder = tempDir('infra-compare');
for (let round = 0; round < Number(values.rounds); round++)
  for (const side of ['before', 'after'] as const) {
    console.error(`· round ${round + 1}, ${side === 'before' ? baseline.commit : 'this tree'}`);
    results[side].push(measure(sides[side], join(folder, `${side}-${round}.json`)));
  }

const compared = compare(results.before, results.after);
console.log(`\n${baseline.commit} → this tree\n\n${compared.map(formatCompared).join('\n')}`);
process.exit(compared.some(({ isWorse }) => isWorse) ? 1 : 0);

/** One run of the bench in a process of its own; figures of rows that fail are missing. */
function measure(programs: string, file: string): Figure[] {
  const bench = join(import.meta.dirname, 'run.ts');
  const args = [bench, ...rows, '--programs-only', '--runs', '1', '--out', file, ...(values.quick ? ['--quick'] : [])];
  spawnSync(process.execPath, args, { env: { ...process.env, INFRA_TEST_PROGRAMS: programs }, stdio: ['ignore', 'ignore', 'inherit'] });
  // Written by run.ts.
  return (JSON.parse(readFileSync(file, 'utf8')) as { readonly figures: Figure[] }).figures;
}
