#!/usr/bin/env node
/**
 * The CLI. This file alone reads the process's environment and ends the process. It also sends the credential plugin, which kubectl starts
 * and waits for, its own short way: without the parser, without the schemas, with compiled code kept from the last time.
 */
import { existsSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { homedir } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Environment } from './environment.ts';
import { CliError, exitCodes } from './failure.ts';
import { compileCacheDirectory, locateHome } from './home.ts';

const environment: Environment = {
  arguments: process.argv.slice(2),
  variables: process.env,
  platform: process.platform,
  userDirectory: homedir(),
  // Opened when first used: the credential plugin reads nothing.
  get stdin() {
    return process.stdin;
  },
  get stdout() {
    return process.stdout;
  },
  get stderr() {
    return process.stderr;
  },
  startedBy: { node: process.execPath, main: fileURLToPath(import.meta.url) },
  callerId: process.ppid,
  onInterrupt: (listener) => {
    const signals = ['SIGINT', 'SIGTERM'] as const;
    for (const signal of signals) process.on(signal, listener);
    return () => {
      for (const signal of signals) process.off(signal, listener);
    };
  },
};

async function main(): Promise<number> {
  const home = locateHome(environment);
  // Below the home, which is ours alone: compiled code from a directory that others can write would be theirs to choose.
  if (existsSync(home.directory)) enableCompileCache(compileCacheDirectory(home));
  const [first, second, ...rest] = environment.arguments;
  if (first === 'kube' && second === 'credential' && !rest.includes('--help') && !rest.includes('-h')) {
    const { runPlugin } = await import('./run-plugin.ts');
    return runPlugin(environment, home, rest);
  }
  const { runProgram } = await import('./program.ts');
  return runProgram(environment, home);
}

// `infra … | head`: whoever reads has enough, which is no failure.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? exitCodes.ok : exitCodes.failed));

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(
    `infra: ${error instanceof CliError ? error.message : 'unexpected failure; run again with --verbose and report it'}\n`,
  );
  process.exitCode = exitCodes.failed;
}
