import { api } from '../../shared/api/index.ts';
import { counted, settleChange, waitOptions } from '../acknowledgements.ts';
import { removeCachedCredentials } from '../credential-cache.ts';
import type { CommandContext, CommandInput, CommandSpec, Connection } from '../command.ts';
import { parseLeaseId, parseSessionId, resolveUser } from '../resolve.ts';
import { revokeLease } from './leases.ts';

export const revokeCommand: CommandSpec = {
  words: 'revoke',
  summary: 'take access back now: all of a person’s sessions and leases, one session, or one lease',
  arguments: [['<target>', 'email, session id or lease id']],
  options: waitOptions,
  examples: ['infra revoke dev@example.com --wait'],
  run: revoke,
};

async function revoke(context: CommandContext, input: CommandInput): Promise<void> {
  const connection = context.connect();
  const target = input.text('target');
  if (target.startsWith('lse_')) return revokeLease(context, input, { connection, id: parseLeaseId(target) });
  if (target.startsWith('ses_')) return revokeSession(context, input, connection);
  const id = await resolveUser(connection, target);
  const { sessionsEnded, leasesRevoked, change } = await connection.call(api.users.revoke, { params: { id } });
  if (id === connection.profile.account.id) removeCachedCredentials(context.home, connection.profile.name);
  const done = `${target}: ${counted(sessionsEnded, 'session')} ended, ${counted(leasesRevoked, 'lease')} revoked; they may log in again (bar the door with: infra users disable)`;
  await settleChange(context, input, { connection, change, done });
}

async function revokeSession(context: CommandContext, input: CommandInput, connection: Connection): Promise<void> {
  const id = parseSessionId(input.text('target'));
  const { change } = await connection.call(api.sessions.revoke, { params: { id } });
  await settleChange(context, input, { connection, change, done: `${id} has ended` });
}
