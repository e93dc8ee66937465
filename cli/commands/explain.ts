import type { Chain } from '../../shared/api/explanations.ts';
import { api } from '../../shared/api/index.ts';
import { counted } from '../acknowledgements.ts';
import type { CommandContext, CommandInput, CommandSpec } from '../command.ts';
import { mfaOf } from '../grant-words.ts';

export const explainCommands: readonly CommandSpec[] = [
  {
    words: 'explain',
    summary: 'why somebody may do something, or may not: provider, group, grant, role, place',
    arguments: [
      ['<subject>', 'email, group:NAME or workload:NAME'],
      ['<role-or-resource>', 'a role such as view; or the resource, for whatever may be done there'],
      ['[resource]', 'after a role: DESTINATION, DESTINATION.NAMESPACE, or infra'],
    ],
    examples: [
      'infra explain dev@example.com prod.web',
      'infra explain dev@example.com edit prod.web',
      'infra explain group:okta/platform prod',
    ],
    run: explain,
  },
  {
    words: 'who-can',
    summary: 'who holds a role, or one that includes it, on a resource now',
    arguments: [
      ['<role>', 'such as view, admin or role/NAME'],
      ['<resource>', 'DESTINATION, DESTINATION.NAMESPACE, or infra'],
    ],
    examples: ['infra who-can admin prod', 'infra who-can view prod.web'],
    run: whoCan,
  },
];

async function explain({ connect, output }: CommandContext, input: CommandInput): Promise<void> {
  const last = input.optional('resource');
  const query = {
    subject: input.text('subject'),
    resource: last ?? input.text('roleOrResource'),
    ...(last === undefined ? {} : { role: input.text('roleOrResource') }),
  };
  const explanation = await connect().call(api.explanations.explain, { query });
  output.list(explanation, explanation.chains, [
    { title: 'PROVIDER', value: ({ group }) => group?.provider },
    { title: 'GROUP', value: ({ group }) => group?.name },
    { title: 'GRANT', value: ({ grant }) => grant.id },
    { title: 'ROLE', value: ({ grant }) => grant.role },
    { title: 'RESOURCE', value: ({ grant }) => grant.resource },
    { title: 'UNTIL', value: ({ grant }) => grant.until },
    { title: 'MFA', value: ({ grant }) => mfaOf(grant) },
    { title: 'COUNTS', value: countsInWords },
    { title: 'IN THE CLUSTER', value: ({ clusterGroup }) => clusterGroup },
    { title: 'STATE', value: ({ state }) => (state.reason === null ? state.state : `${state.state}: ${state.reason}`) },
  ]);
  output.say(explanation.sentence);
  if (explanation.clusterUser !== null) output.say(`the cluster sees the user ${explanation.clusterUser}`);
  for (const { id, role, resource, endedAt, reason } of explanation.ended)
    output.say(`ended: ${role} on ${resource} at ${endedAt} (${reason ?? 'ended'}, ${id})`);
}

function countsInWords({ counts, gives, conditions }: Chain): string {
  if (!counts) return `no: ${conditions.find(({ holds }) => !holds)?.detail ?? 'a condition does not hold'}`;
  return gives === 'all' ? 'yes' : 'in part';
}

async function whoCan({ connect, output }: CommandContext, input: CommandInput): Promise<void> {
  const query = { role: input.text('role'), resource: input.text('resource') };
  const found = await connect().call(api.explanations.whoCan, { query });
  output.list(found, found.holders, [
    { title: 'WHO', value: ({ identity }) => (identity.kind === 'workload' ? `workload:${identity.name}` : identity.name) },
    { title: 'STATUS', value: ({ identity }) => identity.status },
    { title: 'THROUGH', value: ({ group }) => group },
    { title: 'ROLE', value: ({ grant }) => grant.role },
    { title: 'RESOURCE', value: ({ grant }) => grant.resource },
    { title: 'UNTIL', value: ({ grant }) => grant.until },
    { title: 'MFA', value: ({ grant }) => mfaOf(grant) },
    { title: 'GRANT', value: ({ grant }) => grant.id },
  ]);
  if (found.count > found.holders.length)
    output.warn(`the first ${found.holders.length} of ${counted(found.count, 'row')}; ask about a part of it`);
}
