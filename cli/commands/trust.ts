import { api } from '../../shared/api/index.ts';
import type { TrustRule } from '../../shared/api/trust.ts';
import { formatDuration, parseDuration } from '../../shared/ttl.ts';
import { counted, settleChange, waitOptions } from '../acknowledgements.ts';
import type { CommandContext, CommandInput, CommandSpec } from '../command.ts';
import { CliError } from '../failure.ts';
import { allPages, parseTrustRuleId, resolveWorkload } from '../resolve.ts';
import { readTextFile } from '../text-file.ts';

const which = [['<rule>', 'id']] as const;

export const trustRuleCommands: readonly CommandSpec[] = [
  {
    words: 'trust-rules add',
    summary: 'let tokens of an issuer (Kubernetes, GitHub Actions, GitLab, …) open sessions of a workload',
    arguments: [['<workload>', 'name or id']],
    options: [
      { flags: '--issuer <url>', help: 'as the tokens write "iss", to the letter', required: true },
      {
        flags: '--claim <name=value>',
        help: 'what a token must say; again for more. "*" is one whole part between "/" and ":"; /a/b is claim b inside a',
        repeatable: true,
      },
      { flags: '--audience <audience>', help: 'of the tokens (the server’s publicUrl)' },
      { flags: '--jwks-file <file>', help: 'the issuer’s keys, where the server cannot reach it' },
      { flags: '--ca <file>', help: 'PEM: the authority of the issuer’s certificate, where it is a private one' },
      { flags: '--session <duration>', help: 'life of the sessions, 1m to 24h (1h)' },
      { flags: '--reusable', help: 'a token may open several sessions while it lives' },
    ],
    examples: [
      'infra trust-rules add deploy --issuer https://token.actions.githubusercontent.com --claim sub=repo:acme/shop:ref:refs/heads/main',
      'infra trust-rules add deploy --issuer https://gitlab.com --claim project_path=acme/shop --claim ref=main --claim ref_protected=true',
      'infra trust-rules add deploy --issuer https://kubernetes.default.svc.cluster.local --jwks-file jwks.json --claim sub=system:serviceaccount:ci:deploy',
    ],
    run: add,
  },
  {
    words: 'trust-rules list',
    alias: 'ls',
    summary: 'whose tokens open sessions of which workload',
    options: [{ flags: '--of <workload>', help: 'of this one alone' }],
    run: list,
  },
  { words: 'trust-rules show', summary: 'one trust rule', arguments: which, run: show },
  {
    words: 'trust-rules remove',
    alias: 'rm',
    summary: 'remove a trust rule with the sessions it opened',
    arguments: which,
    options: waitOptions,
    run: remove,
  },
];

async function add({ connect, output }: CommandContext, input: CommandInput): Promise<void> {
  const [jwksFile, caFile, audience] = [input.optional('jwksFile'), input.optional('ca'), input.optional('audience')];
  const settings = {
    issuer: input.text('issuer'),
    claims: readClaims(input.list('claim')),
    ...(audience === undefined ? {} : { audience }),
    ...(jwksFile === undefined ? {} : { jwks: readTextFile(jwksFile, 'the issuer’s keys') }),
    ...(caFile === undefined ? {} : { ca: readTextFile(caFile, 'the authority') }),
    ...readSession(input.optional('session')),
    reusable: input.flag('reusable'),
  };
  const connection = connect();
  const workload = await resolveWorkload(connection, input.text('workload'));
  const rule = await connection.call(api.trustRules.create, { body: { workload, ...settings } });
  output.show(rule, fieldsOf(rule));
  output.say(
    `in the job, with a token for the audience ${rule.audience} in FILE: infra login ${connection.profile.server} --workload FILE`,
  );
}

function readClaims(pairs: readonly string[]): Readonly<Record<string, string>> {
  const claims = new Map<string, string>();
  for (const pair of pairs) {
    const at = pair.indexOf('=');
    if (at < 1) throw new CliError('wrongUse', `--claim takes NAME=VALUE, such as sub=repo:acme/shop:ref:refs/heads/main, not "${pair}"`);
    const name = pair.slice(0, at);
    if (claims.has(name)) throw new CliError('wrongUse', `the claim "${name}" is given twice; make a rule for each value`);
    claims.set(name, pair.slice(at + 1));
  }
  return Object.fromEntries(claims);
}

function readSession(text: string | undefined): { readonly sessionSeconds?: number } {
  if (text === undefined) return {};
  const sessionSeconds = parseDuration(text);
  if (sessionSeconds === undefined) throw new CliError('wrongUse', `--session takes a duration such as 15m, not "${text}"`);
  return { sessionSeconds };
}

async function list({ connect, output }: CommandContext, input: CommandInput): Promise<void> {
  const connection = connect();
  const of = input.optional('of');
  const workload = of === undefined ? {} : { workload: await resolveWorkload(connection, of) };
  const rules = await allPages((page) => connection.call(api.trustRules.list, { query: { ...page, ...workload } }));
  output.list(rules, rules, [
    { title: 'WORKLOAD', value: (rule) => rule.workload.name },
    { title: 'ISSUER', value: (rule) => rule.issuer },
    { title: 'CLAIMS', value: (rule) => claimsOf(rule).join(' ') },
    { title: 'SESSION', value: (rule) => formatDuration(rule.sessionSeconds) },
    { title: 'LAST USED', value: (rule) => rule.lastUsedAt },
    { title: 'ID', value: (rule) => rule.id },
  ]);
}

async function show({ connect, output }: CommandContext, input: CommandInput): Promise<void> {
  const id = parseTrustRuleId(input.text('rule'));
  const rule = await connect().call(api.trustRules.get, { params: { id } });
  output.show(rule, fieldsOf(rule));
}

async function remove(context: CommandContext, input: CommandInput): Promise<void> {
  const id = parseTrustRuleId(input.text('rule'));
  const connection = context.connect();
  const { sessionsEnded, leasesRevoked, change } = await connection.call(api.trustRules.remove, { params: { id } });
  const done = `${id} is removed; ended: ${counted(sessionsEnded, 'session')}, ${counted(leasesRevoked, 'lease')}`;
  await settleChange(context, input, { connection, change, done });
}

const claimsOf = ({ claims }: TrustRule): string[] => Object.entries(claims).map(([name, value]) => `${name}=${value}`);

const fieldsOf = (rule: TrustRule): (readonly [label: string, value: string | null])[] => [
  ['id', rule.id],
  ['workload', rule.workload.name],
  ['issuer', rule.issuer],
  ['audience', rule.audience],
  ...claimsOf(rule).map((claim, at): [string, string] => [at === 0 ? 'claims' : '', claim]),
  [
    'keys',
    rule.keys === 'given'
      ? 'given with the rule'
      : `of the issuer’s discovery document${rule.ownAuthority ? ', by an authority of its own' : ''}`,
  ],
  ['a token opens', rule.reusable ? 'sessions while it lives' : 'one session'],
  ['sessions live', formatDuration(rule.sessionSeconds)],
  ['added', `${rule.createdAt} by ${rule.createdBy}`],
  ['last used', rule.lastUsedAt],
];
