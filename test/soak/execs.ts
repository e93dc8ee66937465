/** Very many `kubectl exec` at once: each gets its own bytes back, all of them, and its own exit code. */
import { randomBytes } from 'node:crypto';
import { noWholeCluster } from '../support/clusters.ts';
import { kubectl } from '../support/kubectl.ts';
import { startPodSetting, type KubectlWay } from '../bench/pod-setting.ts';
import type { Setting } from '../bench/setting.ts';
import type { Rules } from './outcome.ts';

const rounds = 3;
const atOnce = 100;

export async function execs(_setting: Setting, { note, holds }: Rules): Promise<void> {
  if (noWholeCluster !== undefined) {
    note(`left out: ${noWholeCluster}`);
    return;
  }
  const { ways, pod, stop } = await startPodSetting('execs');
  for (let round = 1; round <= rounds; round++) {
    const straight = await execsAtOnce(ways.direct, pod, atOnce);
    const faults = await execsAtOnce(ways.plugin, pod, atOnce);
    const lines = faults.map((fault) => `\n        ${fault}`).join('');
    note(`round ${round}: straight, ${straight.length} of ${atOnce} lost something`);
    // A cluster that is overloaded loses exit codes by itself; through infra no more than that.
    holds(`round ${round}: through infra, ${faults.length} lost a byte or an exit code${lines}`, faults.length <= straight.length);
  }
  await stop();
}

/** What went wrong, a line for each exec that did. */
export async function execsAtOnce(way: KubectlWay, pod: string, count: number): Promise<readonly string[]> {
  const all = await Promise.all(Array.from({ length: count }, (_, index) => execOnce(way, pod, index)));
  return all.filter((fault) => fault !== undefined);
}

async function execOnce({ kubeconfig, env, args }: KubectlWay, pod: string, index: number): Promise<string | undefined> {
  const input = randomBytes(20_000 + index).toString('hex');
  const code = index % 100;
  const script = `cat; echo said ${index} >&2; exit ${code}`;
  const options = { kubeconfig, env, input, withinSeconds: 300 };
  const result = await kubectl(options, ...args, 'exec', '-i', pod, '--', 'sh', '-c', script);
  if (result.code !== code) return `exec ${index} ended with ${String(result.code)} instead of ${code}: ${result.stderr.slice(0, 300)}`;
  if (result.stdout !== input) return `exec ${index} got ${result.stdout.length} characters of ${input.length}`;
  return result.stderr.includes(`said ${index}`) ? undefined : `exec ${index} lost its stderr: ${result.stderr.slice(0, 300)}`;
}
