import { api } from '../../shared/api/index.ts';
import type { CommandContext, CommandSpec } from '../command.ts';
import { refreshContexts } from '../contexts.ts';
import { mfaOf } from '../grant-words.ts';

export const listCommand: CommandSpec = {
  words: 'list',
  alias: 'ls',
  summary: 'what I may reach, as what, until when',
  run: list,
};

async function list(context: CommandContext): Promise<void> {
  const connection = context.connect();
  const { reachable } = await connection.call(api.grants.mine, {});
  const rows = reachable.flatMap(({ destination, grants }) => grants.map((grant) => ({ destination, grant })));
  context.output.list(reachable, rows, [
    { title: 'DESTINATION', value: (row) => row.destination.name },
    { title: 'ROLE', value: (row) => row.grant.role },
    { title: 'RESOURCE', value: (row) => row.grant.resource },
    { title: 'UNTIL', value: (row) => row.grant.until },
    { title: 'MFA', value: (row) => mfaOf(row.grant) },
    { title: 'VIA', value: (row) => row.grant.via },
    { title: 'ADDRESS', value: (row) => row.destination.address },
  ]);
  if (rows.length === 0) context.output.say('no grants yet; ask an admin for: infra grants add YOU --role ROLE DESTINATION');
  await refreshContexts(context, connection);
}
