/** Lists that show one's own things unless someone else's are asked for. */
import type { IdentityId } from '../../shared/api/values.ts';
import type { CommandInput, Connection, OptionSpec } from '../command.ts';
import { CliError } from '../failure.ts';
import { resolveIdentity } from '../resolve.ts';

export const ownerOptions: readonly OptionSpec[] = [
  { flags: '--of <identity>', help: 'of this email or workload:NAME instead of mine' },
  { flags: '--all', help: 'everyone’s' },
];

export async function ownerFilter(connection: Connection, input: CommandInput): Promise<{ identity?: IdentityId; all?: 'true' }> {
  const of = input.optional('of');
  if (of !== undefined && input.flag('all')) throw new CliError('wrongUse', 'give --of or --all, not both');
  if (input.flag('all')) return { all: 'true' };
  return of === undefined ? {} : { identity: await resolveIdentity(connection, of) };
}
