/** One of the two ways to the cluster: a folder, a kubeconfig and a shell in which lines are typed. */
import { spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { parse } from 'yaml';
import type { WholeCluster } from '../support/clusters.ts';
import { kubectlOrThrow } from '../support/kubectl.ts';
import { tempDir } from '../support/temp-dir.ts';
import type { WayNames } from './differences.ts';

export interface Outcome {
  readonly code: number | string;
  readonly stdout: string;
  readonly stderr: string;
  /** What the cluster holds then, where that was asked for. */
  readonly afterwards?: string;
}

export interface Typed {
  /** For a shell; `$NS` is the namespace of the way, `$NODE` the node. */
  readonly line: string;
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface Way {
  readonly names: WayNames;
  readonly env: Readonly<Record<string, string>>;
  readonly kubeconfig: string;
  readonly kubectlProgram: string;
  run(typed: Typed): Promise<Outcome>;
}

export interface WayWish {
  readonly cluster: WholeCluster;
  /** What `kubectl` is in its shell. */
  readonly kubectlProgram: string;
  readonly kubeconfig: string;
  readonly namespace: string;
  readonly env?: Readonly<Record<string, string>>;
  /** To lie in its folder; `$NS` is replaced in them too. */
  readonly files?: Readonly<Record<string, string>>;
  /** Folders of programs besides kubectl's. */
  readonly programs?: readonly string[];
}

export async function newWay(wish: WayWish): Promise<Way> {
  const { cluster, kubectlProgram, kubeconfig, namespace, files = {}, programs = [] } = wish;
  const folder = tempDir('infra-way');
  const work = join(folder, 'work');
  mkdirSync(work);
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(work, name)), { recursive: true });
    writeFileSync(join(work, name), content.replaceAll('$NS', namespace));
  }
  const copy = join(folder, 'kubeconfig');
  copyFileSync(kubeconfig, copy);
  await kubectlOrThrow({ kubeconfig: copy }, 'config', 'set-context', '--current', `--namespace=${namespace}`);
  // As kubectl has just written it.
  const { clusters } = parse(readFileSync(copy, 'utf8')) as { clusters: readonly { cluster: { server: string } }[] };
  const env = {
    ...wish.env,
    HOME: folder,
    PATH: [dirname(kubectlProgram), ...programs, process.env['PATH'] ?? ''].join(delimiter),
    TMPDIR: folder,
    KUBECONFIG: copy,
    NS: namespace,
    NODE: cluster.nodeName,
  };
  return {
    names: { namespace, server: clusters[0]?.cluster.server ?? '', folder },
    env,
    kubeconfig: copy,
    kubectlProgram,
    run: async (typed) => runShell({ ...typed, env: { ...env, ...typed.env } }, work),
  };
}

const longestMilliseconds = 40_000;

async function runShell({ line, env, input }: Typed, cwd: string): Promise<Outcome> {
  // A group of its own, so that no part of a pipe is left behind.
  const child = spawn('sh', ['-c', line], { cwd, env, detached: true });
  const endGroup = (): void => {
    try {
      process.kill(-(child.pid ?? Number.NaN), 'SIGKILL');
    } catch {
      // All of it has ended by itself.
    }
  };
  const timer = setTimeout(endGroup, longestMilliseconds);
  process.once('exit', endGroup);
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) child[name].setEncoding('utf8').on('data', (text: string) => (output[name] += text));
  child.stdin.on('error', () => undefined).end(input);
  try {
    const code = await new Promise<number | string>((resolve, reject) =>
      child.on('error', reject).on('close', (status, signal) => resolve(status ?? signal ?? 'unknown')),
    );
    return { code, ...output };
  } finally {
    clearTimeout(timer);
    process.off('exit', endGroup);
    endGroup();
  }
}
