/**
 * `npm run bench [-- ROW…] [--quick]`: the first table of performance.md, each figure beside its budget and goal; JSON beside it in .local/bench/.
 * Measures what is built (dist/) with real programs on this machine; a run takes about five minutes, a quick one a minute.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { projectRoot } from '../support/program.ts';
import { formatTable, verdict, type Effort, type Figure } from './figure.ts';
import { bulkRows } from './rows/bulk.ts';
import { changeRows } from './rows/changes.ts';
import { credentialPluginRows } from './rows/credential-plugin.ts';
import { effectiveAccessRows } from './rows/effective-access.ts';
import { manyGrantsRows } from './rows/many-grants.ts';
import { memoryRows } from './rows/memory.ts';
import { handshakeRows } from './rows/handshakes.ts';
import { lightRows } from './rows/light.ts';
import { podListRows } from './rows/pod-list.ts';
import { serverRows } from './rows/server.ts';
import { smallGetRows } from './rows/small-get.ts';
import { watchRows } from './rows/watches.ts';
import { createSetting } from './setting.ts';

const { values, positionals } = parseArgs({ allowPositionals: true, options: { quick: { type: 'boolean', default: false } } });
const effort: Effort = values.quick
  ? { isQuick: true, runs: 1, seconds: 1.5, tries: 5 }
  : { isQuick: false, runs: 3, seconds: 5, tries: 50 };

const log = (line: string): void => console.error(`· ${line}`);
const setting = createSetting(log);
// In the order of the table. Memory comes after what loads the programs.
const rows: Readonly<Record<string, (effort: Effort) => Promise<Figure[]>>> = {
  ...effectiveAccessRows(),
  ...smallGetRows(setting),
  ...lightRows(setting),
  ...handshakeRows(setting),
  ...bulkRows(setting),
  ...podListRows(setting),
  ...watchRows(setting),
  ...manyGrantsRows(setting),
  ...changeRows(setting),
  ...credentialPluginRows(setting),
  ...serverRows(setting),
  ...memoryRows(setting),
};

const unknown = positionals.filter((name) => !(name in rows));
if (unknown.length > 0) {
  console.error(`no such row: ${unknown.join(', ')}; rows: ${Object.keys(rows).join(', ')}`);
  process.exit(2);
}

const startedAt = new Date();
const loadBefore = loadavg();
const figures: Figure[] = [];
const failures: string[] = [];
for (const [name, measure] of Object.entries(rows)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  log(`${name} (load ${loadavg()[0]?.toFixed(1) ?? '?'})`);
  try {
    figures.push(...(await measure(effort)));
  } catch (error) {
    failures.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    log(`${name} failed: ${failures.at(-1) ?? ''}`);
  }
}

await setting.stop();

const machine = {
  cores: cpus().length,
  model: cpus()[0]?.model ?? '',
  memoryGigabytes: Math.round(totalmem() / 2 ** 30),
  node: process.version,
  loadBefore,
  loadAfter: loadavg(),
};
console.log(`\n${formatTable(figures)}\n`);
console.log(
  `${machine.cores} cores, Node ${machine.node}, load before ${loadBefore.map((value) => value.toFixed(1)).join(' ')}${values.quick ? '; quick: figures mean little' : ''}`,
);
const folder = join(projectRoot, '.local', 'bench');
mkdirSync(folder, { recursive: true });
const file = join(folder, `${startedAt.toISOString().replaceAll(':', '-')}.json`);
const judged = figures.map((figure) => ({ ...figure, verdict: verdict(figure) }));
writeFileSync(file, `${JSON.stringify({ startedAt, quick: values.quick, machine, figures: judged, failures }, null, 2)}\n`);
console.log(`written to ${file}`);
for (const failure of failures) console.log(`FAILED ${failure}`);
process.exit(failures.length > 0 ? 1 : 0);
