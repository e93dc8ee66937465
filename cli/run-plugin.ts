/** The credential plugin as a program: the credential on stdout, one sentence on stderr, an exit code. */
import { provideCredential } from './credential-plugin.ts';
import type { Environment } from './environment.ts';
import { CliError, exitCodes } from './failure.ts';
import type { Home } from './home.ts';

export async function runPlugin({ stdout, stderr, platform }: Environment, home: Home, args: readonly string[]): Promise<number> {
  try {
    stdout.write(`${await provideCredential({ home, arguments: args, userAgent: () => `infra-cli (${platform})` })}\n`);
    return exitCodes.ok;
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    stderr.write(`infra: ${error.message}\n`);
    return exitCodes[error.failure];
  }
}
