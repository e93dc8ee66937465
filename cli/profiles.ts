/**
 * Profiles: which servers, as whom. A profile is a server and an account; its name never changes, because kubeconfig contexts are built
 * from it. Read by the credential plugin too, so checked by hand: the schema library would cost it more than the rest of its start.
 */
import { readFileSync } from 'node:fs';
import { writeFileAtomically } from './atomic-file.ts';
import { CliError, errorCode } from './failure.ts';
import { ensurePrivateDirectory, lockFile, profilesFile, type Home } from './home.ts';
import type { Trust } from './https-request.ts';
import { withLock } from './lock-file.ts';
import { dirname } from 'node:path';

export interface Account {
  readonly id: string;
  /** Email of a user, name of a workload. */
  readonly name: string;
}

export interface Profile {
  readonly name: string;
  /** `https://host[:port]`, without a path. */
  readonly server: string;
  readonly account: Account;
  readonly trust: Trust;
  /** The first profile's contexts are `infra:<destination>`; every further one has its name in between. */
  readonly plainContexts: boolean;
}

export interface Profiles {
  readonly current: string | undefined;
  readonly profiles: readonly Profile[];
}

const noProfiles: Profiles = { current: undefined, profiles: [] };
const profileName = /^[a-z0-9](?:[a-z0-9.-]{0,98}[a-z0-9])?$/;

/** A name that may stand in file names, in arguments of a shell script and in context names. */
export const isProfileName = (text: string): boolean => profileName.test(text) && !text.includes('..');

export function readProfiles(home: Home): Profiles {
  const path = profilesFile(home);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return noProfiles;
    throw new CliError('failed', `${path} cannot be read (${errorCode(error) ?? 'unknown'}); check its owner and mode`, { cause: error });
  }
  const parsed = parseProfiles(text);
  if (parsed === undefined) throw new CliError('failed', `${path} is damaged; move it away and run: infra login SERVER`);
  return parsed;
}

/** Changes the list alone: two logins at the same moment lose nothing of each other. */
export async function updateProfiles<Result>(
  home: Home,
  change: (profiles: Profiles) => { profiles: Profiles; result: Result },
): Promise<Result> {
  const lock = lockFile(home, 'profiles');
  ensurePrivateDirectory(home, dirname(lock));
  return withLock(lock, { waitMilliseconds: 10_000 }, async () => {
    const { profiles, result } = change(readProfiles(home));
    writeFileAtomically(profilesFile(home), formatProfiles(profiles), { mode: 0o600, durable: true });
    return result;
  });
}

/** The profile of that server and account, new or as it was, made the current one. */
export function withProfile(
  before: Profiles,
  wanted: Pick<Profile, 'server' | 'account' | 'trust'>,
): { profiles: Profiles; result: Profile } {
  const known = before.profiles.find((profile) => profile.server === wanted.server && isSameAccount(profile.account, wanted.account));
  const profile: Profile = known
    ? { ...known, account: wanted.account, trust: wanted.trust }
    : { ...wanted, name: freeName(before.profiles, wanted), plainContexts: before.profiles.length === 0 };
  const others = before.profiles.map((each) => (each.name === profile.name ? profile : each));
  return { profiles: { current: profile.name, profiles: known ? others : [...others, profile] }, result: profile };
}

/** An email or a workload's name keeps its profile when the server was set up anew and gave it another id. */
const isSameAccount = (left: Account, right: Account): boolean =>
  left.id === right.id || (left.name === right.name && left.id.slice(0, 3) === right.id.slice(0, 3));

/** The profile meant by `--server NAME|URL`, or the current one. */
export function chooseProfile(profiles: Profiles, selector: string | undefined): Profile {
  if (selector === undefined) {
    const current = profiles.profiles.find((profile) => profile.name === profiles.current);
    if (current === undefined) throw new CliError('notLoggedIn', 'not logged in to any server; run: infra login SERVER');
    return current;
  }
  const named = profiles.profiles.find((profile) => profile.name === selector);
  if (named !== undefined) return named;
  const server = parseServerUrl(selector);
  const there = profiles.profiles.filter((profile) => profile.server === server);
  const chosen = there.find((profile) => profile.name === profiles.current) ?? (there.length === 1 ? there[0] : undefined);
  if (chosen !== undefined) return chosen;
  if (there.length > 1)
    throw new CliError(
      'wrongUse',
      `several accounts are logged in to ${selector}; name one of: ${there.map((profile) => profile.name).join(', ')}`,
    );
  throw new CliError('notLoggedIn', `not logged in to ${selector}; run: infra login ${selector}`);
}

/** `infra.example.com`, `localhost:8443` or an https URL as the server's origin; undefined for anything else. */
export function parseServerUrl(text: string): string | undefined {
  const url = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `https://${text}`);
  if (url === null || url.protocol !== 'https:' || url.hostname === '') return undefined;
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '' || url.pathname !== '/') return undefined;
  return url.origin;
}

/** The host; with its port, then with the account, then with a number where that is taken. */
function freeName(taken: readonly Profile[], { server, account }: Pick<Profile, 'server' | 'account'>): string {
  const { hostname, port } = new URL(server);
  const host = plain(hostname);
  const atPort = port === '' ? host : `${host}-${port}`;
  const sameServer = taken.some((profile) => profile.server === server);
  const person = `${sameServer && taken.some((profile) => profile.name === atPort) ? atPort : host}-${plain(account.name.split('@')[0] ?? '')}`;
  const candidates = sameServer ? [person] : [host, atPort, `${atPort}-${plain(account.name.split('@')[0] ?? '')}`];
  for (let number = 2; ; number += 1) {
    const free = candidates.find((candidate) => isProfileName(candidate) && !taken.some((profile) => profile.name === candidate));
    if (free !== undefined) return free;
    candidates.push(`${candidates[0] ?? 'server'}-${number}`, `server-${number}`);
  }
}

const plain = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[^a-z0-9.-]+/g, '-')
    .replace(/\.{2,}/g, '.')
    .replace(/^[.-]+|[.-]+$/g, '')
    .slice(0, 40)
    .replace(/[.-]+$/, '') || 'server';

const formatProfiles = ({ current, profiles }: Profiles): string => `${JSON.stringify({ version: 1, current, profiles }, null, 2)}\n`;

function parseProfiles(text: string): Profiles | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isRecord(parsed) || parsed['version'] !== 1 || !Array.isArray(parsed['profiles'])) return undefined;
  const profiles: Profile[] = [];
  for (const each of parsed['profiles'] as readonly unknown[]) {
    if (!isProfile(each)) return undefined;
    profiles.push(each);
  }
  return { current: typeof parsed['current'] === 'string' ? parsed['current'] : undefined, profiles };
}

function isProfile(value: unknown): value is Profile {
  if (!isRecord(value) || !isRecord(value['account']) || !isRecord(value['trust'])) return false;
  const { name, server, account, trust, plainContexts } = value;
  return (
    typeof name === 'string' &&
    isProfileName(name) &&
    typeof server === 'string' &&
    parseServerUrl(server) === server &&
    typeof account['id'] === 'string' &&
    typeof account['name'] === 'string' &&
    (trust['kind'] === 'system' || (trust['kind'] === 'pinned' && typeof trust['certificates'] === 'string')) &&
    typeof plainContexts === 'boolean'
  );
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
