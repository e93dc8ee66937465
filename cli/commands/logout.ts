import { api } from '../../shared/api/index.ts';
import type { CommandContext, CommandInput, CommandSpec } from '../command.ts';
import { explain } from '../connection.ts';
import { removeCachedCredentials } from '../credential-cache.ts';
import { readProfiles, type Profile } from '../profiles.ts';
import { removeSession } from '../session-file.ts';

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
  removeCachedCredentials(home, profile.name);
  removeSession(home, profile.name);
  if (connection === undefined) return output.say(`${profile.name}: was not logged in`);
  try {
    await connection.call(api.sessions.logout, {});
  } catch (error) {
    const explained = explain(error, profile.server);
    if (explained === undefined) throw error;
    if (explained.failure !== 'notLoggedIn')
      return output.warn(`infra: ${profile.name}: forgotten here, but the session at the server could not be ended: ${explained.message}`);
  }
  output.say(`${profile.name}: logged out`);
}
