/**
 * `npm run bench [-- ROW…] [--quick] [--write]`: the first table of performance.md, each figure beside its budget and goal; JSON beside it in
 * bench-results/, with --write a table in docs/performance.md. Measures what is built (dist/) with real programs on this machine; a run takes
 * about a quarter of an hour, a quick one five minutes. `--programs-only`, `--runs N` and `--out FILE` are for compare.ts.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { projectRoot } from '../support/program.ts';
import { performanceDocument } from './document.ts';
import { formatTable, verdict, type Effort, type Figure } from './figure.ts';
import { exitOnSignals } from './exit-on-signals.ts';
import { describeMachine, inWords } from './machine.ts';
import { bulkRows } from './rows/bulk.ts';
import { changeRows } from './rows/changes.ts';
import { credentialPluginRows } from './rows/credential-plugin.ts';
import { effectiveAccessRows } from './rows/effective-access.ts';
import { loginRows } from './rows/logins.ts';
import { manyGrantsRows } from './rows/many-grants.ts';
import { memoryRows } from './rows/memory.ts';
import { execRows } from './rows/exec.ts';
import { greedyRows } from './rows/greedy.ts';
import { handshakeRows } from './rows/handshakes.ts';
import { kubectlBytesRows } from './rows/kubectl-bytes.ts';
import { lightRows } from './rows/light.ts';
import { podListRows } from './rows/pod-list.ts';
import { relayRows } from './rows/relay.ts';
import { serverRows } from './rows/server.ts';
import { smallGetRows } from './rows/small-get.ts';
import { watchRows } from './rows/watches.ts';
import { webRows } from './rows/web.ts';
import { createSetting } from './setting.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    runs: { type: 'string' },
    out: { type: 'string' },
    'programs-only': { type: 'boolean', default: false },
  },
});
if (values.write && (values.quick || positionals.length > 0)) {
  console.error('docs/performance.md holds a whole run: --write goes without --quick and without rows');
  process.exit(2);
}
const usual: Effort = values.quick
  ? { isQuick: true, runs: 1, seconds: 1.5, tries: 5 }
  : { isQuick: false, runs: 3, seconds: 5, tries: 50 };
const effort: Effort = { ...usual, runs: values.runs === undefined ? usual.runs : Number(values.runs) };

exitOnSignals();
const log = (line: string): void => console.error(`· ${line}`);
const setting = createSetting(log);
// In the order of the table. Memory comes after what loads the programs.
const rows: Readonly<Record<string, (effort: Effort) => Promise<Figure[]>>> = {
  ...(values['programs-only'] ? {} : effectiveAccessRows()),
  ...smallGetRows(setting),
  ...lightRows(setting),
  ...greedyRows(setting),
  ...handshakeRows(setting),
  ...bulkRows(setting),
  ...kubectlBytesRows(setting),
  ...execRows(setting),
  ...relayRows(setting),
  ...podListRows(setting),
  ...watchRows(setting),
  ...manyGrantsRows(setting),
  ...changeRows(setting),
  ...credentialPluginRows(setting),
  ...serverRows(setting),
  ...loginRows(),
  ...webRows(),
  ...memoryRows(setting),
};

const unknown = positionals.filter((name) => !(name in rows));
if (unknown.length > 0) {
  console.error(`no such row: ${unknown.join(', ')}; rows: ${Object.keys(rows).join(', ')}`);
  process.exit(2);
}

const startedAt = new Date();
const machine = describeMachine();
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

console.log(`\n${formatTable(figures)}\n`);
console.log(
  `${inWords(machine)}; load before ${machine.load.map((value) => value.toFixed(1)).join(' ')}${values.quick ? '; quick: figures mean little' : ''}`,
);
const file = values.out ?? join(projectRoot, 'bench-results', `${startedAt.toISOString().replaceAll(':', '-')}.json`);
mkdirSync(dirname(file), { recursive: true });
const judged = figures.map((figure) => ({ ...figure, verdict: verdict(figure) }));
const result = { startedAt, quick: values.quick, machine, loadAfter: loadavg(), figures: judged, failures };
writeFileSync(file, `${JSON.stringify(result, null, 2)}\n`);
console.log(`written to ${file}`);
if (values.write) writeFileSync(join(projectRoot, 'docs', 'performance.md'), performanceDocument(figures, machine, startedAt));
for (const failure of failures) console.log(`FAILED ${failure}`);
process.exit(failures.length > 0 ? 1 : 0);
