/** Which server is meant by what was typed, and by what it is known: the profile that there is, or trust that is established now. */
import type { CommandContext, CommandInput, OptionSpec } from './command.ts';
import { isInteractive } from './environment.ts';
import { CliError } from './failure.ts';
import type { Trust } from './https-request.ts';
import { parseServerUrl, readProfiles, type Profile } from './profiles.ts';
import { askYesNo } from './prompt.ts';
import { establishTrust } from './server-trust.ts';

export const trustOptions: readonly OptionSpec[] = [
  { flags: '--ca <file>', help: 'PEM file with the root that signs the server’s certificate' },
  { flags: '--trust-fingerprint <fingerprint>', help: 'SHA256:… of the root that the server presents' },
];

export interface Wanted {
  /** A profile, a server, or the current one. */
  readonly selector: string | undefined;
  readonly user: string | undefined;
}
export interface LoginTarget {
  readonly server: string;
  readonly trust: Trust;
  /** The profile that is logged in again: by name, by server and user, or the only one there. */
  readonly known: Profile | undefined;
}

export async function chooseTarget(context: CommandContext, input: CommandInput, { selector, user }: Wanted): Promise<LoginTarget> {
  const known = knownProfile(context, selector, user);
  const server = serverToUse(selector, known);
  return { server, trust: await trustToUse(context, { server, input, known }), known };
}

function knownProfile({ home }: CommandContext, selector: string | undefined, user: string | undefined): Profile | undefined {
  const { current, profiles } = readProfiles(home);
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
