/** The program: commands made known to the parser, global options, and every ending turned into a sentence and an exit code. */
import { Command, CommanderError, Option } from 'commander';
import { formatBuildInfo, readBuildInfo } from '../shared/node/build-info.ts';
import { nearest } from '../shared/nearest.ts';
import { CommandInput, type CommandSpec, type OptionSpec } from './command.ts';
import { allCommands, topics } from './commands/all-commands.ts';
import { explain } from './connection.ts';
import { createContext, type GlobalOptions } from './context.ts';
import type { Environment } from './environment.ts';
import { CliError, exitCodes } from './failure.ts';
import type { Home } from './home.ts';
import { formats } from './output.ts';
import { safeText } from '../shared/safe-text.ts';

export async function runProgram(environment: Environment, home: Home): Promise<number> {
  const program = createProgram(environment, home);
  try {
    await program.parseAsync([...environment.arguments], { from: 'user' });
    return exitCodes.ok;
  } catch (error) {
    return end(environment, error);
  }
}

function createProgram(environment: Environment, home: Home): Command {
  const { variables } = environment;
  const program = new Command('infra')
    .description('Log in once, then use kubectl and friends as always.')
    .version(formatBuildInfo(readBuildInfo()), '--version', 'version and commit')
    .addOption(
      new Option('--server <name|url>', 'which profile or server, when not the current one (INFRA_SERVER)').default(
        variables['INFRA_SERVER'],
      ),
    )
    .addOption(
      new Option('--format <format>', 'how results are written (INFRA_FORMAT)')
        .choices(formats)
        .default(variables['INFRA_FORMAT'] ?? 'table'),
    )
    .option('--quiet', 'results and errors only', variables['INFRA_QUIET'] === 'true')
    .option('--no-color', 'no colours (also NO_COLOR)')
    .option('--verbose', 'show requests, without secrets', variables['INFRA_VERBOSE'] === 'true')
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false })
    .configureOutput({
      writeOut: (text) => void environment.stdout.write(text),
      writeErr: (text) => void environment.stderr.write(text),
      // Said once, at the end, in our own words.
      outputError: () => undefined,
    })
    .exitOverride();
  suggestOnUnknown(program);
  for (const spec of allCommands)
    addCommand(program, spec, (values, options) => run(spec, values, createContext(environment, home, options)));
  return program;
}

type Act = (values: Readonly<Record<string, unknown>>, options: GlobalOptions) => Promise<void>;

function addCommand(program: Command, spec: CommandSpec, act: Act): void {
  const [first = '', second] = spec.words.split(' ');
  const parent = second === undefined ? program : topicOf(program, first);
  const command = parent.command(second ?? first, spec.hidden === true ? { hidden: true } : {}).description(spec.summary);
  for (const [name, help] of spec.arguments ?? []) command.argument(name, help);
  for (const option of spec.options ?? []) command.addOption(createOption(option));
  if (spec.alias !== undefined) command.alias(spec.alias);
  if (spec.examples !== undefined) command.addHelpText('after', `\nExamples:\n${spec.examples.map((line) => `  ${line}`).join('\n')}`);
  command.action(async () => {
    const named = command.registeredArguments.map((argument, index): [string, unknown] => [
      camel(argument.name()),
      command.processedArgs[index],
    ]);
    await act({ ...command.opts(), ...Object.fromEntries(named) }, program.opts<GlobalOptions>());
  });
}

function createOption({ flags, help, required, repeatable, check }: OptionSpec): Option {
  const option = new Option(flags, help).makeOptionMandatory(required === true);
  if (repeatable === true) return option.argParser((value, before: readonly string[] | undefined) => [...(before ?? []), value]);
  if (check === undefined) return option;
  return option.argParser((value) => {
    check(value);
    return value;
  });
}

/** `users`, `grants`, …: a word that only leads to others. */
function topicOf(program: Command, word: string): Command {
  const known = program.commands.find((command) => command.name() === word);
  if (known !== undefined) return known;
  const topic = program.command(word, word === 'kube' ? { hidden: true } : {}).description(topics[word] ?? '');
  suggestOnUnknown(topic);
  return topic;
}

function suggestOnUnknown(command: Command): void {
  command.on('command:*', ([word = '']: readonly string[]) => {
    const known = command.commands.flatMap((each) => [each.name(), ...each.aliases()]);
    const guess = nearest(word, known);
    const path = commandPath(command);
    throw new CliError(
      'wrongUse',
      `"${word}" is no command; ${guess === undefined ? `see: ${path} --help` : `did you mean: ${path} ${guess}`}`,
    );
  });
}

const commandPath = (command: Command): string =>
  command.parent === null ? command.name() : `${commandPath(command.parent)} ${command.name()}`;

const camel = (name: string): string => name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());

async function run(spec: CommandSpec, values: Readonly<Record<string, unknown>>, context: ReturnType<typeof createContext>): Promise<void> {
  try {
    await spec.run(context, new CommandInput(values));
  } catch (error) {
    const explained = explain(error, context.usedServer());
    if (explained === undefined) throw error;
    const cause = explained.cause instanceof Error ? explained.cause.name : undefined;
    if (cause !== undefined) context.output.trace(`because of: ${cause}`);
    throw explained;
  }
}

function end({ stderr, arguments: args }: Environment, error: unknown): number {
  if (error instanceof CommanderError) {
    // Help and version that were asked for end well; help for want of a command does not.
    if (error.exitCode === 0) return exitCodes.ok;
    if (error.code !== 'commander.help') stderr.write(`infra: ${safeText(withoutPrefix(error.message))}; see: infra --help\n`);
    return exitCodes.wrongUse;
  }
  if (error instanceof CliError) {
    stderr.write(`infra: ${safeText(error.message)}\n`);
    return exitCodes[error.failure];
  }
  const detail = args.includes('--verbose') && error instanceof Error ? `\n${error.stack ?? error.message}` : '';
  stderr.write(`infra: something unexpected went wrong; run again with --verbose and report it${detail}\n`);
  return exitCodes.failed;
}

/** `error: unknown option '--fo'\n(Did you mean --format?)` → one sentence. */
const withoutPrefix = (message: string): string =>
  message
    .replace(/^error: /, '')
    .replace(/\s*\(Did you mean (.*)\?\)$/s, '; did you mean $1?')
    .replace(/\.$/, '');
