import type { DirectoryEntry } from '../../shared/api/destinations.ts';
import { api } from '../../shared/api/index.ts';
import type { CommandContext, CommandSpec, Connection } from '../command.ts';
import { nothingWritten, refreshContexts, writtenServers } from '../contexts.ts';
import { CliError } from '../failure.ts';
import { mfaOf } from '../grant-words.ts';
import { reachWords } from '../reach-words.ts';
import { wayTo, type WrittenServers } from '../ways.ts';

export const listCommand: CommandSpec = {
  words: 'list',
  alias: 'ls',
  summary: 'what I may reach, as what, until when, and by which way',
  run: list,
};

async function list(context: CommandContext): Promise<void> {
  const connection = context.connect();
  const { reachable } = await connection.call(api.grants.mine, {});
  const written = writtenIfReadable(context, connection);
  const wayOfEntry = (entry: DirectoryEntry) => wayTo(entry, written.get(entry.id));
  const rows = reachable.flatMap(({ destination, grants }) =>
    grants.map((grant) => ({ destination, grant, way: wayOfEntry(destination) })),
  );
  context.output.list(reachable, rows, [
    { title: 'DESTINATION', value: (row) => row.destination.name },
    { title: 'ROLE', value: (row) => row.grant.role },
    { title: 'RESOURCE', value: (row) => row.grant.resource },
    { title: 'UNTIL', value: (row) => row.grant.until },
    { title: 'MFA', value: (row) => mfaOf(row.grant) },
    { title: 'VIA', value: (row) => row.grant.via },
    { title: 'REACH', value: (row) => reachWords(row.destination, row.way) },
    { title: 'ADDRESS', value: (row) => (row.way === 'relay' ? row.destination.relayAddress : row.destination.address) },
  ]);
  if (rows.length === 0) context.output.say('no grants yet; ask an admin for: infra grants add YOU --role ROLE DESTINATION');
  await refreshContexts(context, connection);
}

/** One that cannot be read is said when it is refreshed. */
function writtenIfReadable(context: CommandContext, { profile }: Connection): WrittenServers {
  try {
    return writtenServers(context, profile);
  } catch (error) {
    if (error instanceof CliError) return nothingWritten;
    throw error;
  }
}
