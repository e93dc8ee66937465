/**
 * `npm run soak [-- NAME…]`: what is too heavy for every test run. Prints what was seen and ends with 1 when a rule was broken; about fifteen
 * minutes in all.
 */
import { loadavg } from 'node:os';
import { createSetting, type Setting } from '../bench/setting.ts';
import { bytes } from './bytes.ts';
import { fuzz } from './fuzz.ts';
import { gateFuzz } from './gate-fuzz.ts';
import { formatOutcomes, observe, type Outcome, type Rules } from './outcome.ts';
import { reconnects } from './reconnects.ts';
import { watches } from './watches.ts';

const parts: Readonly<Record<string, (setting: Setting, rules: Rules) => Promise<void>>> = {
  'gate-fuzz': async (_setting, rules) => gateFuzz(rules),
  fuzz,
  watches,
  reconnects,
  bytes,
};

const chosen = process.argv.slice(2);
const unknown = chosen.filter((name) => !(name in parts));
if (unknown.length > 0) {
  console.error(`no such part: ${unknown.join(', ')}; parts: ${Object.keys(parts).join(', ')}`);
  process.exit(2);
}

const setting = createSetting((line) => console.error(`· ${line}`));
const outcomes: Outcome[] = [];
for (const [name, work] of Object.entries(parts)) {
  if (chosen.length > 0 && !chosen.includes(name)) continue;
  console.error(`· ${name} (load ${loadavg()[0]?.toFixed(1) ?? '?'})`);
  outcomes.push(await observe(name, (rules) => work(setting, rules)));
}
await setting.stop();
console.log(`\n${formatOutcomes(outcomes)}\n`);
process.exit(outcomes.some(({ violations }) => violations.length > 0) ? 1 : 0);
