/** `infra users unlink` and `relink`: an account at an identity provider, taken off a user and given back. What ends is shown beforehand. */
import { api } from '../../shared/api/index.ts';
import type { CallResult } from '../../shared/api/endpoint.ts';
import type { UserId } from '../../shared/api/values.ts';
import { emailKey } from '../../shared/resource-name.ts';
import { counted, settleChange, waitOptions } from '../acknowledgements.ts';
import type { CommandContext, CommandInput, CommandSpec, Connection } from '../command.ts';
import { removeCachedCredentials } from '../credential-cache.ts';
import { isInteractive } from '../environment.ts';
import { CliError } from '../failure.ts';
import { askYesNo } from '../prompt.ts';
import { resolveUser } from '../resolve.ts';

const where = { flags: '--provider <name>', help: 'at which identity provider', required: true };

export const userAccountCommands: readonly CommandSpec[] = [
  {
    words: 'users unlink',
    summary: 'take an account at an identity provider off a user: what came through it ends, and it opens nothing until it is linked again',
    arguments: [['<user>', 'email or id; oneself within ten minutes of a login, others as an admin']],
    options: [
      where,
      { flags: '--dry-run', help: 'say what would end, and change nothing' },
      { flags: '--yes', help: 'do not ask' },
      ...waitOptions,
    ],
    examples: ['infra users unlink ana@example.com --provider okta --dry-run'],
    run: unlink,
  },
  {
    words: 'users relink',
    summary: 'let an account that was taken off a user log in as that user again',
    arguments: [['<user>', 'email or id']],
    options: [where],
    run: relink,
  },
];

interface Meant {
  readonly user: string;
  readonly provider: string;
}
type Impact = CallResult<typeof api.users.unlinkImpact>;
type Unlinked = CallResult<typeof api.users.unlink>;

async function unlink(context: CommandContext, input: CommandInput): Promise<void> {
  const connection = context.connect();
  const meant: Meant = { user: input.text('user'), provider: input.text('provider') };
  const params = { id: await ownOrOther(connection, meant.user), provider: meant.provider };
  if (input.flag('dryRun')) {
    showImpact(context, await connection.call(api.users.unlinkImpact, { params }));
    return;
  }
  if (!input.flag('yes')) await askFirst(context, meant, await connection.call(api.users.unlinkImpact, { params }));
  const unlinked = await connection.call(api.users.unlink, { params });
  if (params.id === connection.profile.account.id) removeCachedCredentials(context.home, connection.profile.name);
  // With --wait the acknowledgements are the result.
  if (!input.flag('wait')) showEnded(context, unlinked);
  if (unlinked.onlyWayIn) context.output.warn(strandedSentence(meant));
  const done = `the account at ${meant.provider} is taken off ${meant.user}; it logs in again only after: infra users relink ${meant.user} --provider ${meant.provider}`;
  await settleChange(context, input, { connection, change: unlinked.change, done });
}

function showImpact({ output }: CommandContext, impact: Impact): void {
  output.show(impact, [
    ['sessions that end', impact.sessions],
    ['leases that end', impact.leases],
    ['memberships that end', impact.memberships],
    ['groups', cut(impact.groups).join(', ')],
    ['other ways in', impact.onlyWayIn ? 'none: they could not log in any more, nor with access keys' : 'yes'],
  ]);
  output.say('nothing was changed');
}

function showEnded({ output }: CommandContext, unlinked: Unlinked): void {
  output.show(unlinked, [
    ['sessions ended', unlinked.sessionsEnded],
    ['leases revoked', unlinked.leasesRevoked],
    ['memberships ended', unlinked.membershipsEnded],
    ['other ways in', unlinked.onlyWayIn ? 'none' : 'yes'],
  ]);
}

async function askFirst({ environment, output }: CommandContext, { user, provider }: Meant, impact: Impact): Promise<void> {
  const { sessions, leases, groups, memberships } = impact;
  output.warn(`this takes the account at ${provider} off ${user} and ends ${counted(sessions, 'session')} and ${counted(leases, 'lease')}`);
  if (memberships > 0) output.warn(`they leave ${counted(memberships, 'group')} of ${provider}:`);
  for (const line of cut(groups)) output.warn(`  ${line}`);
  if (impact.onlyWayIn)
    output.warn(
      'it is their only way in: they could not log in any more, neither with a one-time password that was not used, nor with their access keys',
    );
  if (!isInteractive(environment))
    throw new CliError('wrongUse', 'nothing was changed: nobody is at the terminal to say yes; run again with --yes');
  if (!(await askYesNo(environment, `unlink ${user} from ${provider}?`))) throw new CliError('failed', 'nothing was changed');
}

const strandedSentence = ({ user }: Meant): string =>
  `${user} cannot log in any more, for there is no password and no other account; to give a password: infra users reset-password ${user}`;

const shownGroups = 20;
const cut = (groups: readonly string[]): string[] => [
  ...groups.slice(0, shownGroups),
  ...(groups.length > shownGroups ? [`and ${groups.length - shownGroups} more`] : []),
];

async function relink({ connect, output }: CommandContext, input: CommandInput): Promise<void> {
  const connection = connect();
  const [user, provider] = [input.text('user'), input.text('provider')];
  await connection.call(api.users.relink, { params: { id: await resolveUser(connection, user), provider } });
  output.say(
    `the account at ${provider} logs in as ${user} again; its groups come back with the next login, a directory's when it pushes them`,
  );
}

/** Oneself without the right to list people. */
async function ownOrOther(connection: Connection, user: string): Promise<UserId> {
  const { identity } = await connection.call(api.sessions.current, {});
  const isOwn = identity.kind === 'user' && (identity.id === user || emailKey(identity.name) === emailKey(user));
  // Of a user it is the id of one.
  return isOwn ? (identity.id as string as UserId) : resolveUser(connection, user);
}
