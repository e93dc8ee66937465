import { api } from '../../shared/api/index.ts';
import type { CommandContext, CommandSpec } from '../command.ts';
import { explain } from '../connection.ts';
import { CliError, type Failure } from '../failure.ts';
import { readProfiles, type Profile } from '../profiles.ts';
import { readSession } from '../session-file.ts';

export const statusCommand: CommandSpec = {
  words: 'status',
  summary: 'every server and account, whether its session is alive and where its secret is; exits as the current one stands',
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
}

const answerWithinMilliseconds = 5_000;

async function status(context: CommandContext): Promise<void> {
  const { profiles } = readProfiles(context.home);
  const current = context.profile();
  const rows = await Promise.all(profiles.map(async (profile) => statusOf(context, profile, profile.name === current.name)));
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
  const chosen = rows.find((row) => row.current);
  if (chosen !== undefined && chosen.state !== 'logged in')
    throw new CliError(failureOf(chosen.state), chosen.reason ?? `not logged in; run: infra login ${chosen.server}`);
}

async function statusOf(context: CommandContext, profile: Profile, current: boolean): Promise<ProfileStatus> {
  const { name, server, account } = profile;
  const base = { profile: name, server, account: account.name, current, expiresAt: null, reason: null, ...keeping(context, profile) };
  const connection = context.connectTo(profile);
  if (connection === undefined)
    return { ...base, state: 'logged out', reason: `not logged in to ${profile.server}; run: infra login ${profile.server}` };
  try {
    const me = await connection.call(api.sessions.current, {}, { signal: AbortSignal.timeout(answerWithinMilliseconds) });
    return { ...base, state: 'logged in', expiresAt: me.session.expiresAt };
  } catch (error) {
    const explained = explain(error, profile.server);
    if (explained === undefined) throw error;
    return { ...base, state: stateOf(explained.failure), reason: explained.message };
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
