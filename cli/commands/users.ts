import { api } from '../../shared/api/index.ts';
import type { CallResult } from '../../shared/api/endpoint.ts';
import type { User } from '../../shared/api/users.ts';
import { counted, settleChange, waitOptions } from '../acknowledgements.ts';
import type { CommandContext, CommandInput, CommandSpec } from '../command.ts';
import { CliError } from '../failure.ts';
import type { Column } from '../output.ts';
import { readStdinLines } from '../prompt.ts';
import { allPages, resolveUser } from '../resolve.ts';

const who = [['<user>', 'email or id']] as const;

export const userCommands: readonly CommandSpec[] = [
  {
    words: 'users add',
    summary: 'add a user; without --password-stdin a one-time password is made and shown once',
    arguments: [['<email>', 'the account’s name']],
    options: [{ flags: '--password-stdin', help: 'read the password from stdin' }],
    run: add,
  },
  {
    words: 'users list',
    alias: 'ls',
    summary: 'all users',
    options: [{ flags: '--status <status>', help: 'active or disabled' }],
    run: list,
  },
  { words: 'users show', summary: 'one user', arguments: who, run: show },
  {
    words: 'users disable',
    summary: 'bar the door: sessions, keys and leases end',
    arguments: who,
    options: waitOptions,
    run: (context, input) => setStatus(context, input, 'disable'),
  },
  {
    words: 'users enable',
    summary: 'let a disabled user in again',
    arguments: who,
    options: waitOptions,
    run: (context, input) => setStatus(context, input, 'enable'),
  },
  {
    words: 'users remove',
    alias: 'rm',
    summary: 'remove a user and everything of theirs',
    arguments: who,
    options: waitOptions,
    run: remove,
  },
  {
    words: 'users reset-password',
    summary: 'give a new one-time password, shown once, or mail a link; sessions and leases end, access keys are named',
    arguments: who,
    options: [{ flags: '--mail', help: 'mail them a link to choose a password, instead of printing one' }, ...waitOptions],
    run: resetPassword,
  },
  {
    words: 'users reset-mfa',
    summary: 'take the second factor away from somebody who lost it; sessions and leases end',
    arguments: who,
    options: waitOptions,
    run: resetMfa,
  },
];

const columns: readonly Column<User>[] = [
  { title: 'EMAIL', value: (user) => user.email },
  { title: 'STATUS', value: (user) => user.status },
  { title: 'PASSWORD', value: (user) => user.password },
  { title: 'GROUPS', value: (user) => user.groups.map((group) => group.name).join(', ') },
  { title: 'LAST LOGIN', value: (user) => user.lastLoginAt },
  { title: 'ID', value: (user) => user.id },
];

async function add({ connect, environment, output }: CommandContext, input: CommandInput): Promise<void> {
  const email = input.text('email');
  const password = input.flag('passwordStdin') ? (await readStdinLines(environment))[0] : undefined;
  if (password === '') throw new CliError('wrongUse', 'no password came on stdin; give it as the first line');
  const added = await connect().call(api.users.create, { body: { email, ...(password === undefined ? {} : { password }) } });
  output.show(added, [
    ['email', added.user.email],
    ['id', added.user.id],
    ...(added.oneTimePassword === null ? [] : [['one-time password', added.oneTimePassword] as const]),
  ]);
  if (added.oneTimePassword !== null) output.say('the one-time password is shown this once and must be changed at the first login');
}

async function list({ connect, output }: CommandContext, input: CommandInput): Promise<void> {
  const status = readStatus(input.optional('status'));
  const { call } = connect();
  const users = await allPages((page) => call(api.users.list, { query: { ...page, ...(status === undefined ? {} : { status }) } }));
  output.list(users, users, columns);
}

function readStatus(text: string | undefined): User['status'] | undefined {
  if (text === undefined || text === 'active' || text === 'disabled') return text;
  throw new CliError('wrongUse', `--status is active or disabled, not "${text}"`);
}

async function show({ connect, output }: CommandContext, input: CommandInput): Promise<void> {
  const connection = connect();
  const user = await connection.call(api.users.get, { params: { id: await resolveUser(connection, input.text('user')) } });
  output.show(user, [
    ['email', user.email],
    ['id', user.id],
    ['status', user.status],
    ['password', user.password],
    ['second factor', user.secondFactors.join(', ')],
    ['accounts', user.accounts.map(({ provider, state }) => (state === 'active' ? provider : `${provider} (${state})`)).join(', ')],
    ['groups', user.groups.map((group) => group.name).join(', ')],
    ['created', user.createdAt],
    ['last login', user.lastLoginAt],
  ]);
}

async function setStatus(context: CommandContext, input: CommandInput, what: 'disable' | 'enable'): Promise<void> {
  const connection = context.connect();
  const id = await resolveUser(connection, input.text('user'));
  const { user, change } = await connection.call(api.users[what], { params: { id } });
  await settleChange(context, input, { connection, change, done: `${user.email} is ${user.status}` });
}

async function remove(context: CommandContext, input: CommandInput): Promise<void> {
  const connection = context.connect();
  const id = await resolveUser(connection, input.text('user'));
  const { change } = await connection.call(api.users.remove, { params: { id } });
  await settleChange(context, input, { connection, change, done: `${input.text('user')} is removed` });
}

async function resetPassword(context: CommandContext, input: CommandInput): Promise<void> {
  const connection = context.connect();
  const id = await resolveUser(connection, input.text('user'));
  if (input.flag('mail')) {
    const { accessKeys, change } = await connection.call(api.users.mailPasswordReset, { params: { id } });
    warnOfKeys(context, input.text('user'), accessKeys);
    await settleChange(context, input, { connection, change, done: 'a mail with a link is on its way; sessions and leases have ended' });
    return;
  }
  const { oneTimePassword, accessKeys, change } = await connection.call(api.users.resetPassword, { params: { id } });
  context.output.show({ id, oneTimePassword, accessKeys }, [['one-time password', oneTimePassword]]);
  warnOfKeys(context, input.text('user'), accessKeys);
  await settleChange(context, input, { connection, change, done: 'it is shown this once; sessions and leases have ended' });
}

const shownKeys = 20;

/** Whoever resets a password because of a theft expects them to be over. */
function warnOfKeys({ output }: CommandContext, user: string, keys: CallResult<typeof api.users.resetPassword>['accessKeys']): void {
  if (keys.length === 0) return;
  output.warn(
    `${counted(keys.length, 'access key')} of ${user} ${keys.length === 1 ? 'lives' : 'live'} on; to end what may be in wrong hands:`,
  );
  for (const { id, name } of keys.slice(0, shownKeys)) output.warn(`  infra keys remove ${id}   # ${name}`);
  if (keys.length > shownKeys) output.warn(`  and ${keys.length - shownKeys} more: infra keys list --of ${user}`);
}

async function resetMfa(context: CommandContext, input: CommandInput): Promise<void> {
  const connection = context.connect();
  const id = await resolveUser(connection, input.text('user'));
  const { factorsRemoved, change } = await connection.call(api.secondFactors.reset, { params: { id } });
  const done =
    factorsRemoved === 0
      ? 'there was no second factor; sessions and leases have ended'
      : 'until they add one again their password alone opens the door; sessions and leases have ended. Are you sure it was they who asked?';
  await settleChange(context, input, { connection, change, done });
}
