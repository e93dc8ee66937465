import { api } from '../../shared/api/index.ts';
import { counted, settleChange, waitOptions } from '../acknowledgements.ts';
import type { CommandContext, CommandInput, CommandSpec } from '../command.ts';
import { CliError } from '../failure.ts';
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
    arguments: [['[session]', 'id']],
    options: [{ flags: '--others', help: 'instead of one: all of mine but this one' }, ...waitOptions],
    examples: ['infra sessions revoke ses_01…', 'infra sessions revoke --others'],
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
    { title: 'MFA', value: (session) => session.mfaAt },
    { title: 'ENDED', value: (session) => session.endedAt },
    { title: 'FROM', value: (session) => session.sourceAddress },
    { title: 'CLIENT', value: (session) => session.client },
    { title: 'USER AGENT', value: (session) => session.userAgent },
  ]);
}

async function revoke(context: CommandContext, input: CommandInput): Promise<void> {
  const typed = input.optional('session');
  if ((typed === undefined) !== input.flag('others'))
    throw new CliError('wrongUse', 'name a session (see: infra sessions list), or give --others');
  const connection = context.connect();
  if (typed === undefined) {
    const { sessionsEnded, leasesRevoked, change } = await connection.call(api.sessions.revokeOthers, {});
    const done = `ended: ${counted(sessionsEnded, 'session')}, ${counted(leasesRevoked, 'lease')}`;
    await settleChange(context, input, { connection, change, done });
    return;
  }
  const id = parseSessionId(typed);
  const { change } = await connection.call(api.sessions.revoke, { params: { id } });
  await settleChange(context, input, { connection, change, done: `${id} has ended` });
}
