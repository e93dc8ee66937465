/** kubectl as people run it: a real process, with an environment that holds only what the test gives. */
import { spawn } from 'node:child_process';
import { obtainKubectl } from '../../scripts/kubernetes/obtain-assets.ts';

export interface KubectlOptions {
  readonly kubeconfig: string;
  /** On top of PATH, HOME and TMPDIR. */
  readonly env?: Readonly<Record<string, string>>;
  /** Absent: that of the pinned release. */
  readonly kubectlProgram?: string;
  readonly input?: string;
  /** After this the process is killed and `code` is null. */
  readonly withinSeconds?: number;
}

export interface KubectlResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export async function kubectl(options: KubectlOptions, ...args: readonly string[]): Promise<KubectlResult> {
  const { kubectlProgram = await obtainKubectl() } = options;
  const { PATH, HOME, TMPDIR } = process.env;
  const kept = Object.entries({ PATH, HOME, TMPDIR }).filter(([, value]) => value !== undefined);
  const child = spawn(kubectlProgram, args, {
    env: { ...Object.fromEntries(kept), KUBECONFIG: options.kubeconfig, ...options.env },
    timeout: (options.withinSeconds ?? 30) * 1000,
    killSignal: 'SIGKILL',
  });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) child[name].setEncoding('utf8').on('data', (text: string) => (output[name] += text));
  // A kubectl that ends before it has read its input is no error of the test.
  child.stdin.on('error', () => undefined).end(options.input);
  const code = await new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
  return { code, ...output };
}

/** For arranging a test: throws when kubectl fails, with its words. */
export async function kubectlOrThrow(options: KubectlOptions, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await kubectl(options, ...args);
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')} ended with ${String(code)}: ${stderr}`);
  return stdout;
}
