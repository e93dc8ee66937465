import { api } from '../../shared/api/index.ts';
import { isDestinationName, parseResourceName } from '../../shared/resource-name.ts';
import type { CommandContext, CommandInput, CommandSpec } from '../command.ts';
import { refreshContexts, updateContexts, writtenServers } from '../contexts.ts';
import { CliError } from '../failure.ts';
import { checkDestination, type CheckedDestination } from '../kubeconfig-entries.ts';
import { offlineSentence } from '../reach-words.ts';
import type { Way } from '../way-rules.ts';
import { chooseWays, whyNot } from '../ways.ts';
import { viaOption, wishOf } from './via.ts';

export const useCommand: CommandSpec = {
  words: 'use',
  summary: 'make a destination kubectl’s current context',
  arguments: [['<destination>', 'DESTINATION, or DESTINATION.NAMESPACE to begin in that namespace']],
  options: [viaOption],
  examples: ['infra use prod', 'infra use prod.web'],
  run: use,
};

async function use(context: CommandContext, input: CommandInput): Promise<void> {
  const typed = input.text('destination');
  const resource = parseResourceName(typed);
  if (resource === undefined || !isDestinationName(resource.destination))
    throw new CliError('wrongUse', `"${typed}" is no destination; give DESTINATION or DESTINATION.NAMESPACE, such as prod or prod.web`);
  const connection = context.connect();
  const { call, profile } = connection;
  const [{ destinations, caCertificates }, mine] = await Promise.all([
    call(api.destinations.directory, { query: { name: resource.destination } }),
    call(api.grants.mine, {}),
  ]);
  const entry = destinations.find((each) => each.name === resource.destination);
  if (entry === undefined)
    throw new CliError('notFound', `there is no destination "${resource.destination}" at ${profile.server}; see: infra list`);
  const checked = checkDestination(entry, caCertificates);
  if (checked === undefined)
    throw new CliError('failed', `${entry.name} has no address yet: its connector has not reported; start it, then try again`);
  const wish = wishOf(input);
  sayOfWay(context, checked, wish.via);
  const [name] = await updateContexts(context, connection, {
    destinations: chooseWays([checked], wish, writtenServers(context, profile)),
    which: 'all',
    makeCurrent: 'always',
    namespace: resource.namespace,
  });
  if (!mine.reachable.some((each) => each.destination.id === entry.id))
    context.output.warn(
      `infra: you have no grant on ${entry.name} yet; ask an admin for: infra grants add ${profile.account.name} --role ROLE ${typed}`,
    );
  if (!entry.online) context.output.warn(`infra: ${offlineSentence(entry.name, entry.lastSeenAt)}`);
  context.output.say(
    `kubectl's context is now ${name ?? ''}${resource.namespace === undefined ? '' : `, namespace ${resource.namespace}`}`,
  );
  await refreshContexts(context, connection);
}

/** One destination alone: what was asked for and is not there is not replaced by something else. */
function sayOfWay({ output }: CommandContext, destination: CheckedDestination, via: Way | undefined): void {
  const objection = whyNot(destination, via);
  if (objection === undefined) return;
  if (via === 'direct') throw new CliError('failed', `${objection}; leave --via direct out`);
  output.warn(`infra: ${objection}`);
}
