/** Closing, opening again and removing an identity provider: what ends with it is shown beforehand. */
import { api } from '../../shared/api/index.ts';
import type { CallResult } from '../../shared/api/endpoint.ts';
import { counted, settleChange, waitOptions } from '../acknowledgements.ts';
import type { CommandContext, CommandInput, CommandSpec } from '../command.ts';
import { isInteractive } from '../environment.ts';
import { CliError } from '../failure.ts';
import { askYesNo } from '../prompt.ts';
import { resolveProvider } from '../resolve.ts';

const which = [['<provider>', 'name or id']] as const;
const endOptions = [{ flags: '--yes', help: 'do not ask' }, ...waitOptions];

export const providerEndCommands: readonly CommandSpec[] = [
  {
    words: 'providers disable',
    summary: 'close an identity provider: nobody logs in with it, and its sessions, leases and memberships end',
    arguments: which,
    options: endOptions,
    run: (context, input) => end(context, input, 'disable'),
  },
  {
    words: 'providers enable',
    summary: 'open a disabled identity provider again; memberships come back with each login',
    arguments: which,
    run: enable,
  },
  {
    words: 'providers remove',
    alias: 'rm',
    summary: 'remove an identity provider with its sessions, leases, groups and their grants; users stay',
    arguments: which,
    options: endOptions,
    run: (context, input) => end(context, input, 'remove'),
  },
];

type Impact = CallResult<typeof api.identityProviders.impact>;

async function end(context: CommandContext, input: CommandInput, what: 'disable' | 'remove'): Promise<void> {
  const connection = context.connect();
  const name = input.text('provider');
  const id = await resolveProvider(connection, name);
  if (!input.flag('yes'))
    await askFirst(context, { name, what, impact: await connection.call(api.identityProviders.impact, { params: { id } }) });
  const { sessionsEnded, leasesRevoked, membershipsEnded, change } = await connection.call(api.identityProviders[what], { params: { id } });
  const ended = [counted(sessionsEnded, 'session'), counted(leasesRevoked, 'lease'), counted(membershipsEnded, 'membership')].join(', ');
  await settleChange(context, input, { connection, change, done: `${name} is ${what}d; ended: ${ended}` });
}

async function askFirst(
  { environment, output }: CommandContext,
  { name, what, impact }: { name: string; what: 'disable' | 'remove'; impact: Impact },
): Promise<void> {
  for (const line of describeImpact(impact, what)) output.warn(line);
  if (!isInteractive(environment))
    throw new CliError('wrongUse', `nothing was changed: nobody is at the terminal to say yes; run again with --yes to ${what} ${name}`);
  if (!(await askYesNo(environment, `${what} ${name}?`))) throw new CliError('failed', 'nothing was changed');
}

const shownLines = 20;

function describeImpact({ sessions, leases, userCount, users, groupCount, groups }: Impact, what: 'disable' | 'remove'): string[] {
  const stranded = users.filter((user) => user.onlyWayIn);
  return [
    `this ends ${counted(sessions, 'session')} and ${counted(leases, 'lease')} of ${counted(userCount, 'user')}`,
    ...(stranded.length === 0 ? [] : ['for these users it is the only way in:', ...cut(stranded.map((user) => user.email))]),
    ...(groupCount === 0 ? [] : [what === 'remove' ? 'these groups go, with their grants:' : 'these groups become empty:']),
    ...cut(groups.map((group) => `${group.name}: ${counted(group.members, 'member')}, ${counted(group.grants, 'grant')}`)),
  ];
}

const cut = (lines: readonly string[]): string[] => [
  ...lines.slice(0, shownLines).map((line) => `  ${line}`),
  ...(lines.length > shownLines ? [`  and ${lines.length - shownLines} more`] : []),
];

async function enable({ connect, output }: CommandContext, input: CommandInput): Promise<void> {
  const connection = connect();
  const id = await resolveProvider(connection, input.text('provider'));
  const provider = await connection.call(api.identityProviders.enable, { params: { id } });
  output.say(`${provider.name} is ${provider.status}`);
}
