import type { CommandContext, CommandInput, CommandSpec } from '../command.ts';
import { nothingWritten, reachableAccess, refreshContexts, updateContexts } from '../contexts.ts';
import { kubeconfigFiles, printContexts, removeContexts } from '../kubeconfig.ts';
import { installPlugin } from '../plugin-command.ts';
import { viaOption, wishOf } from './via.ts';

export const kubeconfigCommands: readonly CommandSpec[] = [
  { words: 'kubeconfig write', summary: 'write contexts for everything I may reach', options: [viaOption], run: write },
  { words: 'kubeconfig print', summary: 'print a kubeconfig with everything I may reach', options: [viaOption], run: print },
  { words: 'kubeconfig clean', summary: 'take our entries out, of all profiles or with --server of one', run: clean },
];

async function write(context: CommandContext, input: CommandInput): Promise<void> {
  const connection = context.connect();
  const destinations = await reachableAccess(context, connection, wishOf(input));
  const names = await updateContexts(context, connection, { destinations, which: 'all', makeCurrent: 'if-none' });
  await refreshContexts(context, connection);
  context.output.say(names.length === 0 ? 'no destination to reach; see: infra list' : `kubectl contexts: ${names.join(', ')}`);
}

async function print(context: CommandContext, input: CommandInput): Promise<void> {
  const connection = context.connect();
  const plugin = installPlugin(context.home, context.environment);
  const destinations = await reachableAccess(context, connection, { ...wishOf(input), written: nothingWritten });
  context.output.raw(printContexts({ profile: connection.profile, plugin, destinations, which: 'all', makeCurrent: 'if-none' }));
}

async function clean(context: CommandContext): Promise<void> {
  const profile = context.server === undefined ? undefined : context.profile().name;
  for (const file of kubeconfigFiles(context.environment)) {
    const names = await removeContexts(file, profile);
    if (names.length > 0) context.output.say(`${file}: took out ${names.join(', ')}`);
  }
}
