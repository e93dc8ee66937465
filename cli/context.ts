/** What every command gets: where it runs, where it writes, and the server it talks to. */
import { systemClock } from '../shared/clock.ts';
import { readBuildInfo } from '../shared/node/build-info.ts';
import type { CommandContext, Connection } from './command.ts';
import { connect } from './connection.ts';
import type { Environment } from './environment.ts';
import { CliError } from './failure.ts';
import type { Home } from './home.ts';
import { createOutput, type Format } from './output.ts';
import { chooseProfile, readProfiles, type Profile } from './profiles.ts';
import { readSession } from './session-file.ts';

export interface GlobalOptions {
  readonly server?: string;
  readonly format: Format;
  readonly quiet: boolean;
  readonly color: boolean;
  readonly verbose: boolean;
}

/** With the server that was last talked to, for the words of an error. */
export function createContext(
  environment: Environment,
  home: Home,
  options: GlobalOptions,
): CommandContext & { usedServer(): string | undefined } {
  const { variables } = environment;
  const color = options.color && (variables['NO_COLOR'] ?? '') === '' && variables['TERM'] !== 'dumb';
  const output = createOutput(environment, { format: options.format, quiet: options.quiet, verbose: options.verbose, color });
  const userAgent = `infra-cli/${readBuildInfo().version} (${environment.platform})`;
  let used: string | undefined;
  const profile = (): Profile => {
    const chosen = chooseProfile(readProfiles(home), options.server);
    used = chosen.server;
    return chosen;
  };
  const connectTo = (to: Profile): Connection | undefined => {
    const session = readSession(home, to.name);
    if (session === undefined || Date.parse(session.expiresAt) <= systemClock.now()) return undefined;
    return { profile: to, call: connect({ server: to.server, trust: to.trust, secret: session.secret, userAgent, output }) };
  };
  return {
    environment,
    home,
    output,
    userAgent,
    server: options.server,
    profile,
    connect: () => connectTo(profile()) ?? refuse(profile()),
    connectTo,
    usedServer: () => used,
  };
}

function refuse({ server, account }: Profile): never {
  throw new CliError('notLoggedIn', `not logged in to ${server} as ${account.name}; run: infra login ${server}`);
}
