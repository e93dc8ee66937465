import { api } from '../../shared/api/index.ts';
import type { IdentityProvider } from '../../shared/api/identity-providers.ts';
import { counted } from '../acknowledgements.ts';
import type { CommandContext, CommandInput, CommandSpec } from '../command.ts';
import { CliError } from '../failure.ts';
import { allPages, resolveProvider } from '../resolve.ts';
import { providerChangeCommands } from './provider-changes.ts';
import { providerEndCommands } from './provider-ends.ts';
import { showProvider } from './provider-fields.ts';
import { loginTestOptions, testByLogin, whatCame } from './provider-login-test.ts';

const which = [['<provider>', 'name or id']] as const;

export const providerCommands: readonly CommandSpec[] = [
  ...providerChangeCommands,
  { words: 'providers list', alias: 'ls', summary: 'all identity providers', run: list },
  { words: 'providers show', summary: 'one identity provider', arguments: which, run: show },
  {
    words: 'providers test',
    summary: 'try an identity provider: its discovery, keys, our client there, its directory, groups; exits 1 when something is wrong',
    arguments: which,
    options: loginTestOptions,
    examples: ['infra providers test okta --login'],
    run: test,
  },
  {
    words: 'providers sync',
    summary: 'ask an identity provider anew, now, about everybody with an open session',
    arguments: which,
    run: sync,
  },
  ...providerEndCommands,
];

async function list({ connect, output }: CommandContext): Promise<void> {
  const { call } = connect();
  const providers = await allPages((page) => call(api.identityProviders.list, { query: page }));
  output.list(providers, providers, [
    { title: 'NAME', value: (provider) => provider.name },
    { title: 'KIND', value: (provider) => provider.kind },
    { title: 'STATUS', value: (provider) => provider.status },
    { title: 'ISSUER', value: (provider) => provider.issuer },
    { title: 'EMAIL DOMAINS', value: (provider) => provider.emailDomains.join(', ') },
    { title: 'ID', value: (provider) => provider.id },
  ]);
}

async function show(context: CommandContext, input: CommandInput): Promise<void> {
  const connection = context.connect();
  const id = await resolveProvider(connection, input.text('provider'));
  const provider: IdentityProvider = await connection.call(api.identityProviders.get, { params: { id } });
  showProvider(context, provider, await connection.call(api.identityProviders.syncState, { params: { id } }));
}

async function test(context: CommandContext, input: CommandInput): Promise<void> {
  const { output } = context;
  const connection = context.connect();
  const name = input.text('provider');
  const id = await resolveProvider(connection, name);
  const probed = await connection.call(api.identityProviders.test, { params: { id } });
  // What came of the latest login does not stand against a new one.
  const mayLogIn = probed.steps.every(({ step, outcome }) => outcome !== 'failed' || step === 'groups');
  const login = input.flag('login') && mayLogIn ? await testByLogin(context, input, { connection, id }) : undefined;
  const steps = login === undefined ? probed.steps : [...probed.steps.filter(({ step }) => step !== 'groups'), ...login.steps];
  const rows = login === undefined ? steps : [...steps, ...whatCame(login)];
  output.list({ ...probed, ...(login === undefined ? {} : { login }) }, rows, [
    { title: 'STEP', value: (each) => each.step },
    { title: 'OUTCOME', value: (each) => each.outcome },
    { title: 'DETAIL', value: (each) => each.detail },
  ]);
  const failed = steps.find((each) => each.outcome === 'failed');
  if (failed !== undefined) throw new CliError('failed', `${name} fails at ${failed.step}; mend that and run the test again`);
  if (login === undefined) output.say(`try a real login, which opens nothing: infra providers test ${name} --login`);
}

async function sync({ connect, output }: CommandContext, input: CommandInput): Promise<void> {
  const connection = connect();
  const name = input.text('provider');
  const id = await resolveProvider(connection, name);
  const { accounts } = await connection.call(api.identityProviders.sync, { params: { id } });
  output.show({ accounts }, [['asked about', counted(accounts, 'user')]]);
  output.say(
    accounts === 0 ? `nobody can be asked about; see: infra providers show ${name}` : `see how it went: infra providers show ${name}`,
  );
}
