/** The machine that figures were taken on. */
import { cpus, loadavg, release, totalmem } from 'node:os';
import { kubernetesVersions } from '../../scripts/kubernetes/obtain-assets.ts';

export interface Machine {
  readonly cores: number;
  readonly model: string;
  readonly memoryGigabytes: number;
  readonly kernel: string;
  readonly node: string;
  readonly kubernetes: string;
  /** Over the last 1, 5 and 15 minutes. */
  readonly load: readonly number[];
}

export const describeMachine = (): Machine => ({
  cores: cpus().length,
  model: cpus()[0]?.model ?? '',
  memoryGigabytes: Math.round(totalmem() / 2 ** 30),
  kernel: release(),
  node: process.version,
  kubernetes: kubernetesVersions.pinned,
  load: loadavg(),
});

export const inWords = ({ cores, memoryGigabytes, kernel, node, kubernetes }: Machine): string =>
  `${cores} cores, ${memoryGigabytes} GB, Linux ${kernel.split('-')[0] ?? ''}, Node ${node.slice(1)}, Kubernetes ${kubernetes}`;
