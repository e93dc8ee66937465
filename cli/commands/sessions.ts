import { api } from '../../shared/api/index.ts';
import { settleChange, waitOptions } from '../acknowledgements.ts';
import type { CommandContext, CommandInput, CommandSpec } from '../command.ts';
import { allPages, parseSessionId } from '../resolve.ts';
import { ownerFilter, ownerOptions } from './owner.ts';

export const sessionCommands: readonly CommandSpec[] = [
  {
    words: 'sessions list',
    alias: 'ls',
    summary: 'my live sessions',
    options: [...ownerOptions, { flags: '--ended', help: 'those that have ended too' }],
    run: list,
  },
  {
    words: 'sessions revoke',
    summary: 'end a session and its leases',
    arguments: [['<session>', 'id']],
    options: waitOptions,
    run: revoke,
  },
];

async function list({ connect, output }: CommandContext, input: CommandInput): Promise<void> {
  const connection = connect();
  const filter = { ...(await ownerFilter(connection, input)), ...(input.flag('ended') ? {} : { live: 'true' as const }) };
  const sessions = await allPages((page) => connection.call(api.sessions.list, { query: { ...page, ...filter } }));
  output.list(sessions, sessions, [
    { title: 'ID', value: (session) => session.id },
    { title: 'OF', value: (session) => session.identity.name },
    { title: 'METHOD', value: (session) => session.method },
    { title: 'LAST USED', value: (session) => session.lastUsedAt },
    { title: 'EXPIRES', value: (session) => session.expiresAt },
    { title: 'ENDED', value: (session) => session.endedAt },
    { title: 'FROM', value: (session) => session.sourceAddress },
    { title: 'CLIENT', value: (session) => session.userAgent },
  ]);
}

async function revoke(context: CommandContext, input: CommandInput): Promise<void> {
  const connection = context.connect();
  const id = parseSessionId(input.text('session'));
  const { change } = await connection.call(api.sessions.revoke, { params: { id } });
  await settleChange(context, input, { connection, change, done: `${id} has ended` });
}
