/** `infra providers test --login`: a real login in the browser, of which this terminal learns what came. */
import { setTimeout as pause } from 'node:timers/promises';
import { api } from '../../shared/api/index.ts';
import type { LoginTestResult } from '../../shared/api/provider-login-tests.ts';
import type { ProviderId } from '../../shared/api/values.ts';
import { parseDuration } from '../../shared/ttl.ts';
import { browserFor, openBrowser } from '../browser-login/open-browser.ts';
import type { CommandContext, CommandInput, Connection, OptionSpec } from '../command.ts';
import { CliError } from '../failure.ts';
import { interrupted } from '../prompt.ts';

const longestSeconds = 600;

export const loginTestOptions: readonly OptionSpec[] = [
  { flags: '--login', help: 'then sign in there in the browser: nobody is logged in by it, and what the provider says is shown here' },
  { flags: '--no-browser', help: 'print the address to open instead of opening it' },
  { flags: '--timeout <duration>', help: 'how long the browser may take, up to 10m (default)', check: parseTimeout },
];

export async function testByLogin(
  context: CommandContext,
  input: CommandInput,
  { connection, id }: { readonly connection: Connection; readonly id: ProviderId },
): Promise<LoginTestResult> {
  const begun = await connection.call(api.providerLoginTests.begin, { params: { id } });
  await announce(context, input, begun.url);
  const timeout = input.optional('timeout');
  const giveUp = AbortSignal.timeout((timeout === undefined ? longestSeconds : parseTimeout(timeout)) * 1000);
  const stop = new AbortController();
  const forget = context.environment.onInterrupt(() => stop.abort());
  try {
    for (;;) {
      const { state, result } = await connection.call(api.providerLoginTests.get, { params: { id, test: begun.id } });
      if (result !== null) return result;
      if (stop.signal.aborted) throw interrupted();
      if (state === 'over' || giveUp.aborted)
        throw new CliError(
          'failed',
          state === 'under-way'
            ? 'nobody came back from the provider in time; what its page says there is the reason: a redirect URI that is not registered, say'
            : 'the address was not opened in time; run the test again',
        );
      await pause(500, undefined, { signal: stop.signal }).catch(() => undefined);
    }
  } finally {
    forget();
  }
}

/** The address may be opened in any browser, on any machine. */
async function announce({ environment, output }: CommandContext, input: CommandInput, url: string): Promise<void> {
  // The parser knows `--no-browser` as the end of `browser`, which is true without it.
  const choice = input.flag('browser') ? browserFor(environment, url) : undefined;
  const isOpened = choice?.kind === 'commands' && (await openBrowser(choice.commands, environment.variables));
  const tell = isOpened ? output.say : output.warn;
  tell(isOpened ? 'a browser was opened for the test; should it show nothing, open:' : 'open this address in a browser, once:');
  tell(url);
  output.say('whoever signs in there shows you what the provider says of them');
}

/** What came, as rows below the steps. */
export const whatCame = ({ claims, groups, groupCount }: LoginTestResult): readonly { step: string; outcome: string; detail: string }[] => [
  ...Object.entries(claims ?? {}).map(([name, value]) => ({
    step: `claim ${name}`,
    outcome: '',
    detail: typeof value === 'string' ? value : JSON.stringify(value),
  })),
  ...groups.map(({ there, here, exists }) => ({
    step: `group ${there}`,
    outcome: exists ? 'known' : 'new',
    detail: here,
  })),
  ...(groupCount > groups.length ? [{ step: 'groups', outcome: '', detail: `and ${groupCount - groups.length} more` }] : []),
];

function parseTimeout(text: string): number {
  const seconds = parseDuration(text);
  if (seconds !== undefined && seconds <= longestSeconds) return seconds;
  throw new CliError('wrongUse', `--timeout takes a duration up to 10m, such as 90s, not "${text}"`);
}
