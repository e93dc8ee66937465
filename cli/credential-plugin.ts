/**
 * `infra kube credential`: the exec plugin of kubectl and its friends (client.authentication.k8s.io/v1). Prints the cached credential, or
 * gets one: key pair here, certificate from the server, one flight at a time for each destination and account. Imports nothing heavy.
 */
import { parseArgs } from 'node:util';
import { systemClock, toTime } from '../shared/clock.ts';
import { idPattern } from '../shared/id.ts';
import {
  handOutUntil,
  readCachedCredential,
  removeCachedCredential,
  removeCachedCredentials,
  writeCachedCredential,
  type CachedCredential,
  type CacheKey,
} from './credential-cache.ts';
import { CliError, type Failure } from './failure.ts';
import type { Home } from './home.ts';
import { chooseProfile, readProfiles, type Profile } from './profiles.ts';
import { offlineSentence } from './reach-words.ts';
import { readSession, type StoredSession } from './session-file.ts';
import { singleFlight } from './single-flight.ts';

export interface PluginOptions {
  readonly home: Home;
  /** After `kube credential`. */
  readonly arguments: readonly string[];
  readonly userAgent: () => string;
  /** A sentence for the person beside the credential. */
  readonly warn: (sentence: string) => void;
}

/** Nobody is logged in any more with the session that there was. */
export class SessionOverError extends CliError {
  readonly profile: Profile;
  readonly session: StoredSession;
  constructor(error: CliError, profile: Profile, session: StoredSession) {
    super(error.failure, error.message, { cause: error });
    this.profile = profile;
    this.session = session;
  }
}

/** The text for stdout: one ExecCredential. */
export async function provideCredential({ home, arguments: args, userAgent, warn }: PluginOptions): Promise<string> {
  const { destination, profile: profileName } = readArguments(args);
  const profile = chooseProfile(readProfiles(home), profileName);
  const key = { profile: profile.name, destination };
  const cached = usable(readCachedCredential(home, key));
  if (cached !== undefined) return cached.execCredential;
  const session = readSession(home, profile.name);
  try {
    return await singleFlight({
      home,
      name: `${key.profile}.${key.destination}`,
      waitMilliseconds: 45_000,
      landed: () => usable(readCachedCredential(home, key))?.execCredential,
      fly: () => refresh({ home, profile, key, userAgent: userAgent(), warn }),
    });
  } catch (error) {
    if (error instanceof CliError && error.failure === 'notLoggedIn' && session !== undefined)
      return lastResort(home, key, new SessionOverError(error, profile, session));
    return lastResort(home, key, error);
  }
}

function readArguments(args: readonly string[]): { destination: string; profile: string | undefined } {
  let values: { destination?: string | undefined; profile?: string | undefined };
  try {
    ({ values } = parseArgs({ args: [...args], options: { destination: { type: 'string' }, profile: { type: 'string' } } }));
  } catch (cause) {
    throw new CliError(
      'wrongUse',
      'kube credential takes --destination ID and --profile NAME; write kubeconfig anew: infra kubeconfig write',
      {
        cause,
      },
    );
  }
  if (values.destination === undefined || !idPattern('destination').test(values.destination))
    throw new CliError('wrongUse', 'kube credential needs --destination with an id (dst_…); write kubeconfig anew: infra kubeconfig write');
  return { destination: values.destination, profile: values.profile };
}

const usable = (cached: CachedCredential | undefined): CachedCredential | undefined =>
  cached !== undefined && systemClock.now() / 1000 < cached.handOutUntilSeconds ? cached : undefined;

interface Refresh {
  readonly home: Home;
  readonly profile: Profile;
  readonly key: CacheKey;
  readonly userAgent: string;
  readonly warn: PluginOptions['warn'];
}

async function refresh({ home, profile, key, userAgent, warn }: Refresh): Promise<string> {
  const session = liveSession(home, profile);
  const secret = session.secret();
  const [{ createKeyPair }, { requestLease }] = await Promise.all([import('./key-pair.ts'), import('./lease-request.ts')]);
  const { privateKey, certificateRequest } = createKeyPair();
  // Taken before the request: on this machine's clock the certificate ends no later than this says, however wrong the clock is.
  const issuedAt = systemClock.now();
  const { server, trust } = profile;
  const issued = await requestLease({ server, trust, secret, userAgent, destination: key.destination, certificateRequest });
  const until = handOutUntil(issuedAt, issued.lifeMilliseconds);
  const execCredential = formatExecCredential({
    certificateChain: issued.certificateChain,
    privateKey,
    expiresAt: toTime(until),
  });
  const cached: CachedCredential = {
    handOutUntilSeconds: Math.floor(until / 1000),
    endsAtSeconds: Math.floor((issuedAt + issued.lifeMilliseconds) / 1000),
    leaseId: issued.leaseId,
    execCredential,
  };
  // A logout or another login during the request: what belongs to the old session must not stay behind.
  if (readSession(home, profile.name)?.id === session.id) writeCachedCredential(home, key, cached);
  // kubectl tries all the same: the server may be behind, and what it then says of the connection explains nothing.
  if (issued.offline !== undefined) warn(offlineSentence(issued.offline.destinationName, issued.offline.lastSeenAt));
  return execCredential;
}

function liveSession(home: Home, profile: Profile): StoredSession {
  const session = readSession(home, profile.name);
  if (session !== undefined && Date.parse(session.expiresAt) > systemClock.now()) return session;
  throw new CliError('notLoggedIn', `not logged in to ${profile.server} as ${profile.account.name}; run: infra login ${profile.server}`);
}

interface ExecCredentialParts {
  readonly certificateChain: string;
  readonly privateKey: string;
  readonly expiresAt: string;
}

const formatExecCredential = ({ certificateChain, privateKey, expiresAt }: ExecCredentialParts): string =>
  JSON.stringify({
    apiVersion: 'client.authentication.k8s.io/v1',
    kind: 'ExecCredential',
    status: { expirationTimestamp: expiresAt, clientCertificateData: certificateChain, clientKeyData: privateKey },
  });

/**
 * An outage is not a revocation: with the server away, what is cached serves to its true end. Anything else the server said is final, and
 * what it said no to is not kept.
 */
function lastResort(home: Home, key: CacheKey, error: unknown): string {
  const failure: Failure = error instanceof CliError ? error.failure : 'failed';
  if (failure === 'notLoggedIn') removeCachedCredentials(home, key.profile);
  if (failure === 'forbidden' || failure === 'notFound') removeCachedCredential(home, key);
  const cached = failure === 'unreachable' ? readCachedCredential(home, key) : undefined;
  if (cached === undefined || systemClock.now() / 1000 >= cached.endsAtSeconds) throw error;
  return cached.execCredential.replace(/"expirationTimestamp":"[^"]*"/, `"expirationTimestamp":"${toTime(cached.endsAtSeconds * 1000)}"`);
}
