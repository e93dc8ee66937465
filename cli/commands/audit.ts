import type { AuditEvent } from '../../shared/api/audit.ts';
import { api } from '../../shared/api/index.ts';
import type { Page } from '../../shared/api/pagination.ts';
import { systemClock, toTime } from '../../shared/clock.ts';
import { escapeInQuotes } from '../../shared/safe-text.ts';
import { parseDuration } from '../../shared/ttl.ts';
import type { CommandContext, CommandInput, CommandSpec, OptionSpec } from '../command.ts';
import { CliError } from '../failure.ts';
import { allPages, resolveDestination } from '../resolve.ts';

const filterOptions: readonly OptionSpec[] = [
  { flags: '--actor <actor>', help: 'email, workload name or id of who did it' },
  { flags: '--destination <destination>', help: 'at this destination' },
  { flags: '--event <event>', help: 'grant.added, or a family: grant; several between commas' },
  { flags: '--verb <verb>', help: 'of requests, as the cluster has it: get, list, delete …' },
  { flags: '--search <text>', help: 'part of the name of who did it, or of a request’s path' },
  { flags: '--outcome <outcome>', help: 'success, refused or failed' },
  { flags: '--since <time>', help: 'RFC 3339, or so long ago: 2h' },
  { flags: '--until <time>', help: 'RFC 3339, or so long ago: 2h' },
];

export const auditCommands: readonly CommandSpec[] = [
  {
    words: 'audit list',
    alias: 'ls',
    summary: 'audit events, newest first',
    options: [...filterOptions, { flags: '--limit <count>', help: 'at most so many (default 100)' }],
    run: list,
  },
  {
    words: 'audit export',
    summary: 'all audit events that the filters find, newest first, one a line as JSON',
    options: filterOptions,
    examples: ['infra audit export --since 24h > events.ndjson'],
    run: exportAll,
  },
];

async function list({ connect, output }: CommandContext, input: CommandInput): Promise<void> {
  const connection = connect();
  const limit = input.number('limit', 100);
  const filter = await readFilter(connection, input);
  const events = await allPages((page) => connection.call(api.audit.list, { query: { ...page, ...filter } }), limit);
  output.list(events, events, [
    { title: 'TIME', value: (event) => event.at },
    { title: 'ACTOR', value: (event) => event.actor.name },
    { title: 'EVENT', value: (event) => event.event },
    { title: 'OUTCOME', value: (event) => event.outcome },
    { title: 'DESTINATION', value: (event) => event.destination?.name },
    { title: 'DETAILS', value: describe },
    { title: 'FROM', value: (event) => event.source?.address },
  ]);
}

const pageRows = 1000;

/** Up to now where no end is named, so that it has one. */
async function exportAll({ connect, output }: CommandContext, input: CommandInput): Promise<void> {
  const connection = connect();
  const filter = { until: toTime(systemClock.now()), ...(await readFilter(connection, input)) };
  let cursor: string | null = null;
  do {
    const query: object = { ...filter, limit: pageRows, ...(cursor === null ? {} : { cursor }) };
    const page: Page<AuditEvent> = await connection.call(api.audit.list, { query });
    output.raw(page.items.map((event) => `${escapeInQuotes(JSON.stringify(event))}\n`).join(''));
    cursor = page.nextCursor;
  } while (cursor !== null);
}

async function readFilter(connection: Parameters<typeof resolveDestination>[0], input: CommandInput) {
  const [actor, event, outcome] = [input.optional('actor'), input.optional('event'), readOutcome(input.optional('outcome'))];
  const [since, until] = [readTime(input.optional('since')), readTime(input.optional('until'))];
  const [destination, verb, search] = [input.optional('destination'), input.optional('verb'), input.optional('search')];
  return {
    ...(verb === undefined ? {} : { verb }),
    ...(search === undefined ? {} : { search }),
    ...(actor === undefined ? {} : { actor }),
    ...(event === undefined ? {} : { event }),
    ...(outcome === undefined ? {} : { outcome }),
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
    ...(destination === undefined ? {} : { destination: await resolveDestination(connection, destination) }),
  };
}

function readOutcome(text: string | undefined): AuditEvent['outcome'] | undefined {
  if (text === undefined || text === 'success' || text === 'refused' || text === 'failed') return text;
  throw new CliError('wrongUse', `--outcome is success, refused or failed, not "${text}"`);
}

function readTime(text: string | undefined): string | undefined {
  const agoSeconds = text === undefined ? undefined : parseDuration(text);
  return agoSeconds === undefined ? text : toTime(systemClock.now() - agoSeconds * 1000);
}

/** Requests read as a line of an access log; everything else as its details, flat. */
function describe({ details }: AuditEvent): string {
  if ('verb' in details) {
    const { verb, path, status, asked, bytesReceived = 0, bytesSent = 0, reason } = details;
    return `${verb} ${path} ${status}${actingAs(asked)}${transferred('in', bytesReceived)}${transferred('out', bytesSent)}${reason === '' ? '' : ` ${reason}`}`;
  }
  return Object.entries(details)
    .flatMap(([key, value]) => (value === null ? [] : [`${key}=${plain(value)}`]))
    .join(' ');
}

/** The actor is who asked; this is whom they asked to be. */
function actingAs(asked: { readonly user: string; readonly groups: readonly string[] } | undefined): string {
  if (asked === undefined) return '';
  return ` as ${[asked.user, ...asked.groups.map((group) => `group:${group}`)].join(', ')}`;
}

const units = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

function transferred(way: 'in' | 'out', bytes: number): string {
  if (bytes === 0) return '';
  const step = Math.min(Math.floor(Math.log10(bytes) / 3), units.length - 1);
  return ` ${way} ${Number((bytes / 1000 ** step).toPrecision(3))} ${units[step] ?? 'B'}`;
}

function plain(value: unknown): string {
  if (typeof value === 'object' && value !== null && 'name' in value) return String(value.name);
  return typeof value === 'string' ? value : JSON.stringify(value);
}
