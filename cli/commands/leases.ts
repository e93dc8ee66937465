import { api } from '../../shared/api/index.ts';
import type { Lease } from '../../shared/api/leases.ts';
import type { LeaseId } from '../../shared/api/values.ts';
import { settleChange, waitOptions } from '../acknowledgements.ts';
import { cachedDestinations, readCachedCredential, removeCachedCredential } from '../credential-cache.ts';
import type { CommandContext, CommandInput, CommandSpec, Connection } from '../command.ts';
import { allPages, parseLeaseId, resolveDestination } from '../resolve.ts';
import { ownerFilter, ownerOptions } from './owner.ts';

export const leaseCommands: readonly CommandSpec[] = [
  {
    words: 'leases list',
    alias: 'ls',
    summary: 'my live credentials',
    options: [
      ...ownerOptions,
      { flags: '--destination <destination>', help: 'for this destination' },
      { flags: '--ended', help: 'expired and revoked ones too' },
    ],
    run: list,
  },
  { words: 'leases show', summary: 'one lease', arguments: [['<lease>', 'id']], run: show },
  { words: 'leases revoke', summary: 'revoke a lease', arguments: [['<lease>', 'id']], options: waitOptions, run: revoke },
];

async function list({ connect, output }: CommandContext, input: CommandInput): Promise<void> {
  const connection = connect();
  const destination = input.optional('destination');
  const filter = {
    ...(await ownerFilter(connection, input)),
    ...(destination === undefined ? {} : { destination: await resolveDestination(connection, destination) }),
    ...(input.flag('ended') ? {} : { live: 'true' as const }),
  };
  const leases = await allPages((page) => connection.call(api.leases.list, { query: { ...page, ...filter } }));
  output.list(leases, leases, [
    { title: 'ID', value: (lease) => lease.id },
    { title: 'OF', value: (lease) => lease.identity.name },
    { title: 'DESTINATION', value: (lease) => lease.destination.name },
    { title: 'STATE', value: stateOf },
    { title: 'ISSUED', value: (lease) => lease.issuedAt },
    { title: 'EXPIRES', value: (lease) => lease.expiresAt },
  ]);
}

const stateOf = (lease: Lease): string => (lease.revokedBecause === null ? lease.state : `${lease.state}: ${lease.revokedBecause}`);

async function show({ connect, output }: CommandContext, input: CommandInput): Promise<void> {
  const lease = await connect().call(api.leases.get, { params: { id: parseLeaseId(input.text('lease')) } });
  output.show(lease, [
    ['id', lease.id],
    ['of', lease.identity.name],
    ['destination', lease.destination.name],
    ['kind', lease.kind],
    ['state', stateOf(lease)],
    ['issued', lease.issuedAt],
    ['expires', lease.expiresAt],
    ['revoked', lease.revokedAt],
    ['session', lease.sessionId],
  ]);
}

async function revoke(context: CommandContext, input: CommandInput): Promise<void> {
  const connection = context.connect();
  await revokeLease(context, input, { connection, id: parseLeaseId(input.text('lease')) });
}

export async function revokeLease(
  context: CommandContext,
  input: CommandInput,
  { connection, id }: { connection: Connection; id: LeaseId },
): Promise<void> {
  const { change } = await connection.call(api.leases.revoke, { params: { id } });
  const { home } = context;
  const profile = connection.profile.name;
  for (const destination of cachedDestinations(home, profile))
    if (readCachedCredential(home, { profile, destination })?.leaseId === id) removeCachedCredential(home, { profile, destination });
  await settleChange(context, input, { connection, change, done: `${id} is revoked` });
}
