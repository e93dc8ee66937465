/** The credential plugin as a program: the credential on stdout, one sentence on stderr, an exit code. */
import { provideCredential, SessionOverError, type PluginOptions } from './credential-plugin.ts';
import type { Environment } from './environment.ts';
import { CliError, exitCodes } from './failure.ts';
import type { Home } from './home.ts';

export async function runPlugin(environment: Environment, home: Home, args: readonly string[]): Promise<number> {
  const { stdout, stderr, platform } = environment;
  try {
    const warn = (sentence: string): void => void stderr.write(`infra: ${sentence}\n`);
    const options: PluginOptions = { home, arguments: args, userAgent: () => `infra-cli (${platform})`, warn };
    stdout.write(`${await credential(environment, options)}\n`);
    return exitCodes.ok;
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    stderr.write(`infra: ${error.message}\n`);
    return exitCodes[error.failure];
  }
}

/** A person whose session is over may log in and go on; what is refused after that is final. */
async function credential(environment: Environment, options: PluginOptions): Promise<string> {
  try {
    return await provideCredential(options);
  } catch (error) {
    if (!(error instanceof SessionOverError)) throw error;
    const { logInAgain } = await import('./plugin-login.ts');
    if (await logInAgain(environment, options.home, error)) return provideCredential(options);
    throw error;
  }
}
