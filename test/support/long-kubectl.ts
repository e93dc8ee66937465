/** A kubectl that goes on, such as a watch or an exec, and is looked at meanwhile. */
import { spawn, type ChildProcess } from 'node:child_process';
import { obtainKubectl } from '../../scripts/kubernetes/obtain-assets.ts';
import type { Terminal } from './infra.ts';

const pinned = await obtainKubectl();
const running = new Set<ChildProcess>();
process.once('exit', () => running.forEach((child) => child.kill('SIGKILL')));

export interface LongKubectl {
  stdout(): string;
  stderr(): string;
  hasEnded(): boolean;
  readonly ended: Promise<number | null>;
  write(text: string): void;
  closeInput(): void;
  kill(): void;
}

export interface KubectlEnvironment {
  readonly kubeconfig: string;
  readonly env: Terminal['env'];
  /** Absent: that of the pinned release. */
  readonly kubectlProgram?: string;
}

export function startKubectl({ kubeconfig, env, kubectlProgram = pinned }: KubectlEnvironment, ...args: readonly string[]): LongKubectl {
  const child = spawn(kubectlProgram, args, { env: { PATH: process.env['PATH'] ?? '', ...env, KUBECONFIG: kubeconfig } });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) child[name].setEncoding('utf8').on('data', (text: string) => (output[name] += text));
  child.stdin.on('error', () => undefined);
  let over = false;
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject).on('close', (code) => {
      over = true;
      running.delete(child);
      resolve(code);
    });
  });
  running.add(child);
  return {
    stdout: () => output.stdout,
    stderr: () => output.stderr,
    hasEnded: () => over,
    ended,
    write: (text) => void child.stdin.write(text),
    closeInput: () => void child.stdin.end(),
    kill: () => void child.kill('SIGKILL'),
  };
}
