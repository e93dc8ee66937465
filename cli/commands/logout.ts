import { api } from '../../shared/api/index.ts';
import type { CommandContext, CommandInput, CommandSpec, Connection } from '../command.ts';
import { explain } from '../connection.ts';
import { removeCachedCredentials } from '../credential-cache.ts';
import { CliError } from '../failure.ts';
import type { Home } from '../home.ts';
import { readProfiles, type Profile } from '../profiles.ts';
import { forgetSecret, readSession, removeSession } from '../session-file.ts';

export const logoutCommand: CommandSpec = {
  words: 'logout',
  summary: 'end the session and forget its credentials',
  options: [{ flags: '--all', help: 'of every server and account' }],
  run: logout,
};

async function logout(context: CommandContext, input: CommandInput): Promise<void> {
  const profiles = input.flag('all') ? readProfiles(context.home).profiles : [context.profile()];
  for (const profile of profiles) await logOutOf(context, profile);
}

/** What is here goes first and in any case; a server that is away is told nothing, and said so. */
async function logOutOf(context: CommandContext, profile: Profile): Promise<void> {
  const { home, output } = context;
  const connection = context.connectTo(profile);
  const unread = connection === undefined ? undefined : whyUnread(home, profile);
  removeCachedCredentials(home, profile.name);
  const removed = removeSession(home, profile.name);
  const left = removed === undefined ? undefined : forgetSecret(removed);
  const fault = connection === undefined ? undefined : (unread ?? (await endSession(connection)));
  if (left !== undefined) output.warn(`infra: ${profile.name}: its secret is still in the keyring, of no use once it has ended: ${left}`);
  if (connection === undefined) output.say(`${profile.name}: was not logged in`);
  else if (fault === undefined) output.say(`${profile.name}: logged out`);
  else output.warn(`infra: ${profile.name}: forgotten here, but the session at the server could not be ended: ${fault}`);
}

/** The secret is needed once more, and is read before it goes; why it cannot be. */
function whyUnread(home: Home, profile: Profile): string | undefined {
  try {
    readSession(home, profile.name)?.secret();
    return undefined;
  } catch (error) {
    if (error instanceof CliError) return error.message;
    throw error;
  }
}

/** Why the session could not be ended; a session that is over already is as good. */
async function endSession({ call, profile }: Connection): Promise<string | undefined> {
  try {
    await call(api.sessions.logout, {});
    return undefined;
  } catch (error) {
    const explained = explain(error, profile.server);
    if (explained === undefined) throw error;
    return explained.failure === 'notLoggedIn' ? undefined : explained.message;
  }
}
