/** Passkeys from a terminal: the server gives a link, a browser does what it asks for, and this waits until it is done. */
import { setTimeout as pause } from 'node:timers/promises';
import type { CallResult } from '../shared/api/endpoint.ts';
import { api } from '../shared/api/index.ts';
import type { ProofPurpose } from '../shared/api/passkeys.ts';
import type { SecondFactor } from '../shared/api/second-factors.ts';
import { ApiError, type Call } from '../shared/client.ts';
import { browserFor, openBrowser } from './browser-login/open-browser.ts';
import type { CommandContext, CommandInput, OptionSpec } from './command.ts';
import { CliError } from './failure.ts';
import { interrupted } from './prompt.ts';
import { codeOption, readCode } from './second-factor.ts';

export const noBrowserOption: OptionSpec = { flags: '--no-browser', help: 'print the address to open instead of opening it' };

export const passkeyOption: OptionSpec = {
  flags: '--passkey',
  help: 'prove the second factor with a passkey, in the browser (by itself where there is no app)',
};
/** Ways to prove a second factor with a command. */
export const proofOptions: readonly OptionSpec[] = [codeOption, passkeyOption, noBrowserOption];

type Link = CallResult<typeof api.passkeys.begin>;

const pollMilliseconds = 1000;

/** A code, a recovery code, or what stands in its place once a passkey was used. */
export async function proveWith(
  context: CommandContext,
  input: CommandInput,
  { call, factors, purpose }: { readonly call: Call; readonly factors: readonly SecondFactor[]; readonly purpose: ProofPurpose },
): Promise<string> {
  const has = (kind: SecondFactor['kind']): boolean => factors.some((factor) => factor.kind === kind);
  const byPasskey = input.flag('passkey') || (has('passkey') && !has('totp'));
  if (input.flag('codeStdin') || !byPasskey) return readCode(context, input);
  const { proof, ...link } = await call(api.passkeys.ask, { body: { purpose } });
  await untilDone(context, input, { call, link });
  return proof;
}

/** Leads a browser to the link and waits there for its end; throws when it runs out. */
export async function untilDone(
  context: CommandContext,
  input: CommandInput,
  { call, link }: { readonly call: Call; readonly link: Link },
): Promise<void> {
  await lead(context, input, link.url);
  const stop = new AbortController();
  const forget = context.environment.onInterrupt(() => stop.abort());
  try {
    while (!(await isDone(call, link, stop.signal))) await pause(pollMilliseconds, undefined, { signal: stop.signal });
  } catch (error) {
    throw stop.signal.aborted ? interrupted() : error;
  } finally {
    forget();
  }
}

async function isDone(call: Call, { id }: Link, signal: AbortSignal): Promise<boolean> {
  try {
    return (await call(api.passkeys.link, { params: { id } }, { signal })).isDone;
  } catch (error) {
    if (!(error instanceof ApiError) || error.problem.code !== 'second-factor.not-found') throw error;
    throw new CliError('failed', 'nothing came from the browser within five minutes; run the command again');
  }
}

/** Any browser that has the passkey may open it: it need not be on this machine. */
async function lead({ environment, output }: CommandContext, input: CommandInput, url: string): Promise<void> {
  // The parser knows `--no-browser` as the end of `browser`, which is true without it.
  const choice = input.flag('browser') ? browserFor(environment, url) : undefined;
  if (choice?.kind === 'commands' && (await openBrowser(choice.commands, environment.variables))) {
    output.say('a browser was opened for the passkey; should it show nothing, open there:');
    output.say(url);
    return;
  }
  output.warn('open this address within five minutes in the browser where your passkey is; show it to nobody:');
  output.warn(url);
}
