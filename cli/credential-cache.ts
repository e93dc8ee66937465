/**
 * Cached credentials, one file a destination, for their owner alone. The first line is for the shell script of the warm path:
 * `<hand out until> <true end> <lease id>`, times in whole seconds since the epoch on this machine's clock. The rest is the ExecCredential
 * that is printed as it stands. One file, replaced atomically: time and credential always belong together.
 */
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomically } from './atomic-file.ts';
import { errorCode } from './failure.ts';
import { credentialsDirectory, ensurePrivateDirectory, type Home } from './home.ts';

export interface CachedCredential {
  readonly handOutUntilSeconds: number;
  readonly endsAtSeconds: number;
  readonly leaseId: string;
  /** One line of JSON. */
  readonly execCredential: string;
}

export interface CacheKey {
  readonly profile: string;
  readonly destination: string;
}

const suffix = '.kube-credential';
const cacheFile = (home: Home, key: CacheKey): string => join(credentialsDirectory(home, key.profile), `${key.destination}${suffix}`);

/**
 * client-go drops all its connections when the certificate it is handed changes, so one certificate is handed out as long as it can be:
 * until two minutes before its end, or for short lives the last 15 % (enough for clock differences and a slow answer).
 */
export function handOutUntil(issuedAtMilliseconds: number, lifeMilliseconds: number): number {
  return issuedAtMilliseconds + lifeMilliseconds - Math.min(120_000, lifeMilliseconds * 0.15);
}

export function writeCachedCredential(home: Home, key: CacheKey, credential: CachedCredential): void {
  ensurePrivateDirectory(home, credentialsDirectory(home, key.profile));
  const firstLine = `${credential.handOutUntilSeconds} ${credential.endsAtSeconds} ${credential.leaseId}`;
  // Not synced: what a power cut takes is fetched anew, and syncing costs more than the whole warm path.
  writeFileAtomically(cacheFile(home, key), `${firstLine}\n${credential.execCredential}\n`, { mode: 0o600, durable: false });
}

/** Whatever cannot be understood is not there. */
export function readCachedCredential(home: Home, key: CacheKey): CachedCredential | undefined {
  let text: string;
  try {
    text = readFileSync(cacheFile(home, key), 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  const match = /^(\d{1,12}) (\d{1,12}) (\S+)\n(\{.*\})\n$/.exec(text);
  const [, until, end, leaseId, execCredential] = match ?? [];
  if (leaseId === undefined || execCredential === undefined) return undefined;
  return { handOutUntilSeconds: Number(until), endsAtSeconds: Number(end), leaseId, execCredential };
}

/** All of a profile: after a logout, a new login, or an answer that says the session is over. */
export function removeCachedCredentials(home: Home, profile: string): void {
  for (const destination of cachedDestinations(home, profile)) removeCachedCredential(home, { profile, destination });
}

export const removeCachedCredential = (home: Home, key: CacheKey): void => rmSync(cacheFile(home, key), { force: true });

/** Ids of the destinations that a profile holds a credential for. */
export function cachedDestinations(home: Home, profile: string): string[] {
  try {
    return readdirSync(credentialsDirectory(home, profile))
      .filter((name) => name.endsWith(suffix))
      .map((name) => name.slice(0, -suffix.length));
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  }
}
