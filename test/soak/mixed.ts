/** An hour of all that people do at once: nothing fails, and the connector does not grow. */
import { median } from '../bench/statistics.ts';
import { startPodSetting } from '../bench/pod-setting.ts';
import type { Setting } from '../bench/setting.ts';
import { noWholeCluster } from '../support/clusters.ts';
import { mixedLoad } from './mixed-load.ts';
import type { Rules } from './outcome.ts';

/** From the second quarter, when everything has been used, to the last. */
const mostGrowth = 40;

export async function mixed(_setting: Setting, { note, holds }: Rules, { minutes }: { readonly minutes: number }): Promise<void> {
  if (noWholeCluster !== undefined) {
    note(`left out: ${noWholeCluster}`);
    return;
  }
  const setting = await startPodSetting('mixed');
  const { rounds, faults, megabytes } = await mixedLoad(setting, minutes * 60);
  await setting.stop();
  note(
    `rounds: ${Object.entries(rounds)
      .map(([name, count]) => `${count} × ${name}`)
      .join(', ')}`,
  );
  holds(`nothing failed${faults.map((fault) => `\n        ${fault}`).join('')}`, faults.length === 0);
  const quarter = Math.floor(megabytes.length / 4);
  const [early, late] = [median(megabytes.slice(quarter, 2 * quarter)), median(megabytes.slice(-quarter))];
  const memory = `connector memory ${early.toFixed(0)} MB in the second quarter, ${late.toFixed(0)} in the last`;
  // In less, a heap is still growing to its size.
  if (minutes < 10) note(memory);
  else holds(`${memory} (at most ${mostGrowth} more)`, late <= early + mostGrowth);
}
