import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { QuickstartError, type Say } from './fault.ts';

export const projectRoot = join(import.meta.dirname, '..', '..');

/** Incremental: seconds the first time, a blink later. */
export async function buildPrograms(say: Say): Promise<void> {
  say('building infra-server, infra-connector and infra');
  const run = promisify(execFile);
  try {
    await run(process.execPath, [join(projectRoot, 'node_modules', 'typescript', 'bin', 'tsc'), '-b', 'server', 'connector', 'cli'], {
      cwd: projectRoot,
    });
    await run(process.execPath, ['scripts/finish-build.ts'], { cwd: projectRoot });
  } catch (error) {
    const { stdout = '' } = error as { stdout?: string };
    throw new QuickstartError(`the build failed:\n${stdout}`);
  }
}

export const programFile = (program: 'server' | 'connector' | 'cli'): string => join(projectRoot, 'dist', program, 'main.js');
