import { api } from '../../shared/api/index.ts';
import { settleChange, waitOptions } from '../acknowledgements.ts';
import type { CommandContext, CommandInput, CommandSpec } from '../command.ts';
import { allPages, resolveGroup, resolveIdentity } from '../resolve.ts';

const which = ['<group>', 'name or id'] as const;
const member = ['<identity>', 'email, workload:NAME or id'] as const;

export const groupCommands: readonly CommandSpec[] = [
  { words: 'groups add', summary: 'add a local group', arguments: [['<name>', 'such as platform']], run: add },
  { words: 'groups list', alias: 'ls', summary: 'all groups', run: list },
  { words: 'groups show', summary: 'one group with its members', arguments: [which], run: show },
  { words: 'groups remove', alias: 'rm', summary: 'remove a group with its grants', arguments: [which], options: waitOptions, run: remove },
  { words: 'groups add-member', summary: 'add an identity to a group', arguments: [which, member], options: waitOptions, run: addMember },
  { words: 'groups remove-member', summary: 'take an identity out', arguments: [which, member], options: waitOptions, run: removeMember },
];

async function add({ connect, output }: CommandContext, input: CommandInput): Promise<void> {
  const group = await connect().call(api.groups.create, { body: { name: input.text('name') } });
  output.show(group, [
    ['name', group.name],
    ['id', group.id],
  ]);
}

async function list({ connect, output }: CommandContext): Promise<void> {
  const { call } = connect();
  const groups = await allPages((page) => call(api.groups.list, { query: page }));
  output.list(groups, groups, [
    { title: 'NAME', value: (group) => group.name },
    { title: 'PROVIDER', value: (group) => group.provider ?? 'local' },
    { title: 'MEMBERS', value: (group) => group.memberCount },
    { title: 'ID', value: (group) => group.id },
  ]);
}

async function show({ connect, output }: CommandContext, input: CommandInput): Promise<void> {
  const connection = connect();
  const id = await resolveGroup(connection, input.text('group'));
  const group = await connection.call(api.groups.get, { params: { id } });
  const members = await allPages((page) => connection.call(api.groups.members, { params: { id }, query: page }));
  output.show({ ...group, members }, [
    ['name', group.name],
    ['id', group.id],
    ['provider', group.provider ?? 'local'],
    ...(group.directoryId === null ? [] : [['object id', group.directoryId] as const]),
    ['created', group.createdAt],
    ['members', group.memberCount],
    ...members.map((each) => ['', each.status === 'active' ? each.name : `${each.name} (${each.status})`] as const),
  ]);
}

async function remove(context: CommandContext, input: CommandInput): Promise<void> {
  const connection = context.connect();
  const id = await resolveGroup(connection, input.text('group'));
  const { change } = await connection.call(api.groups.remove, { params: { id } });
  await settleChange(context, input, { connection, change, done: `${input.text('group')} is removed` });
}

async function addMember(context: CommandContext, input: CommandInput): Promise<void> {
  const connection = context.connect();
  const id = await resolveGroup(connection, input.text('group'));
  const identity = input.text('identity');
  const { change } = await connection.call(api.groups.addMember, { params: { id }, body: { identity } });
  await settleChange(context, input, { connection, change, done: `${identity} is in ${input.text('group')}` });
}

async function removeMember(context: CommandContext, input: CommandInput): Promise<void> {
  const connection = context.connect();
  const id = await resolveGroup(connection, input.text('group'));
  const identity = await resolveIdentity(connection, input.text('identity'));
  const { change } = await connection.call(api.groups.removeMember, { params: { id, identity } });
  await settleChange(context, input, { connection, change, done: `${input.text('identity')} is no longer in ${input.text('group')}` });
}
