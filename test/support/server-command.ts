import { runProgram } from './program.ts';

/** `infra-server COMMAND` on the server's host. */
export const serverCommand = async (
  dataDir: string,
  ...args: readonly string[]
): Promise<{ readonly code: number | string; readonly stdout: string; readonly stderr: string }> =>
  runProgram({ program: 'server', args: [...args, `--data-dir=${dataDir}`] });
