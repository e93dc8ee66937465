/** `infra login`: trust, then the secret, then the profile, then kubeconfig. */
import { parseDuration } from '../../shared/ttl.ts';
import type { CommandContext, CommandInput, CommandSpec } from '../command.ts';
import { connect } from '../connection.ts';
import { reachableAccess, updateContexts } from '../contexts.ts';
import { CliError } from '../failure.ts';
import { enter, longestLoginSeconds } from '../login-entry.ts';
import { chooseLoginMethod, type LoginOptions } from '../login-methods.ts';
import { chooseTarget, trustOptions } from '../login-target.ts';
import { readProfiles } from '../profiles.ts';
import { readSession } from '../session-file.ts';

export const loginCommand: CommandSpec = {
  words: 'login',
  summary: 'log in to a server, by browser where it has identity providers, and make its destinations known to kubectl',
  arguments: [['[server]', 'host[:port] or https URL; without it, the current profile’s']],
  options: [
    {
      flags: '--provider <name>',
      help: 'sign in with this identity provider, in the browser; infra is the server itself, with a password',
    },
    { flags: '--fresh', help: 'sign in anew, even if the identity provider still knows the browser: proves a second factor again' },
    { flags: '--no-browser', help: 'print the address to open instead of opening it' },
    { flags: '--device', help: 'print a code to type in a browser on any machine; done by itself where no browser can be opened' },
    { flags: '--timeout <duration>', help: 'how long the browser may take, up to 10m (default)', check: parseTimeout },
    { flags: '--user <email>', help: 'log in as this user, with a password' },
    {
      flags: '--password-stdin',
      help: 'read the password from stdin; then, line by line, what is asked for: a code of the second factor, a new password',
    },
    { flags: '--key-stdin', help: 'log in with an access key from stdin' },
    { flags: '--workload <file>', help: 'log in as a workload, with the token in this file that a trust rule takes (- is stdin)' },
    ...trustOptions,
  ],
  examples: [
    'infra login infra.example.com',
    'infra login infra.example.com --provider okta',
    'infra login infra.example.com --device',
    'infra login https://infra.example.com --key-stdin < key-file',
    'infra login infra.example.com --workload /var/run/secrets/infra/token',
  ],
  run: login,
};

async function login(context: CommandContext, input: CommandInput): Promise<void> {
  const { environment, home, output } = context;
  const selector = input.optional('server') ?? context.server;
  const { server, trust, known } = await chooseTarget(context, input, { selector, user: input.optional('user') });
  const method = await chooseLoginMethod({
    call: connect({ server, trust, userAgent: context.userAgent, output }),
    ...{ environment, output, server },
    options: readOptions(input),
    lastUser: known?.account.id.startsWith('usr_') === true ? known.account.name : undefined,
  });
  const profile = await enter(context, { server, trust, method });
  const connection = context.connectTo(profile);
  const session = readSession(home, profile.name);
  if (connection === undefined || session === undefined)
    throw new CliError('failed', `the session is over already by this machine's clock; set the clock, then run: infra login ${server}`);
  output.say(`logged in to ${server} as ${profile.account.name} until ${session.expiresAt}`);
  const destinations = await reachableAccess(context, connection, { choose: 'anew' });
  const names = await updateContexts(context, connection, { destinations, which: 'all', makeCurrent: 'if-none' });
  if (names.length > 0) output.say(`kubectl contexts: ${names.join(', ')}`);
  else output.say(`no destination to reach yet; once a grant is given, run: infra use DESTINATION`);
  for (const other of readProfiles(home).profiles.filter((each) => each.server === server && each.name !== profile.name))
    output.trace(`also known there: ${other.account.name} as ${other.name}`);
}

function readOptions(input: CommandInput): LoginOptions {
  const timeout = input.optional('timeout');
  return {
    user: input.optional('user'),
    passwordStdin: input.flag('passwordStdin'),
    keyStdin: input.flag('keyStdin'),
    workloadTokenFile: input.optional('workload'),
    provider: input.optional('provider'),
    isFresh: input.flag('fresh'),
    // The parser knows `--no-browser` as the end of `browser`, which is true without it.
    noBrowser: !input.flag('browser'),
    device: input.flag('device') ? 'asked-for' : 'without-browser',
    timeoutSeconds: timeout === undefined ? longestLoginSeconds : parseTimeout(timeout),
  };
}

function parseTimeout(text: string): number {
  const seconds = parseDuration(text);
  if (seconds !== undefined && seconds <= longestLoginSeconds) return seconds;
  throw new CliError('wrongUse', `--timeout takes a duration up to 10m, such as 90s, not "${text}"`);
}
