/** Gigabytes through `kubectl exec` and `kubectl cp` in each direction, byte for byte. */
import { carries, prepareBytes } from '../bench/kubectl-bytes.ts';
import { startPodSetting } from '../bench/pod-setting.ts';
import { cpuSeconds, residentMegabytes } from '../bench/process-usage.ts';
import type { Setting } from '../bench/setting.ts';
import { noWholeCluster } from '../support/clusters.ts';
import type { Rules } from './outcome.ts';

const mostMegabytes = 250;

export async function bytes(_setting: Setting, { note, holds }: Rules, { gigabytes }: { readonly gigabytes: number }): Promise<void> {
  if (noWholeCluster !== undefined) {
    note(`left out: ${noWholeCluster}`);
    return;
  }
  const { guarded, ways, pod, stop } = await startPodSetting('bytes');
  const wish = { way: ways.plugin, pod, megabytes: Math.round(gigabytes * 1024) };
  await prepareBytes({ ...wish, way: ways.direct });
  const { pid } = guarded.connector.program();
  for (const name of ['exec down', 'exec up', 'cp down', 'cp up'] as const) {
    const [cpuBefore, startedAt] = [cpuSeconds([pid]), performance.now()];
    const isWhole = await carries[name](wish);
    const speed = wish.megabytes / ((performance.now() - startedAt) / 1000);
    const cpu = (cpuSeconds([pid]) - cpuBefore) / gigabytes;
    note(`${name}: ${speed.toFixed(0)} MB/s with checksums, ${cpu.toFixed(1)} CPU s per GB, RSS ${residentMegabytes(pid).toFixed(0)} MB`);
    holds(`${name}: ${gigabytes} GB arrived byte for byte`, isWhole);
  }
  const resident = residentMegabytes(pid);
  holds(`connector memory ${resident.toFixed(0)} MB (at most ${mostMegabytes})`, resident <= mostMegabytes);
  await stop();
}
