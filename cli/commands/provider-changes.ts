/** Connecting an identity provider, and changing what we know of it. The client secret comes from a file or stdin, never from a flag. */
import { readFileSync } from 'node:fs';
import { api } from '../../shared/api/index.ts';
import { providerKind, type ProviderKind } from '../../shared/api/identity-providers.ts';
import { nearest } from '../../shared/nearest.ts';
import type { CommandContext, CommandInput, CommandSpec, OptionSpec } from '../command.ts';
import { isInteractive, type Environment } from '../environment.ts';
import { CliError, errorCode } from '../failure.ts';
import { askSecret, readStdinLines } from '../prompt.ts';
import { resolveProvider } from '../resolve.ts';
import { directoryOptions, issuerOptions, readDirectory, readIssuer } from './provider-directory.ts';
import { showProvider } from './provider-fields.ts';

const settings: readonly OptionSpec[] = [
  { flags: '--scopes <scopes>', help: 'asked for at the login, between commas; must contain openid (default: what the kind needs)' },
  {
    flags: '--groups-claim <claim>',
    help: 'where groups stand in the ID token, such as groups or realm_access.roles; none: they are not read',
  },
  {
    flags: '--unknown-people <what>',
    help: 'create (default) makes them users at their first login; refuse lets in only users added before',
  },
  {
    flags: '--other-users <what>',
    help: 'refuse (default), or link: users with a password or another provider may come in with this one too',
  },
  {
    flags: '--trust-mfa <on|off>',
    help: 'on: a second factor that its ID tokens tell of (amr, auth_time) counts for grants with --mfa; off (default): only one’s own here does',
  },
  {
    flags: '--sync <minutes>',
    help: 'how often it is asked anew about people with open sessions (default 15), which needs refresh tokens; off: only at logins',
  },
  ...directoryOptions,
];

export const providerChangeCommands: readonly CommandSpec[] = [
  {
    words: 'providers add',
    summary: 'connect an identity provider; the client secret is read from a file, stdin, or asked for',
    arguments: [
      ['<kind>', 'oidc, okta, azure or google'],
      ['<name>', 'lower-case letters, digits and "-"; stands before its groups, as in group:NAME/platform'],
    ],
    options: [
      ...issuerOptions,
      { flags: '--client-id <id>', help: 'of the client registered there for infra', required: true },
      { flags: '--client-secret-file <file>', help: 'file with the client’s secret; without it, stdin' },
      { flags: '--private-key', help: 'no secret: infra makes a key for itself, whose public part the provider gets' },
      { flags: '--email-domains <domains>', help: 'whose people may log in, between commas', required: true },
      ...settings,
    ],
    examples: [
      'infra providers add okta okta --issuer https://example.okta.com --client-id 0oa1 --client-secret-file secret --email-domains example.com',
      'infra providers add azure entra --tenant 1b2c3d4e-0000-4000-8000-0123456789ab --client-id ID --email-domains example.com < secret',
      'infra providers add google google --client-id ID --email-domains example.com --groups-from admin-sdk --delegated-admin admin@example.com --service-account-file key.json < secret',
      'infra providers add oidc keycloak --issuer https://id.example.com/realms/staff --client-id infra --groups-claim groups --email-domains example.com < secret',
    ],
    run: add,
  },
  {
    words: 'providers update',
    summary: 'change an identity provider’s client, secret or settings; what is not named stays',
    arguments: [['<provider>', 'name or id']],
    options: [
      { flags: '--client-id <id>', help: 'of the client registered there for infra' },
      { flags: '--client-secret-file <file>', help: 'file with the client’s new secret; - is stdin' },
      { flags: '--private-key', help: 'a key, or a new one, instead of the secret' },
      { flags: '--email-domains <domains>', help: 'whose people may log in, between commas' },
      ...settings,
    ],
    examples: ['infra providers update okta --client-secret-file - < new-secret'],
    run: update,
  },
];

async function add(context: CommandContext, input: CommandInput): Promise<void> {
  const kind = readKind(input.text('kind'));
  const issuer = readIssuer(kind, input);
  const { directory, ...key } = readDirectory(kind, input, null);
  const changes = { ...readSettings(input), ...key, ...(directory == null ? {} : { directory }) };
  const { call } = context.connect();
  const provider = await call(api.identityProviders.create, {
    body: {
      ...{ kind, name: input.text('name'), issuer, clientId: input.text('clientId') },
      ...changes,
      emailDomains: listOf(input.text('emailDomains')),
      ...(await readCredential(context.environment, input, '-')),
    },
  });
  showProvider(context, provider);
  context.output.say(`register this redirect URI at the provider, exactly so: ${provider.redirectUri}`);
  if (provider.clientKeysUri !== null) context.output.say(whereTheKeyGoes(provider.kind, provider.clientKeysUri));
  context.output.say(`then try it: infra providers test ${provider.name}`);
}

async function update(context: CommandContext, input: CommandInput): Promise<void> {
  const [clientId, domains] = [input.optional('clientId'), input.optional('emailDomains')];
  const connection = context.connect();
  const params = { id: await resolveProvider(connection, input.text('provider')) };
  const { kind, directory } = await connection.call(api.identityProviders.get, { params });
  const body = {
    ...readSettings(input),
    ...readDirectory(kind, input, directory),
    ...(clientId === undefined ? {} : { clientId }),
    ...(domains === undefined ? {} : { emailDomains: listOf(domains) }),
    ...(await readCredential(context.environment, input, undefined)),
  };
  if (Object.keys(body).length === 0) throw new CliError('wrongUse', 'name what to change; see: infra providers update --help');
  showProvider(context, await connection.call(api.identityProviders.update, { params, body }));
}

const whereTheKeyGoes = (kind: ProviderKind, address: string): string =>
  kind === 'azure'
    ? `upload this certificate there: ${address}/certificate.pem`
    : `register this key set there (its URL, or what is at it): ${address}`;

function readKind(text: string): ProviderKind {
  const parsed = providerKind.safeParse(text);
  if (parsed.success) return parsed.data;
  const guess = nearest(text, providerKind.options);
  throw new CliError(
    'wrongUse',
    `"${text}" is no kind of identity provider; ${guess === undefined ? `give ${providerKind.options.join(' or ')}` : `did you mean ${guess}?`}`,
  );
}

function readSettings(input: CommandInput) {
  const [scopes, claim] = [input.optional('scopes'), input.optional('groupsClaim')];
  const createUsers = readChoice(input, 'unknown-people', { create: true, refuse: false });
  const trustMfa = readChoice(input, 'trust-mfa', { on: true, off: false });
  const linkUsers = readChoice(input, 'other-users', { link: true, refuse: false });
  return {
    ...(scopes === undefined ? {} : { scopes: listOf(scopes) }),
    ...(claim === undefined ? {} : { groupsClaim: claim === 'none' ? null : claim }),
    ...(createUsers === undefined ? {} : { createUsers }),
    ...(linkUsers === undefined ? {} : { linkUsers }),
    ...(trustMfa === undefined ? {} : { trustMfa }),
    ...readSync(input.optional('sync')),
  };
}

function readSync(text: string | undefined): { readonly syncMinutes?: number | null } {
  if (text === undefined) return {};
  if (text === 'off') return { syncMinutes: null };
  const minutes = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (minutes < 1 || minutes > 1440) throw new CliError('wrongUse', `--sync is a number of minutes from 1 to 1440, or off, not "${text}"`);
  return { syncMinutes: minutes };
}

const choices = { 'unknown-people': 'unknownPeople', 'other-users': 'otherUsers', 'trust-mfa': 'trustMfa' } as const;

function readChoice(input: CommandInput, option: keyof typeof choices, meanings: Readonly<Record<string, boolean>>): boolean | undefined {
  const text = input.optional(choices[option]);
  if (text === undefined) return undefined;
  const meaning = Object.entries(meanings).find(([word]) => word === text)?.[1];
  if (meaning === undefined) throw new CliError('wrongUse', `--${option} is ${Object.keys(meanings).join(' or ')}, not "${text}"`);
  return meaning;
}

const listOf = (text: string): string[] =>
  text
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '');

/** @param otherwise where the secret is read when neither is named. */
async function readCredential(environment: Environment, input: CommandInput, otherwise: string | undefined) {
  const file = input.optional('clientSecretFile') ?? otherwise;
  if (!input.flag('privateKey'))
    return file === undefined ? {} : { clientAuthentication: 'secret' as const, clientSecret: await readClientSecret(environment, file) };
  if (input.optional('clientSecretFile') !== undefined)
    throw new CliError('wrongUse', 'give either --private-key or --client-secret-file, not both');
  return { clientAuthentication: 'private-key' as const };
}

/** The first line: editors end files with one. */
async function readClientSecret(environment: Environment, file: string): Promise<string> {
  const secret = file === '-' ? await secretFromStdin(environment) : secretFromFile(file);
  if (secret === '') throw new CliError('wrongUse', 'the client secret is empty; give --client-secret-file FILE, or the secret on stdin');
  return secret;
}

async function secretFromStdin(environment: Environment): Promise<string> {
  if (isInteractive(environment)) return askSecret(environment, 'client secret: ');
  const [line = ''] = await readStdinLines(environment);
  return line.trim();
}

function secretFromFile(file: string): string {
  try {
    return (readFileSync(file, 'utf8').split(/\r?\n/)[0] ?? '').trim();
  } catch (cause) {
    throw new CliError(
      'wrongUse',
      `the client secret in ${file} cannot be read (${errorCode(cause) ?? 'unknown'}); check the path and its mode`,
      {
        cause,
      },
    );
  }
}
