/** exec, cp and port-forward of a real pod, both ways: the kubelet, containerd and kubectl set the pace, so the CPU is what counts. */
import { noWholeCluster } from '../../support/clusters.ts';
import type { Effort, Figure } from '../figure.ts';
import { carries, prepareBytes } from '../kubectl-bytes.ts';
import { startPodSetting } from '../pod-setting.ts';
import { cpuSeconds } from '../process-usage.ts';
import type { Setting } from '../setting.ts';
import { median } from '../statistics.ts';

const row = 'kubectl-bytes';

export function kubectlBytesRows({ log }: Setting) {
  return {
    [row]: async ({ isQuick, runs }: Effort): Promise<Figure[]> => {
      if (noWholeCluster !== undefined) {
        log(`${row} is left out: ${noWholeCluster}`);
        return [];
      }
      const { guarded, ways, pod, stop } = await startPodSetting(row);
      const wish = { pod, megabytes: isQuick ? 32 : 256 };
      await prepareBytes({ ...wish, way: ways.direct });
      const pids = [guarded.connector.program().pid];
      const figures: Figure[] = [];
      for (const [what, carry] of Object.entries(carries)) {
        const speed = { direct: [] as number[], fixed: [] as number[] };
        const cpu: number[] = [];
        for (let run = 0; run < runs; run++)
          for (const name of ['direct', 'fixed'] as const) {
            const [cpuBefore, startedAt] = [cpuSeconds(pids), performance.now()];
            const arrived = await carry({ ...wish, way: ways[name] }).catch((cause: unknown) => {
              throw new Error(`${what}, ${name}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
            });
            if (!arrived) throw new Error(`${what}, ${name}: what arrived is not what was sent`);
            speed[name].push(wish.megabytes / ((performance.now() - startedAt) / 1000));
            if (name === 'fixed') cpu.push(((cpuSeconds(pids) - cpuBefore) / wish.megabytes) * 1024);
          }
        const note = `checksums equal, their making included; ${median(cpu).toFixed(2)} CPU s per GB`;
        figures.push({
          row,
          what: `kubectl ${what}`,
          value: median(speed.fixed),
          unit: 'MB/s',
          beside: { direct: median(speed.direct) },
          note,
        });
      }
      await stop();
      return figures;
    },
  };
}
