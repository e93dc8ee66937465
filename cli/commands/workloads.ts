import { api } from '../../shared/api/index.ts';
import { settleChange, waitOptions } from '../acknowledgements.ts';
import type { CommandContext, CommandInput, CommandSpec } from '../command.ts';
import { allPages, resolveWorkload } from '../resolve.ts';

export const workloadCommands: readonly CommandSpec[] = [
  { words: 'workloads add', summary: 'add a workload: an identity for a program', arguments: [['<name>', 'such as deploy']], run: add },
  { words: 'workloads list', alias: 'ls', summary: 'all workloads', run: list },
  {
    words: 'workloads remove',
    alias: 'rm',
    summary: 'remove a workload and everything of its',
    arguments: [['<workload>', 'name or id']],
    options: waitOptions,
    run: remove,
  },
];

async function add({ connect, output }: CommandContext, input: CommandInput): Promise<void> {
  const workload = await connect().call(api.workloads.create, { body: { name: input.text('name') } });
  output.show(workload, [
    ['name', workload.name],
    ['id', workload.id],
  ]);
  output.say(`let it in by a token that its platform makes: infra trust-rules add ${workload.name} --issuer URL --claim NAME=VALUE`);
  output.say(`or make a key for it: infra keys add NAME --for workload:${workload.name}`);
}

async function list({ connect, output }: CommandContext): Promise<void> {
  const { call } = connect();
  const workloads = await allPages((page) => call(api.workloads.list, { query: page }));
  output.list(workloads, workloads, [
    { title: 'NAME', value: (workload) => workload.name },
    { title: 'STATUS', value: (workload) => workload.status },
    { title: 'CREATED', value: (workload) => workload.createdAt },
    { title: 'ID', value: (workload) => workload.id },
  ]);
}

async function remove(context: CommandContext, input: CommandInput): Promise<void> {
  const connection = context.connect();
  const id = await resolveWorkload(connection, input.text('workload'));
  const { change } = await connection.call(api.workloads.remove, { params: { id } });
  await settleChange(context, input, { connection, change, done: `${input.text('workload')} is removed` });
}
