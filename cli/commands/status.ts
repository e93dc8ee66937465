import type { DirectoryEntry } from '../../shared/api/destinations.ts';
import { api } from '../../shared/api/index.ts';
import type { CommandContext, CommandSpec, Connection } from '../command.ts';
import { explain } from '../connection.ts';
import { ownContexts, reachOf, type ContextReach } from '../context-reach.ts';
import { CliError, type Failure } from '../failure.ts';
import { readProfiles, type Profile } from '../profiles.ts';
import { readSession } from '../session-file.ts';

export const statusCommand: CommandSpec = {
  words: 'status',
  summary:
    'every server and account, whether its session is alive, where its secret is, how its contexts are reached; exits as the current one stands',
  run: status,
};

interface ProfileStatus {
  readonly profile: string;
  readonly server: string;
  readonly account: string;
  readonly current: boolean;
  readonly state: 'logged in' | 'logged out' | 'unreachable' | 'refused';
  readonly expiresAt: string | null;
  /** Where the session’s secret is: `keyring`, `file` or null, and why it is in a file. */
  readonly secretIn: 'keyring' | 'file' | null;
  readonly secretInFileBecause: string | null;
  readonly reason: string | null;
  readonly contexts: readonly ContextReach[];
}

const answerWithinMilliseconds = 5_000;

async function status(context: CommandContext): Promise<void> {
  const { profiles } = readProfiles(context.home);
  const current = context.profile();
  const contexts = ownContexts(context);
  const rows = await Promise.all(
    profiles.map(async (profile): Promise<ProfileStatus> => {
      const { directory, ...standing } = await standingOf(context, profile);
      const own = contexts.filter((each) => each.profile === profile.name);
      return { ...standing, current: profile.name === current.name, contexts: own.map((each) => reachOf(each, directory)) };
    }),
  );
  context.output.list(rows, rows, [
    { title: 'CURRENT', value: (row) => (row.current ? '*' : ' ') },
    { title: 'PROFILE', value: (row) => row.profile },
    { title: 'SERVER', value: (row) => row.server },
    { title: 'ACCOUNT', value: (row) => row.account },
    { title: 'STATE', value: (row) => row.state },
    { title: 'EXPIRES', value: (row) => row.expiresAt },
    {
      title: 'SECRET IN',
      value: (row) => (row.secretInFileBecause === null ? row.secretIn : `${row.secretIn} (${row.secretInFileBecause})`),
    },
  ]);
  showContexts(context, rows);
  const chosen = rows.find((row) => row.current);
  if (chosen !== undefined && chosen.state !== 'logged in')
    throw new CliError(failureOf(chosen.state), chosen.reason ?? `not logged in; run: infra login ${chosen.server}`);
}

/** For programs they are within their profiles. */
function showContexts({ output }: CommandContext, rows: readonly ProfileStatus[]): void {
  const contexts = rows.flatMap((row) => row.contexts);
  if (output.format !== 'table' || contexts.length === 0) return;
  output.raw('\n');
  output.list(contexts, contexts, [
    { title: 'CONTEXT', value: (each) => each.context },
    { title: 'VIA', value: (each) => each.via },
    { title: 'ADDRESS', value: (each) => each.server?.replace('https://', '') },
    { title: 'DESTINATION IS', value: (each) => each.state },
  ]);
}

type Standing = Omit<ProfileStatus, 'current' | 'contexts'> & { readonly directory?: readonly DirectoryEntry[] | undefined };

async function standingOf(context: CommandContext, profile: Profile): Promise<Standing> {
  const { name, server, account } = profile;
  const base = { profile: name, server, account: account.name, expiresAt: null, reason: null, ...keeping(context, profile) };
  const connection = context.connectTo(profile);
  if (connection === undefined)
    return { ...base, state: 'logged out', reason: `not logged in to ${profile.server}; run: infra login ${profile.server}` };
  try {
    const options = { signal: AbortSignal.timeout(answerWithinMilliseconds) };
    const [me, directory] = await Promise.all([connection.call(api.sessions.current, {}, options), directoryOf(connection, options)]);
    return { ...base, state: 'logged in', expiresAt: me.session.expiresAt, directory };
  } catch (error) {
    const explained = explain(error, profile.server);
    if (explained === undefined) throw error;
    return { ...base, state: stateOf(explained.failure), reason: explained.message };
  }
}

/** Undefined: it is not told, which says nothing of the session. */
async function directoryOf(
  { call, profile }: Connection,
  options: { readonly signal: AbortSignal },
): Promise<readonly DirectoryEntry[] | undefined> {
  try {
    return (await call(api.destinations.directory, {}, options)).destinations;
  } catch (error) {
    if (explain(error, profile.server) === undefined) throw error;
    return undefined;
  }
}

function keeping({ home }: CommandContext, { name }: Profile): Pick<ProfileStatus, 'secretIn' | 'secretInFileBecause'> {
  const keptIn = readSession(home, name)?.keptIn;
  return { secretIn: keptIn?.place ?? null, secretInFileBecause: keptIn?.place === 'file' ? keptIn.because : null };
}

function stateOf(failure: Failure): ProfileStatus['state'] {
  if (failure === 'notLoggedIn') return 'logged out';
  return failure === 'unreachable' ? 'unreachable' : 'refused';
}

function failureOf(state: ProfileStatus['state']): Failure {
  if (state === 'logged out') return 'notLoggedIn';
  return state === 'unreachable' ? 'unreachable' : 'failed';
}
