import { api } from '../../shared/api/index.ts';
import { scimTokenId } from '../../shared/api/values.ts';
import { parseDuration } from '../../shared/ttl.ts';
import type { CommandContext, CommandInput, CommandSpec } from '../command.ts';
import { CliError } from '../failure.ts';
import { resolveProvider } from '../resolve.ts';

const which = ['<provider>', 'name or id'] as const;

export const scimTokenCommands: readonly CommandSpec[] = [
  {
    words: 'scim-tokens add',
    summary: 'make a token for a provider’s directory (SCIM), shown once',
    arguments: [which],
    options: [{ flags: '--expires-in <duration>', help: 'such as 90d (default 365d)' }],
    examples: ['infra scim-tokens add okta --expires-in 180d'],
    run: add,
  },
  { words: 'scim-tokens list', alias: 'ls', summary: 'SCIM tokens of a provider', arguments: [which], run: list },
  {
    words: 'scim-tokens remove',
    alias: 'rm',
    summary: 'remove a SCIM token; what it gave stays',
    arguments: [which, ['<token>', 'id']],
    run: remove,
  },
];

async function add({ connect, output }: CommandContext, input: CommandInput): Promise<void> {
  const text = input.optional('expiresIn');
  const expiresInSeconds = text === undefined ? undefined : parseDuration(text);
  if (text !== undefined && expiresInSeconds === undefined)
    throw new CliError('wrongUse', `--expires-in takes a duration such as 90d, not "${text}"`);
  const connection = connect();
  const id = await resolveProvider(connection, input.text('provider'));
  const created = await connection.call(api.scimTokens.create, {
    params: { id },
    body: { ...(expiresInSeconds === undefined ? {} : { expiresInSeconds }) },
  });
  output.show(created, [
    ['id', created.scimToken.id],
    ['expires', created.scimToken.expiresAt],
    ['base URL', created.baseUrl],
    ['token', created.secret],
  ]);
  output.say('the token is shown this once; enter it and the base URL at the provider');
}

async function list({ connect, output }: CommandContext, input: CommandInput): Promise<void> {
  const connection = connect();
  const id = await resolveProvider(connection, input.text('provider'));
  const { items } = await connection.call(api.scimTokens.list, { params: { id } });
  output.list(items, items, [
    { title: 'ID', value: (token) => token.id },
    { title: 'CREATED', value: (token) => token.createdAt },
    { title: 'BY', value: (token) => token.createdBy },
    { title: 'EXPIRES', value: (token) => token.expiresAt },
    { title: 'LAST USED', value: (token) => token.lastUsedAt },
  ]);
}

async function remove({ connect, output }: CommandContext, input: CommandInput): Promise<void> {
  const connection = connect();
  const id = await resolveProvider(connection, input.text('provider'));
  const token = scimTokenId.safeParse(input.text('token'));
  if (!token.success)
    throw new CliError(
      'wrongUse',
      `"${input.text('token')}" is no SCIM token id (sct_…); see: infra scim-tokens list ${input.text('provider')}`,
    );
  await connection.call(api.scimTokens.remove, { params: { id, token: token.data } });
  output.say(`${token.data} is removed`);
}
