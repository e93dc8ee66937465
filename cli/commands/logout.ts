import type { CallResult } from '../../shared/api/endpoint.ts';
import { api } from '../../shared/api/index.ts';
import type { CommandContext, CommandInput, CommandSpec, Connection } from '../command.ts';
import { browserFor, openBrowser } from '../browser-login/open-browser.ts';
import { explain } from '../connection.ts';
import { removeCachedCredentials } from '../credential-cache.ts';
import { CliError } from '../failure.ts';
import type { Home } from '../home.ts';
import { readProfiles, type Profile } from '../profiles.ts';
import { forgetSecret, readSession, removeSession } from '../session-file.ts';

export const logoutCommand: CommandSpec = {
  words: 'logout',
  summary: 'end the session and forget its credentials',
  options: [
    { flags: '--all', help: 'of every server and account' },
    { flags: '--at-provider', help: 'at the identity provider as well, in the browser' },
  ],
  run: logout,
};

async function logout(context: CommandContext, input: CommandInput): Promise<void> {
  const profiles = input.flag('all') ? readProfiles(context.home).profiles : [context.profile()];
  for (const profile of profiles) await logOutOf(context, profile, input.flag('atProvider'));
}

/** What is here goes first and in any case; a server that is away is told nothing, and said so. */
async function logOutOf(context: CommandContext, profile: Profile, isAtProvider: boolean): Promise<void> {
  const { home, output } = context;
  const connection = context.connectTo(profile);
  const unread = connection === undefined ? undefined : whyUnread(home, profile);
  removeCachedCredentials(home, profile.name);
  const removed = removeSession(home, profile.name);
  const left = removed === undefined ? undefined : forgetSecret(removed);
  const ended: EndedThere | undefined =
    unread !== undefined ? { fault: unread } : connection === undefined ? undefined : await endSession(connection, isAtProvider);
  if (left !== undefined) output.warn(`infra: ${profile.name}: its secret is still in the keyring, of no use once it has ended: ${left}`);
  if (connection === undefined) output.say(`${profile.name}: was not logged in`);
  else if (ended?.fault === undefined) output.say(`${profile.name}: logged out`);
  else output.warn(`infra: ${profile.name}: forgotten here, but the session at the server could not be ended: ${ended.fault}`);
  if (isAtProvider && ended?.fault === undefined) await leaveProvider(context, profile, ended?.there);
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

type There = Omit<CallResult<typeof api.sessions.logoutAtProvider>, 'change'>;
interface EndedThere {
  /** Why the session could not be ended; one that is over already is as good, though nobody knows where it came from. */
  readonly fault?: string;
  readonly there?: There;
}

async function endSession({ call, profile }: Connection, isAtProvider: boolean): Promise<EndedThere> {
  try {
    if (isAtProvider) return { there: await call(api.sessions.logoutAtProvider, {}) };
    await call(api.sessions.logout, {});
    return {};
  } catch (error) {
    const explained = explain(error, profile.server);
    if (explained === undefined) throw error;
    return explained.failure === 'notLoggedIn' ? {} : { fault: explained.message };
  }
}

async function leaveProvider({ environment, output }: CommandContext, profile: Profile, there: There | undefined): Promise<void> {
  if (there === undefined) output.warn(`infra: ${profile.name}: the session was over already; log out at the identity provider's own page`);
  else if (there.provider === null) output.say(`${profile.name}: came from no identity provider`);
  else if (there.url === null)
    output.warn(`infra: ${profile.name}: ${there.provider} offers no logout, or cannot be reached; log out at its own page`);
  else {
    const browser = browserFor(environment, there.url);
    const isOpened = browser.kind === 'commands' && (await openBrowser(browser.commands, environment.variables));
    output.say(
      isOpened
        ? `${profile.name}: the browser goes on to ${there.provider}`
        : `to log out at ${there.provider}, open within two minutes: ${there.url}`,
    );
  }
}
