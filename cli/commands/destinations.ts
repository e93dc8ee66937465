import type { TunnelSummary } from '../../shared/api/connector-tunnel.ts';
import type { Destination } from '../../shared/api/destinations.ts';
import { api } from '../../shared/api/index.ts';
import { formatDuration } from '../../shared/ttl.ts';
import { settleChange, waitOptions } from '../acknowledgements.ts';
import type { CommandContext, CommandInput, CommandSpec } from '../command.ts';
import { CliError } from '../failure.ts';
import { changeOptions, readChange } from '../destination-settings.ts';
import { allPages, resolveDestination } from '../resolve.ts';

const which = [['<destination>', 'name or id']] as const;

export const destinationCommands: readonly CommandSpec[] = [
  {
    words: 'destinations add',
    summary: 'add a destination; prints the join token for its connector',
    arguments: [['<name>', 'lower-case letters, digits and "-"']],
    options: [{ flags: '--kind <kind>', help: 'kubernetes (default)' }],
    run: add,
  },
  { words: 'destinations list', alias: 'ls', summary: 'all destinations and their connectors', run: list },
  { words: 'destinations show', summary: 'one destination, its settings and connectors', arguments: which, run: show },
  {
    words: 'destinations remove',
    alias: 'rm',
    summary: 'remove a destination with its grants and leases',
    arguments: which,
    options: waitOptions,
    run: remove,
  },
  {
    words: 'destinations change',
    summary: 'change settings of a destination',
    arguments: which,
    options: changeOptions,
    examples: ['infra destinations change prod --lease-life 15m --staleness-limit 10m --wait'],
    run: change,
  },
  { words: 'destinations token', summary: 'a new join token for a connector', arguments: which, run: token },
];

async function add(context: CommandContext, input: CommandInput): Promise<void> {
  const kind = input.optional('kind') ?? 'kubernetes';
  if (kind !== 'kubernetes') throw new CliError('wrongUse', `--kind is kubernetes, not "${kind}"`);
  const { call } = context.connect();
  const added = await call(api.destinations.create, { body: { name: input.text('name'), kind } });
  context.output.show(added, [
    ['destination', added.destination.name],
    ['id', added.destination.id],
    ['join token', added.joinToken],
    ['expires', added.expiresAt],
  ]);
  sayHowToJoin(context);
}

async function token(context: CommandContext, input: CommandInput): Promise<void> {
  const connection = context.connect();
  const id = await resolveDestination(connection, input.text('destination'));
  const made = await connection.call(api.destinations.createJoinToken, { params: { id } });
  context.output.show(made, [
    ['join token', made.joinToken],
    ['expires', made.expiresAt],
  ]);
  sayHowToJoin(context);
}

function sayHowToJoin({ output, profile }: CommandContext): void {
  output.say('the token is shown this once and joins one connector; put it in a file and start the connector where the cluster is:');
  output.say(`  infra-connector --server ${profile().server} --token-file FILE`);
}

async function list({ connect, output }: CommandContext): Promise<void> {
  const { call } = connect();
  const destinations = await allPages((page) => call(api.destinations.list, { query: page }));
  output.list(destinations, destinations, [
    { title: 'NAME', value: (destination) => destination.name },
    { title: 'KIND', value: (destination) => destination.kind },
    { title: 'ADDRESS', value: (destination) => destination.address },
    { title: 'CONNECTORS', value: onlineOf },
    { title: 'REACH', value: reachOf },
    { title: 'VERSION', value: (destination) => destination.discovery?.kubernetesVersion },
    { title: 'ID', value: (destination) => destination.id },
  ]);
}

const onlineOf = ({ connectors }: Destination): string =>
  connectors.length === 0 ? 'none' : `${connectors.filter((connector) => connector.online).length} of ${connectors.length} online`;

type Connector = Destination['connectors'][number];

/** The ways that are there: its own address, and the relay while tunnels lead to it. */
function reachOf({ address, connectors }: Destination): string {
  const tunnels = connectors.reduce((sum, connector) => sum + connector.tunnels.length, 0);
  const relay = `relay (${tunnels} ${tunnels === 1 ? 'tunnel' : 'tunnels'})`;
  if (address === null) return tunnels === 0 ? 'none' : relay;
  return tunnels === 0 ? 'direct' : `direct, ${relay}`;
}

const fieldsOf = (connector: Connector): readonly (readonly [label: string, value: string | number | null])[] => [
  ['connector', connector.id],
  ['  version', connector.version],
  ['  last heard', connector.online ? 'online now' : (connector.lastSeenAt ?? 'never')],
  ['  staleness', stalenessOf(connector)],
  ['  enforced revision', connector.enforcedRevision],
  ['  applied revision', connector.appliedRevision],
  ...(connector.tunnels.length === 0 ? ([['  tunnels', 'none']] as const) : []),
  ...connector.tunnels.map((tunnel) => ['  tunnel', tunnelWords(tunnel)] as const),
];

function tunnelWords({ replica, since, source, streams, roundTripMilliseconds }: TunnelSummary): string {
  const roundTrip = roundTripMilliseconds === null ? 'no round trip yet' : `round trip ${milliseconds(roundTripMilliseconds)} ms`;
  return `of ${replica} since ${since} from ${source}, ${streams} open ${streams === 1 ? 'stream' : 'streams'}, ${roundTrip}`;
}

/** Tenths tell paths within a machine room apart; of the others whole ones do. */
const milliseconds = (value: number): string => (value < 10 ? value.toFixed(1) : String(Math.round(value)));

function stalenessOf({ online, stale, refusesFrom }: Connector): string {
  if (stale) return `stale: every request is refused since ${refusesFrom}`;
  return online ? 'fresh' : `fresh until ${refusesFrom}; every request is refused from then on`;
}

async function show({ connect, output }: CommandContext, input: CommandInput): Promise<void> {
  const connection = connect();
  const id = await resolveDestination(connection, input.text('destination'));
  const destination = await connection.call(api.destinations.get, { params: { id } });
  const { settings, discovery } = destination;
  output.show(destination, [
    ['name', destination.name],
    ['id', destination.id],
    ['kind', destination.kind],
    ['address', destination.address],
    ['reach', reachOf(destination)],
    ['created', destination.createdAt],
    ['lease life', settings.leaseTtlSeconds === null ? 'as the server sets' : formatDuration(settings.leaseTtlSeconds)],
    ['staleness limit', formatDuration(settings.stalenessLimitSeconds)],
    ['audit', settings.auditMode],
    ['user prefix', settings.userPrefix],
    ['version', discovery?.kubernetesVersion],
    ['namespaces', discovery?.namespaces.length],
    ['grantable roles', discovery === null ? null : discovery.clusterRoles.length + discovery.roles.length],
    ['connectors', onlineOf(destination)],
    ...destination.connectors.flatMap(fieldsOf),
  ]);
}

async function change(context: CommandContext, input: CommandInput): Promise<void> {
  const body = readChange(input);
  const connection = context.connect();
  const id = await resolveDestination(connection, input.text('destination'));
  const changed = await connection.call(api.destinations.update, { params: { id }, body });
  await settleChange(context, input, { connection, change: changed.change, done: `${changed.destination.name} is changed` });
}

async function remove(context: CommandContext, input: CommandInput): Promise<void> {
  const connection = context.connect();
  const id = await resolveDestination(connection, input.text('destination'));
  const { change } = await connection.call(api.destinations.remove, { params: { id } });
  await settleChange(context, input, { connection, change, done: `${input.text('destination')} is removed` });
}
