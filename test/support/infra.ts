/** The CLI `infra` as a person runs it: with a home and a kubeconfig of their own. */
import { join } from 'node:path';
import { kubectl, type KubectlResult } from './kubectl.ts';
import { runProgram } from './program.ts';
import type { RunningServer } from './server.ts';
import { tempDir } from './temp-dir.ts';

export interface Terminal {
  readonly home: string;
  readonly kubeconfig: string;
  readonly env: Readonly<Record<string, string>>;
  /** Runs `infra ARGS`; `input` is typed at its stdin. */
  infra(
    args: readonly string[],
    input?: string,
  ): Promise<{ readonly code: number | string; readonly stdout: string; readonly stderr: string }>;
  kubectl(...args: readonly string[]): Promise<KubectlResult>;
}

/** A new machine: nothing logged in, no kubeconfig. `home` and `kubeconfig` may be shared with another terminal. */
export function newTerminal(shared: { readonly home?: string; readonly kubeconfig?: string } = {}): Terminal {
  const directory = tempDir('infra-home');
  const home = shared.home ?? join(directory, 'infra');
  const kubeconfig = shared.kubeconfig ?? join(directory, 'kubeconfig');
  const env = { HOME: directory, INFRA_HOME: home, KUBECONFIG: kubeconfig };
  return {
    home,
    kubeconfig,
    env,
    infra: async (args, input) => runProgram({ program: 'cli', args, env, ...(input === undefined ? {} : { input }) }),
    kubectl: async (...args) => kubectl({ kubeconfig, env }, ...args),
  };
}

/** Logs in on a terminal with a password; throws with what the CLI said when it fails. */
export async function loginWithPassword(
  terminal: Terminal,
  server: RunningServer,
  person: { readonly email: string; readonly password: string },
): Promise<void> {
  const result = await terminal.infra(
    ['login', server.url, '--ca', server.caFile, '--user', person.email, '--password-stdin'],
    `${person.password}\n`,
  );
  if (result.code !== 0) throw new Error(`infra login failed (${result.code}): ${result.stderr}`);
}
