/** Building real programs into the cache (~/.cache/infra-test or $INFRA_TEST_CACHE), with a line now and then for whoever waits. */
import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

export type Log = (line: string) => void;

/** The folder of this name in the cache, whether it is there or not. */
export function cached(name: string): string {
  return join(process.env['INFRA_TEST_CACHE'] ?? join(homedir(), '.cache', 'infra-test'), name);
}

export function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** @param what is being built, for the log. */
export async function buildOnce(what: string, command: readonly string[], log: Log): Promise<void> {
  log(`building ${what}`);
  const started = performance.now();
  const seconds = (): string => `${((performance.now() - started) / 1000).toFixed(0)} s`;
  const progress = setInterval(() => log(`building ${what}: ${seconds()} so far`), 20_000);
  try {
    await run(command, log);
  } finally {
    clearInterval(progress);
  }
  log(`built ${what} in ${seconds()}`);
}

async function run([program = '', ...args]: readonly string[], log: Log): Promise<void> {
  const child = spawn(program, args, { stdio: ['ignore', 'inherit', 'pipe'] });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    // `go: downloading …` comes a thousand times and says nothing the progress line does not.
    for (const line of text.split('\n')) if (line !== '' && !line.startsWith('go: downloading')) log(line);
  });
  const code = await new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} failed`);
}
