/** `infra login`: trust, then the secret, then the profile, then kubeconfig. */
import { SecretValue } from '../../shared/node/secret-value.ts';
import type { CommandContext, CommandInput, CommandSpec, Connection } from '../command.ts';
import { connect } from '../connection.ts';
import { reachableAccess, updateContexts } from '../contexts.ts';
import { removeCachedCredentials } from '../credential-cache.ts';
import { isInteractive } from '../environment.ts';
import { CliError } from '../failure.ts';
import type { Trust } from '../https-request.ts';
import { logIn, type OpenedSession } from '../login-methods.ts';
import { parseServerUrl, readProfiles, updateProfiles, withProfile, type Profile } from '../profiles.ts';
import { askYesNo } from '../prompt.ts';
import { establishTrust } from '../server-trust.ts';
import { writeSession } from '../session-file.ts';

export const loginCommand: CommandSpec = {
  words: 'login',
  summary: 'log in to a server and make its destinations known to kubectl',
  arguments: [['[server]', 'host[:port] or https URL; without it, the current profile’s']],
  options: [
    { flags: '--user <email>', help: 'log in as this user, with a password' },
    { flags: '--password-stdin', help: 'read the password from stdin; a second line replaces a one-time password' },
    { flags: '--key-stdin', help: 'log in with an access key from stdin' },
    { flags: '--ca <file>', help: 'PEM file with the root that signs the server’s certificate' },
    { flags: '--trust-fingerprint <fingerprint>', help: 'SHA256:… of the root that the server presents' },
  ],
  examples: ['infra login infra.example.com', 'infra login https://infra.example.com --key-stdin < key-file'],
  run: login,
};

async function login(context: CommandContext, input: CommandInput): Promise<void> {
  const { environment, home, output } = context;
  const known = knownProfile(context, input);
  const server = serverToUse(input.optional('server') ?? context.server, known);
  const trust = await trustToUse(context, { server, input, known });
  const opened = await logIn({
    call: connect({ server, trust, userAgent: context.userAgent, output }),
    environment,
    options: { user: input.optional('user'), passwordStdin: input.flag('passwordStdin'), keyStdin: input.flag('keyStdin') },
    lastUser: known?.account.id.startsWith('usr_') === true ? known.account.name : undefined,
  });
  const profile = await keep(context, { server, trust, opened });
  output.say(`logged in to ${server} as ${profile.account.name} until ${opened.session.expiresAt}`);
  const connection: Connection = {
    profile,
    call: connect({ server, trust, secret: new SecretValue(opened.secret), userAgent: context.userAgent, output }),
  };
  const destinations = await reachableAccess(context, connection);
  const names = await updateContexts(context, connection, { destinations, which: 'all', makeCurrent: 'if-none' });
  if (names.length > 0) output.say(`kubectl contexts: ${names.join(', ')}`);
  else output.say(`no destination to reach yet; once a grant is given, run: infra use DESTINATION`);
  for (const other of readProfiles(home).profiles.filter((each) => each.server === server && each.name !== profile.name))
    output.trace(`also known there: ${other.account.name} as ${other.name}`);
}

/** The profile that is logged in again: by name, by server and user, or the only one there. */
function knownProfile(context: CommandContext, input: CommandInput): Profile | undefined {
  const { current, profiles } = readProfiles(context.home);
  const selector = input.optional('server') ?? context.server;
  const user = input.optional('user');
  const candidates = profiles.filter((profile) =>
    selector === undefined ? profile.name === current : profile.name === selector || profile.server === parseServerUrl(selector),
  );
  return (
    candidates.find((profile) => profile.account.name === user) ?? candidates.find((profile) => profile.name === current) ?? candidates[0]
  );
}

function serverToUse(typed: string | undefined, known: Profile | undefined): string {
  if (known !== undefined) return known.server;
  if (typed === undefined) throw new CliError('wrongUse', 'which server? run: infra login SERVER, such as infra login infra.example.com');
  const server = parseServerUrl(typed);
  if (server === undefined)
    throw new CliError('wrongUse', `"${typed}" is no server address; give host[:port] or an https URL without a path`);
  return server;
}

async function trustToUse(
  { environment }: CommandContext,
  { server, input, known }: { server: string; input: CommandInput; known: Profile | undefined },
): Promise<Trust> {
  const caFile = input.optional('ca');
  const fingerprint = input.optional('trustFingerprint');
  if (known !== undefined && caFile === undefined && fingerprint === undefined) return known.trust;
  const confirm = async (found: string): Promise<boolean> => {
    environment.stderr.write(`${server} presents a root that this machine does not know.\nIts fingerprint is ${found}\n`);
    return askYesNo(environment, 'Compare it with the one its admin gives. Trust it?');
  };
  return establishTrust({ server, caFile, fingerprint, confirm: isInteractive(environment) ? confirm : undefined });
}

/** Session first, then the list: a profile in the list without its session would only say that nobody is logged in. */
async function keep(
  { home }: CommandContext,
  { server, trust, opened }: { server: string; trust: Trust; opened: OpenedSession },
): Promise<Profile> {
  const { id, expiresAt, identity } = opened.session;
  return updateProfiles(home, (before) => {
    const after = withProfile(before, { server, trust, account: { id: identity.id, name: identity.name } });
    writeSession(home, after.result.name, { id, expiresAt, secret: new SecretValue(opened.secret) });
    removeCachedCredentials(home, after.result.name);
    return after;
  });
}
