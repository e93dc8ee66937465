/** Very many `kubectl exec` at once: each gets its own bytes back, all of them, and its own exit code. */
import { randomBytes } from 'node:crypto';
import { noWholeCluster } from '../support/clusters.ts';
import { kubectl } from '../support/kubectl.ts';
import { startPodSetting, type KubectlWay } from '../bench/pod-setting.ts';
import type { Setting } from '../bench/setting.ts';
import type { Rules } from './outcome.ts';

const rounds = 3;
const atOnce = 100;
/** By how many more than straight, over all rounds, the cluster may fail us by chance: on two overloaded cores one of six hundred was seen, either way. */
const chance = 3;

export async function execs(_setting: Setting, { note, holds }: Rules): Promise<void> {
  if (noWholeCluster !== undefined) {
    note(`left out: ${noWholeCluster}`);
    return;
  }
  const { ways, pod, stop } = await startPodSetting('execs');
  const unsaid = { straight: 0, throughInfra: 0 };
  for (let round = 1; round <= rounds; round++) {
    const straight = await execsAtOnce(ways.direct, pod, atOnce);
    const faults = await execsAtOnce(ways.plugin, pod, atOnce);
    note(`round ${round}: straight, ${straight.length} of ${atOnce} lost something${inLines(straight)}`);
    const ours = faults.filter(({ isUnsaid }) => !isUnsaid);
    holds(
      `round ${round}: through infra, ${ours.length} lost a byte or an exit code that the cluster had sent${inLines(ours)}`,
      ours.length === 0,
    );
    unsaid.straight += straight.length;
    unsaid.throughInfra += faults.length - ours.length;
  }
  const seen = `${unsaid.throughInfra} through infra, ${unsaid.straight} straight, of ${rounds * atOnce} each`;
  holds(`exit codes that the cluster did not send: ${seen}`, unsaid.throughInfra <= unsaid.straight + chance);
  await stop();
}

export interface ExecFault {
  readonly what: string;
  /**
   * The cluster, overloaded, said that all went well: seen on the wire between it and the connector, and as often without a connector. kubectl
   * says 0 to that and to an orderly end without a word, and to nothing else: a stream that is cut short is an error to it.
   */
  readonly isUnsaid: boolean;
}

const inLines = (faults: readonly ExecFault[]): string => faults.map(({ what }) => `\n        ${what}`).join('');

/** What went wrong, for each exec that did. */
export async function execsAtOnce(way: KubectlWay, pod: string, count: number): Promise<readonly ExecFault[]> {
  const all = await Promise.all(Array.from({ length: count }, (_, index) => execOnce(way, pod, index)));
  return all.filter((fault) => fault !== undefined);
}

async function execOnce({ kubeconfig, env, args }: KubectlWay, pod: string, index: number): Promise<ExecFault | undefined> {
  const input = randomBytes(20_000 + index).toString('hex');
  const code = index % 100;
  const script = `cat; echo said ${index} >&2; exit ${code}`;
  const options = { kubeconfig, env, input, withinSeconds: 300 };
  const result = await kubectl(options, ...args, 'exec', '-i', pod, '--', 'sh', '-c', script);
  const fault = (what: string): ExecFault => ({ what: `exec ${index} ${what}`, isUnsaid: code !== 0 && result.code === 0 });
  if (result.code !== code) return fault(`ended with ${String(result.code)} instead of ${code}: ${result.stderr.slice(0, 300)}`);
  if (result.stdout !== input) return fault(`got ${result.stdout.length} characters of ${input.length}`);
  return result.stderr.includes(`said ${index}`) ? undefined : fault(`lost its stderr: ${result.stderr.slice(0, 300)}`);
}
