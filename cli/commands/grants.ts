import type { Grant } from '../../shared/api/grants.ts';
import { api } from '../../shared/api/index.ts';
import type { GrantId } from '../../shared/api/values.ts';
import { systemClock, toTime } from '../../shared/clock.ts';
import { parseDuration } from '../../shared/ttl.ts';
import { settleChange, waitOptions } from '../acknowledgements.ts';
import type { CommandContext, CommandInput, CommandSpec, Connection } from '../command.ts';
import { CliError } from '../failure.ts';
import { mfaOf } from '../grant-words.ts';
import { allPages, parseGrantId, resolveDestination } from '../resolve.ts';

export const grantCommands: readonly CommandSpec[] = [
  {
    words: 'grants add',
    summary: 'grant a role on a resource',
    arguments: [
      ['<subject>', 'email, group:NAME or workload:NAME'],
      ['<resource>', 'DESTINATION, DESTINATION.NAMESPACE, or infra'],
    ],
    options: [
      {
        flags: '--role <role>',
        help: 'a ClusterRole such as view, role/NAME in a namespace, connect, or impersonate:user:NAME for kubectl --as',
        required: true,
      },
      { flags: '--until <time>', help: 'RFC 3339, such as 2026-01-31T12:00:00Z' },
      { flags: '--for <duration>', help: 'such as 30m or 8h' },
      { flags: '--mfa <duration>', help: 'holds while a second factor was proven no longer ago, 1m to 24h, such as 15m', check: parseMfa },
      { flags: '--reason <text>', help: 'why; kept with the grant' },
      ...waitOptions,
    ],
    examples: [
      'infra grants add dev@example.com --role view prod.web',
      'infra grants add group:platform --role admin prod --for 8h',
      'infra grants add group:platform --role cluster-admin prod --mfa 15m',
      'infra grants add dev@example.com --role impersonate:serviceaccount:web/deployer prod.web --for 1h',
    ],
    run: add,
  },
  {
    words: 'grants list',
    alias: 'ls',
    summary: 'grants in force',
    options: [
      { flags: '--subject <subject>', help: 'of this email, group:NAME or workload:NAME' },
      { flags: '--resource <resource>', help: 'on exactly this resource' },
      { flags: '--destination <destination>', help: 'on this destination or a part of it' },
      { flags: '--role <role>', help: 'of this role' },
    ],
    run: list,
  },
  { words: 'grants show', summary: 'one grant and how its connector got on with it', arguments: [['<grant>', 'id']], run: show },
  {
    words: 'grants change',
    summary: 'change the end, the second factor or the reason of a grant',
    arguments: [['<grant>', 'id']],
    options: [
      { flags: '--until <time>', help: 'a new end: RFC 3339, such as 2026-01-31T12:00:00Z' },
      { flags: '--for <duration>', help: 'a new end, so long from now: 30m or 8h' },
      { flags: '--no-end', help: 'no end any more' },
      {
        flags: '--mfa <duration>',
        help: 'holds while a second factor was proven no longer ago, 1m to 24h; none: it asks for none',
        check: parseMfaOrNone,
      },
      { flags: '--reason <text>', help: "why; '' takes it off" },
      ...waitOptions,
    ],
    examples: [
      'infra grants change GRANT --for 2h',
      'infra grants change GRANT --no-end --reason "on call"',
      'infra grants change GRANT --mfa 15m --wait',
    ],
    run: changeGrant,
  },
  {
    words: 'grants remove',
    alias: 'rm',
    summary: 'remove a grant, by its id or as it was added',
    arguments: [
      ['<grant>', 'id, or the SUBJECT'],
      ['[resource]', 'with a SUBJECT: the resource'],
    ],
    options: [{ flags: '--role <role>', help: 'with a SUBJECT: the role' }, ...waitOptions],
    examples: ['infra grants remove dev@example.com --role view prod.web --wait'],
    run: remove,
  },
];

async function add(context: CommandContext, input: CommandInput): Promise<void> {
  const until = readUntil(input);
  const reason = input.optional('reason');
  const mfa = input.optional('mfa');
  const connection = context.connect();
  const { grant, change } = await connection.call(api.grants.create, {
    body: {
      subject: input.text('subject'),
      role: input.text('role'),
      resource: input.text('resource'),
      ...(until === undefined ? {} : { until }),
      ...(mfa === undefined ? {} : { mfaSeconds: parseMfa(mfa) }),
      ...(reason === undefined ? {} : { reason }),
    },
  });
  if (!input.flag('wait')) printGrant(context, grant);
  await settleChange(context, input, { connection, change, done: granted(grant) });
}

async function changeGrant(context: CommandContext, input: CommandInput): Promise<void> {
  const id = parseGrantId(input.text('grant'));
  const [until, mfa, reason] = [readUntil(input), input.optional('mfa'), input.optional('reason')];
  // The parser knows `--no-end` as the end of `end`, which is true without it.
  const isEndless = !input.flag('end');
  if (isEndless && until !== undefined) throw new CliError('wrongUse', 'give --until, --for or --no-end, one of them');
  const changes = {
    ...(isEndless ? { until: null } : {}),
    ...(until === undefined ? {} : { until }),
    ...(mfa === undefined ? {} : { mfaSeconds: parseMfaOrNone(mfa) }),
    ...(reason === undefined ? {} : { reason: reason.trim() === '' ? null : reason }),
  };
  if (Object.keys(changes).length === 0) throw new CliError('wrongUse', 'say what to change: --until, --for, --no-end, --mfa or --reason');
  const connection = context.connect();
  const { grant, change } = await connection.call(api.grants.update, { params: { id }, body: changes });
  if (!input.flag('wait')) printGrant(context, grant);
  await settleChange(context, input, { connection, change, done: `${grant.id} is changed: ${granted(grant)}` });
}

const granted = ({ subject, role, resource, until }: Grant): string =>
  `${subject.name} is granted ${role} on ${resource}${until === null ? '' : ` until ${until}`}`;

function parseMfaOrNone(text: string): number | null {
  return text === 'none' ? null : parseMfa(text);
}

function parseMfa(text: string): number {
  const seconds = parseDuration(text);
  if (seconds !== undefined && seconds >= 60 && seconds <= 86_400) return seconds;
  throw new CliError('wrongUse', `--mfa takes a duration from 1m to 24h, such as 15m, not "${text}"`);
}

function readUntil(input: CommandInput): string | undefined {
  const until = input.optional('until');
  const duration = input.optional('for');
  if (until !== undefined && duration !== undefined) throw new CliError('wrongUse', 'give --until or --for, not both');
  if (duration === undefined) return until;
  const seconds = parseDuration(duration);
  if (seconds === undefined) throw new CliError('wrongUse', `--for takes a duration such as 30m or 8h, not "${duration}"`);
  return toTime(systemClock.now() + seconds * 1000);
}

async function list({ connect, output }: CommandContext, input: CommandInput): Promise<void> {
  const connection = connect();
  const destination = input.optional('destination');
  const filter = {
    ...given('subject', input),
    ...given('resource', input),
    ...given('role', input),
    ...(destination === undefined ? {} : { destination: await resolveDestination(connection, destination) }),
  };
  const grants = await allPages((page) => connection.call(api.grants.list, { query: { ...page, ...filter } }));
  output.list(grants, grants, [
    { title: 'SUBJECT', value: subjectOf },
    { title: 'ROLE', value: (grant) => grant.role },
    { title: 'RESOURCE', value: (grant) => grant.resource },
    { title: 'UNTIL', value: (grant) => grant.until },
    { title: 'MFA', value: mfaOf },
    { title: 'STATE', value: (grant) => grant.state.state },
    { title: 'REASON', value: (grant) => grant.state.reason ?? grant.reason },
    { title: 'ID', value: (grant) => grant.id },
  ]);
}

function given<Name extends string>(name: Name, input: CommandInput): { [Key in Name]?: string } {
  const value = input.optional(name);
  // One key, the one it was asked for; the type of a computed key is wider.
  return (value === undefined ? {} : { [name]: value }) as { [Key in Name]?: string };
}

async function show(context: CommandContext, input: CommandInput): Promise<void> {
  printGrant(context, await context.connect().call(api.grants.get, { params: { id: parseGrantId(input.text('grant')) } }));
}

function printGrant({ output }: CommandContext, grant: Grant): void {
  output.show(grant, [
    ['id', grant.id],
    ['subject', subjectOf(grant)],
    ['role', grant.role],
    ['resource', grant.resource],
    ['until', grant.until],
    ['mfa', mfaOf(grant)],
    ['reason', grant.reason],
    ['created', `${grant.createdAt} by ${grant.createdBy}`],
    ['state', grant.state.at === null ? grant.state.state : `${grant.state.state} since ${grant.state.at}`],
    ...(grant.state.reason === null ? [] : [['why', grant.state.reason] as const]),
  ]);
}

const subjectOf = ({ subject }: Grant): string => (subject.kind === 'user' ? subject.name : `${subject.kind}:${subject.name}`);

async function remove(context: CommandContext, input: CommandInput): Promise<void> {
  const connection = context.connect();
  const id = await grantToRemove(connection, input);
  const { change } = await connection.call(api.grants.remove, { params: { id } });
  await settleChange(context, input, { connection, change, done: `${id} is removed` });
}

async function grantToRemove({ call }: Connection, input: CommandInput): Promise<GrantId> {
  const typed = input.text('grant');
  const [resource, role] = [input.optional('resource'), input.optional('role')];
  if (resource === undefined && role === undefined) return parseGrantId(typed);
  if (resource === undefined || role === undefined)
    throw new CliError('wrongUse', 'name the grant by its id, or as it was added: infra grants remove SUBJECT --role ROLE RESOURCE');
  const [grant] = await allPages((page) => call(api.grants.list, { query: { ...page, subject: typed, resource, role } }));
  if (grant === undefined) throw new CliError('notFound', `${typed} has no grant of ${role} on ${resource}; see: infra grants list`);
  return grant.id;
}
