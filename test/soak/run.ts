/**
 * `npm run soak [-- NAME…] [--gigabytes N] [--minutes N] [--connectors N] [--cuts N]`: what is too heavy for every test run. Prints what was seen and ends with 1 when a rule
 * was broken. Each of `bytes`' four ways carries 5 GB, `mixed` lasts an hour; both can be made smaller. The rest takes about half an hour.
 */
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { exitOnSignals } from '../bench/exit-on-signals.ts';
import { createSetting, type Setting } from '../bench/setting.ts';
import { bytes } from './bytes.ts';
import { execs } from './execs.ts';
import { fuzz } from './fuzz.ts';
import { gateFuzz } from './gate-fuzz.ts';
import { mixed } from './mixed.ts';
import { formatOutcomes, observe, type Outcome, type Rules } from './outcome.ts';
import { reconnects } from './reconnects.ts';
import { relayFleet } from './relay-fleet.ts';
import { relayNetwork } from './relay-network.ts';
import { relayReconnects } from './relay-reconnects.ts';
import { uiReads } from './ui-reads.ts';
import { watches } from './watches.ts';

interface Size {
  readonly gigabytes: number;
  readonly minutes: number;
  /** Of the fleet. */
  readonly connectors: number;
  /** Of tunnels. */
  readonly cuts: number;
}

type Part = (setting: Setting, rules: Rules, size: Size) => Promise<void>;
const parts: Readonly<Record<string, Part>> = {
  'gate-fuzz': async (_setting, rules) => gateFuzz(rules),
  fuzz,
  watches,
  reconnects,
  'relay-network': async (_setting, rules) => relayNetwork(rules),
  'relay-reconnects': relayReconnects,
  'relay-fleet': async (_setting, rules, { connectors }) => relayFleet(connectors, rules),
  execs,
  'ui-reads': async (_setting, rules) => uiReads(rules),
  bytes,
  mixed,
};

const { values, positionals: chosen } = parseArgs({
  allowPositionals: true,
  options: {
    gigabytes: { type: 'string', default: '5' },
    minutes: { type: 'string', default: '60' },
    connectors: { type: 'string', default: '2000' },
    cuts: { type: 'string', default: '1000' },
  },
});
const size: Size = {
  gigabytes: Number(values.gigabytes),
  minutes: Number(values.minutes),
  connectors: Number(values.connectors),
  cuts: Number(values.cuts),
};
const unknown = chosen.filter((name) => !(name in parts));
if (unknown.length > 0) {
  console.error(`no such part: ${unknown.join(', ')}; parts: ${Object.keys(parts).join(', ')}`);
  process.exit(2);
}

exitOnSignals();
const setting = createSetting((line) => console.error(`· ${line}`));
const outcomes: Outcome[] = [];
for (const [name, work] of Object.entries(parts)) {
  if (chosen.length > 0 && !chosen.includes(name)) continue;
  console.error(`· ${name} (load ${loadavg()[0]?.toFixed(1) ?? '?'})`);
  outcomes.push(await observe(name, (rules) => work(setting, rules, size)));
}
await setting.stop();
console.log(`\n${formatOutcomes(outcomes)}\n`);
process.exit(outcomes.some(({ violations }) => violations.length > 0) ? 1 : 0);
