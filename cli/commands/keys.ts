import { api } from '../../shared/api/index.ts';
import { formatDuration, parseDuration } from '../../shared/ttl.ts';
import { settleChange, waitOptions } from '../acknowledgements.ts';
import type { CommandContext, CommandInput, CommandSpec } from '../command.ts';
import { CliError } from '../failure.ts';
import { allPages, resolveAccessKey } from '../resolve.ts';
import { ownerFilter, ownerOptions } from './owner.ts';

export const keyCommands: readonly CommandSpec[] = [
  {
    words: 'keys add',
    summary: 'make an access key for automation, shown once',
    arguments: [['<name>', 'such as ci']],
    options: [
      { flags: '--for <identity>', help: 'email or workload:NAME; without it, for me' },
      { flags: '--expires-in <duration>', help: 'such as 90d (default 30d)' },
      { flags: '--idle <duration>', help: 'dead when not used for so long' },
    ],
    run: add,
  },
  { words: 'keys list', alias: 'ls', summary: 'my access keys', options: ownerOptions, run: list },
  {
    words: 'keys remove',
    alias: 'rm',
    summary: 'remove an access key; its sessions and leases end',
    arguments: [['<key>', 'id, or name of a key of mine']],
    options: waitOptions,
    run: remove,
  },
];

async function add({ connect, output }: CommandContext, input: CommandInput): Promise<void> {
  const identity = input.optional('for');
  const expiresInSeconds = seconds('expires-in', input.optional('expiresIn'));
  const idleSeconds = seconds('idle', input.optional('idle'));
  const { accessKey, secret } = await connect().call(api.accessKeys.create, {
    body: {
      name: input.text('name'),
      ...(identity === undefined ? {} : { identity }),
      ...(expiresInSeconds === undefined ? {} : { expiresInSeconds }),
      ...(idleSeconds === undefined ? {} : { idleSeconds }),
    },
  });
  output.show({ accessKey, secret }, [
    ['name', accessKey.name],
    ['id', accessKey.id],
    ['of', accessKey.identity.name],
    ['expires', accessKey.expiresAt],
    ['key', secret],
  ]);
  output.say('the key is shown this once; use it with: infra login SERVER --key-stdin < FILE');
}

function seconds(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const parsed = parseDuration(text);
  if (parsed === undefined) throw new CliError('wrongUse', `--${option} takes a duration such as 12h or 90d, not "${text}"`);
  return parsed;
}

async function list({ connect, output }: CommandContext, input: CommandInput): Promise<void> {
  const connection = connect();
  const filter = await ownerFilter(connection, input);
  const keys = await allPages((page) => connection.call(api.accessKeys.list, { query: { ...page, ...filter } }));
  output.list(keys, keys, [
    { title: 'NAME', value: (key) => key.name },
    { title: 'OF', value: (key) => key.identity.name },
    { title: 'EXPIRES', value: (key) => key.expiresAt },
    { title: 'IDLE LIMIT', value: (key) => (key.idleSeconds === null ? null : formatDuration(key.idleSeconds)) },
    { title: 'LAST USED', value: (key) => key.lastUsedAt },
    { title: 'ID', value: (key) => key.id },
  ]);
}

async function remove(context: CommandContext, input: CommandInput): Promise<void> {
  const connection = context.connect();
  const id = await resolveAccessKey(connection, input.text('key'));
  const { change } = await connection.call(api.accessKeys.remove, { params: { id } });
  await settleChange(context, input, { connection, change, done: `${input.text('key')} is removed` });
}
