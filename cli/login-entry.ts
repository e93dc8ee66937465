/** A session that was opened becomes this machine's: kept for its owner alone, and made once for all who want it at the same moment. */
import { createHash } from 'node:crypto';
import { systemClock } from '../shared/clock.ts';
import { SecretValue } from '../shared/node/secret-value.ts';
import { formatDuration } from '../shared/ttl.ts';
import type { CommandContext } from './command.ts';
import { removeCachedCredentials } from './credential-cache.ts';
import type { Trust } from './https-request.ts';
import { chooseKeyring, type KeyringChoice } from './keyring.ts';
import type { LoginMethod, OpenedSession } from './login-methods.ts';
import { readProfiles, updateProfiles, withProfile, type Profile } from './profiles.ts';
import { forgetSecret, placeSecret, readSession, writeSession } from './session-file.ts';
import { singleFlight } from './single-flight.ts';

/** The server forgets a login by browser after that. */
export const longestLoginSeconds = 600;

export interface Entry {
  readonly server: string;
  readonly trust: Trust;
  readonly method: LoginMethod;
}

type Machine = Pick<CommandContext, 'environment' | 'home' | 'output' | 'connectTo'>;

/** Sessions at a server that would still do, by their ids. */
export function sessionsAt({ home, connectTo }: Machine, server: string): ReadonlyMap<string, Profile> {
  const profiles = readProfiles(home).profiles.filter((profile) => profile.server === server && connectTo(profile) !== undefined);
  return new Map(profiles.map((profile) => [readSession(home, profile.name)?.id ?? '', profile]));
}

/**
 * However many want the same login by browser at the same moment, one browser is opened and all are logged in by it. `before`: ids of sessions
 * that are not what is wanted, because they were there before.
 */
export async function enter(
  machine: Machine,
  entry: Entry,
  before: ReadonlySet<string> = new Set(sessionsAt(machine, entry.server).keys()),
): Promise<Profile> {
  const { home, output } = machine;
  const { server, method } = entry;
  // Before anybody logs in: what is wrong with the setting must not cost a session.
  const keyring = chooseKeyring(machine.environment);
  const fly = async (): Promise<Profile> => keep(machine, { ...entry, keyring }, await method.run());
  if (method.sharedAs === undefined) return fly();
  const name = createHash('sha256').update(`${server} ${method.sharedAs}`).digest('hex').slice(0, 16);
  const patience = setTimeout(() => output.say('another infra is logging in there: waiting for it'), 1000);
  try {
    return await singleFlight({
      ...{ home, name: `login.${name}`, waitMilliseconds: longestLoginSeconds * 1000 },
      landed: () => {
        clearTimeout(patience);
        return [...sessionsAt(machine, server)].find(([id]) => !before.has(id))?.[1];
      },
      fly,
    });
  } finally {
    clearTimeout(patience);
  }
}

/** kubectl begins to refuse certificates about there. */
const clockToleranceSeconds = 120;

/** Session first, then the list: a profile in the list without its session would only say that nobody is logged in. */
async function keep(
  { home, output }: Machine,
  { server, trust, method, keyring }: Entry & { readonly keyring: KeyringChoice },
  opened: OpenedSession,
): Promise<Profile> {
  const { id, expiresAt, createdAt, identity, provider } = opened.session;
  const ahead = Math.round((systemClock.now() - Date.parse(createdAt)) / 1000);
  if (Math.abs(ahead) > clockToleranceSeconds)
    output.warn(
      `this machine's clock is ${formatDuration(Math.abs(ahead))} ${ahead > 0 ? 'ahead of' : 'behind'} the server's; set it, or kubectl refuses what is valid`,
    );
  const secret = new SecretValue(opened.secret);
  const session = placeSecret({ id, expiresAt, provider, secret, workloadTokenFile: method.workloadTokenFile ?? null }, keyring);
  const { profile, replaced } = await updateProfiles(home, (before) => {
    const { profiles, result } = withProfile(before, { server, trust, account: { id: identity.id, name: identity.name } });
    const old = writeSession(home, result.name, session);
    removeCachedCredentials(home, result.name);
    return { profiles, result: { profile: result, replaced: old } };
  });
  if (replaced !== undefined) forgetSecret(replaced);
  return profile;
}
