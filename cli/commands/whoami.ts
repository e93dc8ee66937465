import type { CallResult } from '../../shared/api/endpoint.ts';
import { api } from '../../shared/api/index.ts';
import { formatDuration } from '../../shared/ttl.ts';
import type { CommandContext, CommandInput, CommandSpec } from '../command.ts';

export const whoamiCommand: CommandSpec = {
  words: 'whoami',
  summary: 'who I am to the server',
  options: [{ flags: '--why', help: 'also why: accounts and claims, groups, grants, and the user and groups that each cluster sees' }],
  run: whoami,
};

type Row = readonly [label: string, value: string | null];

async function whoami(context: CommandContext, input: CommandInput): Promise<void> {
  const { call, profile } = context.connect();
  const me = await call(api.sessions.current, {});
  const why = input.flag('why') ? await call(api.explanations.mine, {}) : undefined;
  context.output.show(why === undefined ? me : { ...me, why }, [
    ['name', me.identity.name],
    ['id', me.identity.id],
    ['kind', me.identity.kind],
    ['groups', me.groups.map((group) => group.name).join(', ')],
    ['roles on the server', me.serverRoles.join(', ')],
    ['session', `${me.session.id}, by ${me.session.method}${me.session.provider === null ? '' : ` at ${me.session.provider}`}`],
    ['second factor', me.session.mfaAt === null ? 'not proven in this session' : `proven at ${me.session.mfaAt}`],
    ['expires', me.session.expiresAt],
    ['server', profile.server],
    ['profile', profile.name],
    ...(why === undefined ? [] : whyRows(why)),
  ]);
}

function whyRows({ accounts, groups, destinations }: CallResult<typeof api.explanations.mine>): Row[] {
  return [
    ...accounts.flatMap(({ provider, subject, email, state, lastLoginAt, groupsRead, claims, secondFactor }): Row[] => [
      [`account at ${provider}`, `${subject}, ${email}, ${state}, last login ${lastLoginAt}`],
      ['  groups there', groupsRead === null ? 'none were named' : `${groupsRead} were named`],
      ...(secondFactor === null ? [] : [['  second factor there', secondFactor] satisfies Row]),
      ...Object.entries(claims ?? {}).map(([name, value]): Row => [
        `  claim ${name}`,
        typeof value === 'string' ? value : JSON.stringify(value),
      ]),
    ]),
    ...groups.map(({ name, provider }): Row => [
      `group ${name}`,
      provider === null ? 'a member here' : `a member by the word of ${provider}`,
    ]),
    ...destinations.flatMap(({ name, clusterUser, clusterGroups, grants }): Row[] => [
      [`at ${name}`, `the user ${clusterUser}`],
      ['  groups', clusterGroups.join(', ')],
      ...grants.map(({ id, role, resource, until, mfaSeconds, group }): Row => [
        `  grant ${id}`,
        `${role} on ${resource}${group === null ? '' : ` through ${group}`}${until === null ? '' : ` until ${until}`}${mfaSeconds === null ? '' : ` with a second factor within ${formatDuration(mfaSeconds)}`}`,
      ]),
    ]),
  ];
}
