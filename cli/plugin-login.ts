/**
 * What the credential plugin does when the session is over, once however many kubectl ask: it opens the login by browser for a person at a
 * terminal, and reads a workload's token again, which its platform keeps fresh.
 */
import { readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { systemClock } from '../shared/clock.ts';
import { browserFor } from './browser-login/open-browser.ts';
import { connect, explain } from './connection.ts';
import { createContext } from './context.ts';
import type { Environment } from './environment.ts';
import { CliError } from './failure.ts';
import { ensurePrivateDirectory, lockFile, type Home } from './home.ts';
import { enter, sessionsAt } from './login-entry.ts';
import { chooseLoginMethod } from './login-methods.ts';
import { mayOpenLogin, patienceSeconds } from './plugin-login-rules.ts';
import type { Profile } from './profiles.ts';
import type { StoredSession } from './session-file.ts';

export interface EndedSession {
  readonly profile: Profile;
  /** The one that was tried, or is over by this machine's clock. */
  readonly session: StoredSession;
}

/** False: nothing may be opened, or there is no browser to open; then nothing was said. Throws when it was tried and came to nothing. */
export async function logInAgain(environment: Environment, home: Home, { profile, session }: EndedSession): Promise<boolean> {
  const { server, trust, account } = profile;
  const noted = `${lockFile(home, `plugin-login.${profile.name}`)}.failure`;
  const context = createContext(environment, home, { format: 'table', quiet: false, color: false, verbose: false });
  // From here to the ids there is no pause: a login that lands later is one that was waited for.
  const live = sessionsAt(context, server);
  if ([...live].some(([id, at]) => at.name === profile.name && id !== session.id)) return true;
  const before = new Set([...live.keys(), session.id]);
  const { provider, workloadTokenFile } = session;
  if (workloadTokenFile === null && !mayOpenBrowser(environment, { server, provider, failedAt: readTime(noted) })) return false;
  const { output, userAgent } = context;
  try {
    const method = await chooseLoginMethod({
      ...{ call: connect({ server, trust, userAgent, output }), environment, output, server, lastUser: account.name },
      options: {
        ...{ user: undefined, passwordStdin: false, keyStdin: false, isFresh: false, noBrowser: false },
        // kubectl waits for a tab that was opened, not for somebody to read and type a code.
        device: 'never',
        workloadTokenFile: workloadTokenFile ?? undefined,
        provider: provider ?? undefined,
        timeoutSeconds: patienceSeconds(environment.variables),
      },
    });
    if (workloadTokenFile === null) output.say(`the session of ${account.name} at ${server} is over`);
    const entered = await enter(context, { server, trust, method }, before);
    if (entered.name !== profile.name)
      throw new CliError(
        'notLoggedIn',
        `this login to ${server} is of ${entered.account.name}, and this context is of ${account.name}; choose another context, or run: infra login ${server}`,
      );
    rmSync(noted, { force: true });
    return true;
  } catch (error) {
    ensurePrivateDirectory(home, dirname(noted));
    writeFileSync(noted, String(systemClock.now()), { mode: 0o600 });
    throw explain(error, server) ?? error;
  }
}

function mayOpenBrowser(
  environment: Environment,
  { server, provider, failedAt }: { readonly server: string; readonly provider: string | null; readonly failedAt: number | undefined },
): boolean {
  const may = mayOpenLogin({
    variables: environment.variables,
    isStderrTerminal: environment.stderr.isTTY === true,
    callerStdout: stdoutOfCaller(environment),
    provider,
    failedAt,
    now: systemClock.now(),
  });
  return may && browserFor(environment, server).kind !== 'none';
}

function readTime(file: string): number | undefined {
  try {
    const time = Number(readFileSync(file, 'utf8'));
    return Number.isFinite(time) ? time : undefined;
  } catch {
    return undefined;
  }
}

/** The plugin's own output goes to kubectl, so kubectl's is looked up, where the system shows it. */
function stdoutOfCaller({ callerId }: Environment): 'terminal' | 'elsewhere' | undefined {
  try {
    return /^\/dev\/(?:pts\/|tty|console)/.test(readlinkSync(`/proc/${callerId}/fd/1`)) ? 'terminal' : 'elsewhere';
  } catch {
    return undefined;
  }
}
