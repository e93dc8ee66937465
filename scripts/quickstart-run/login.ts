/** The admin as a person: a home for `infra` and a kubeconfig, logged in. */
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { programFile } from './build.ts';
import { QuickstartError, type Say } from './fault.ts';
import type { QuickstartServer } from './server.ts';

export interface Person {
  readonly home: string;
  readonly kubeconfig: string;
  /** PEM of the server's root, as the login stored it. */
  infra(args: readonly string[], input?: string): Promise<string>;
}

export async function loginAsAdmin(directory: string, server: QuickstartServer, say: Say): Promise<Person> {
  const home = join(directory, 'home');
  const kubeconfig = join(directory, 'kubeconfig');
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const infra = async (args: readonly string[], input = ''): Promise<string> => {
    const result = await runInfra(args, input, { INFRA_HOME: home, KUBECONFIG: kubeconfig });
    if (result.code !== 0) throw new QuickstartError(`infra ${args.join(' ')} failed: ${result.stderr}`);
    return result.stdout;
  };
  const isLoggedIn = (await runInfra(['whoami'], '', { INFRA_HOME: home, KUBECONFIG: kubeconfig })).code === 0;
  if (!isLoggedIn) {
    say(`logging in as ${server.adminEmail}`);
    await infra(['login', server.url, '--ca', server.caFile, '--user', server.adminEmail, '--password-stdin'], `${server.adminPassword}\n`);
  }
  return { home, kubeconfig, infra };
}

async function runInfra(
  args: readonly string[],
  input: string,
  env: Record<string, string>,
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [programFile('cli'), ...args], {
    env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', ...env },
  });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) child[name].setEncoding('utf8').on('data', (text: string) => (output[name] += text));
  child.stdin.on('error', () => undefined).end(input);
  const code = await new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
  return { code, ...output };
}
