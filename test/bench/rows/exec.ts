/** How long `kubectl exec` takes to run nothing, straight and through infra, and how many of them a second. */
import { noWholeCluster } from '../../support/clusters.ts';
import type { Effort, Figure } from '../figure.ts';
import { startPodSetting, timed, type PodSetting } from '../pod-setting.ts';
import { cpuSeconds } from '../process-usage.ts';
import type { Setting } from '../setting.ts';
import { median } from '../statistics.ts';

const row = 'exec';
const lanes = 8;

export function execRows({ log }: Setting) {
  return {
    [row]: async ({ tries }: Effort): Promise<Figure[]> => {
      if (noWholeCluster !== undefined) {
        log(`exec is left out: ${noWholeCluster}`);
        return [];
      }
      const setting = await startPodSetting(row);
      const figures = [...(await startFigures(setting, tries)), ...(await rateFigures(setting, Math.max(2 * lanes, tries)))];
      await setting.stop();
      return figures;
    },
  };
}

async function startFigures({ ways, pod }: PodSetting, tries: number): Promise<Figure[]> {
  const took = { direct: [] as number[], fixed: [] as number[], relay: [] as number[], plugin: [] as number[] };
  const each = ['direct', 'fixed', 'relay', 'plugin'] as const;
  for (const name of each) await timed(ways[name], 'exec', pod, '--', 'true');
  for (let index = 0; index < tries; index++) for (const name of each) took[name].push(await timed(ways[name], 'exec', pod, '--', 'true'));
  const [direct, fixed, relay, plugin] = [median(took.direct), median(took.fixed), median(took.relay), median(took.plugin)];
  const note = `over direct's ${direct.toFixed(0)} ms; ${tries} tries`;
  return [
    { row, what: 'exec start, certificate at hand', value: fixed - direct, unit: 'ms', budget: { atMost: 15 }, goal: { atMost: 5 }, note },
    { row, what: 'exec start through the relay, certificate at hand', value: relay - direct, unit: 'ms', note },
    { row, what: 'exec start, with the plugin', value: plugin - direct, unit: 'ms', budget: { atMost: 30 }, goal: { atMost: 15 }, note },
  ];
}

async function rateFigures({ guarded, ways, pod }: PodSetting, count: number): Promise<Figure[]> {
  const rate = async (name: 'direct' | 'fixed'): Promise<number> => {
    let left = count;
    const lane = async (): Promise<void> => {
      while (left-- > 0) await timed(ways[name], 'exec', pod, '--', 'true');
    };
    const startedAt = performance.now();
    await Promise.all(Array.from({ length: lanes }, lane));
    return count / ((performance.now() - startedAt) / 1000);
  };
  const direct = await rate('direct');
  const { pid } = guarded.connector.program();
  const cpuBefore = cpuSeconds([pid]);
  const fixed = await rate('fixed');
  const cpu = ((cpuSeconds([pid]) - cpuBefore) / count) * 1000;
  const note = `${lanes} at a time, held back by kubectl; ${cpu.toFixed(1)} ms CPU each in the connector`;
  return [{ row, what: 'exec starts', value: fixed, unit: '/s', beside: { direct }, note }];
}
