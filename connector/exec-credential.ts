/**
 * The connector's own credential from a plugin that its kubeconfig names. Run without a shell; what it gave stands until its end nears or the
 * cluster refuses it. While the plugin fails the last credential stands: whether it still counts is the cluster's word.
 */
import { execFile } from 'node:child_process';
import { isAbsolute, resolve } from 'node:path';
import { systemClock } from '../shared/clock.ts';
import { ConfigError } from '../shared/node/load-config.ts';
import type { Logger } from '../shared/node/logger.ts';
import { createBackoff } from './broker-link/backoff.ts';
import {
  execInfo,
  readExecCredential,
  renewAt,
  type ExecCluster,
  type ExecPlugin,
  type PluginCredential,
} from './exec-credential-format.ts';

export interface ExecCredential {
  current(): PluginCredential;
  /** The cluster answered 401: the plugin is run again at once. */
  refused(): void;
  stop(): void;
}

export interface ExecCredentialOptions {
  readonly plugin: ExecPlugin;
  readonly cluster: () => ExecCluster;
  /** Of the kubeconfig: commands with a slash are looked for from there. */
  readonly directory: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly logger: Logger;
}

const answerMilliseconds = 30_000;
const longestOutput = 1_000_000;
const longestTimer = 3_600_000;
/** A cluster that refuses what the plugin has just given must not have it run without end. */
const restMilliseconds = 2000;

/** Resolves with the first credential; throws a ConfigError when there is none to be had. */
export async function startExecCredential(options: ExecCredentialOptions): Promise<ExecCredential> {
  const first = await runPlugin(options).catch((error: unknown) => {
    throw new ConfigError(error instanceof Error ? error.message : 'the credential plugin failed');
  });
  return new LiveCredential(options, first);
}

class LiveCredential implements ExecCredential {
  readonly #options: ExecCredentialOptions;
  readonly #backoff = createBackoff({ firstMilliseconds: 1000, longestMilliseconds: 60_000 });
  #credential: PluginCredential;
  #isRunning = false;
  #isStopped = false;
  #ranAt = performance.now();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: ExecCredentialOptions, first: PluginCredential) {
    this.#options = options;
    this.#credential = first;
    this.#scheduleRenewal();
  }

  current(): PluginCredential {
    return this.#credential;
  }

  refused(): void {
    if (!this.#isRunning) this.#runIn(this.#ranAt + restMilliseconds - performance.now());
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  #scheduleRenewal(): void {
    const { expiresAt } = this.#credential;
    if (expiresAt === undefined) return;
    const now = systemClock.now();
    this.#runIn(Math.max(renewAt(expiresAt, now) - now, restMilliseconds));
  }

  #runIn(milliseconds: number): void {
    clearTimeout(this.#timer);
    if (this.#isStopped) return;
    const isFar = milliseconds > longestTimer;
    this.#timer = setTimeout(() => (isFar ? this.#scheduleRenewal() : void this.#run()), Math.max(0, Math.min(milliseconds, longestTimer)));
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    try {
      this.#credential = await runPlugin(this.#options);
      this.#backoff.reset();
      this.#scheduleRenewal();
    } catch (error) {
      this.#options.logger.error({ err: error }, 'no new credential for the cluster; trying again');
      this.#runIn(this.#backoff.next());
    } finally {
      this.#isRunning = false;
      this.#ranAt = performance.now();
    }
  }
}

async function runPlugin(options: ExecCredentialOptions): Promise<PluginCredential> {
  const { plugin, directory, env } = options;
  const command = /[\\/]/.test(plugin.command) && !isAbsolute(plugin.command) ? resolve(directory, plugin.command) : plugin.command;
  const own = Object.fromEntries((plugin.env ?? []).map(({ name, value }) => [name, value]));
  const output = await run(command, plugin.args ?? [], { ...env, ...own, KUBERNETES_EXEC_INFO: execInfo(plugin, options.cluster()) });
  const credential = typeof output === 'string' ? readExecCredential(output, plugin) : output;
  if ('fault' in credential) throw new Error(`the credential plugin ${plugin.command} of the kubeconfig: ${credential.fault}`);
  return credential;
}

/** What it printed. Its errors go to ours; its output is told to nobody. */
function run(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<string | { readonly fault: string }> {
  return new Promise((settle) => {
    const limits = { timeout: answerMilliseconds, killSignal: 'SIGKILL', maxBuffer: longestOutput } as const;
    const child = execFile(command, args, { ...limits, env, shell: false }, (error, stdout) => {
      if (error === null) settle(stdout);
      else settle({ fault: faultOf(error) });
    });
    child.stdin?.on('error', () => undefined).end();
    child.stderr?.pipe(process.stderr, { end: false });
  });
}

function faultOf(error: Error & { readonly code?: string | number | null; readonly killed?: boolean }): string {
  if (error.code === 'ENOENT') return 'there is no such program';
  if (error.code === 'EACCES') return 'it may not be run';
  if (error.code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') return 'it printed too much';
  if (error.killed === true) return `it did not end within ${answerMilliseconds / 1000} s`;
  return typeof error.code === 'number' ? `it ended with ${error.code}` : 'it was ended by a signal';
}
