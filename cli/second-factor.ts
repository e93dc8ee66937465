/** Codes of a second factor: asked of the person, or read from stdin, and proven after the password. */
import type { CallResult } from '../shared/api/endpoint.ts';
import { api } from '../shared/api/index.ts';
import { ApiError, type Call } from '../shared/client.ts';
import type { CommandContext, CommandInput, OptionSpec } from './command.ts';
import { isInteractive } from './environment.ts';
import { CliError } from './failure.ts';
import { askSecret, readStdinLines } from './prompt.ts';

export const codeOption: OptionSpec = { flags: '--code-stdin', help: 'read the code, or a recovery code, from stdin' };

/** Where a login gets its codes from. */
export interface CodeSource {
  readonly code: () => Promise<string>;
  /** How often a wrong one may be followed by another. */
  readonly tries: number;
}

/** The token stays good while people mistype. */
export async function proveAtLogin(
  call: Call,
  mfaToken: string,
  { code, tries }: CodeSource,
): Promise<CallResult<typeof api.login.secondFactor>> {
  for (let left = tries; ; left -= 1) {
    try {
      return await call(api.login.secondFactor, { body: { mfaToken, code: await code() } });
    } catch (error) {
      if (!(error instanceof ApiError) || error.problem.code !== 'mfa.failed' || left <= 1) throw error;
    }
  }
}

/** Of somebody who is logged in: `--code-stdin`, or whoever sits at the terminal. */
export async function readCode({ environment }: CommandContext, input: CommandInput): Promise<string> {
  if (!input.flag('codeStdin')) {
    if (isInteractive(environment)) return (await askSecret(environment, 'code of the second factor, or a recovery code: ')).trim();
    throw new CliError('wrongUse', 'nobody is at the terminal to type a code; give it on stdin with --code-stdin');
  }
  const [line = ''] = await readStdinLines(environment);
  if (line.trim() === '') throw new CliError('wrongUse', 'no code came on stdin; give it as the first line');
  return line.trim();
}
