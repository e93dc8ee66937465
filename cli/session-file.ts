/**
 * The session on this machine: one file a profile, for its owner alone. Its secret is in the system's keyring where there is one that takes it,
 * else in the same file; the file says which. Nothing else knows where secrets are.
 */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomically } from './atomic-file.ts';
import { SecretValue } from '../shared/node/secret-value.ts';
import { CliError, errorCode } from './failure.ts';
import { credentialsDirectory, ensurePrivateDirectory, type Home } from './home.ts';
import { askKeyring, faultWords, type KeyringChoice } from './keyring.ts';

interface SessionFacts {
  readonly id: string;
  /** RFC 3339. */
  readonly expiresAt: string;
  /** The identity provider that it came from; null: a password or a key. */
  readonly provider: string | null;
  /** Of a workload: where its platform keeps a token with which to log in again. */
  readonly workloadTokenFile: string | null;
}
export interface NewSession extends SessionFacts {
  readonly secret: SecretValue;
}
export interface StoredSession extends SessionFacts {
  readonly keptIn: Keeping;
  /** Asks the keyring when it is there, once a process; throws what to do when that does not give it. */
  readonly secret: () => SecretValue;
}
/** `because`: why not in the keyring; null: the file is older than the choice. */
export type Keeping = { readonly place: 'keyring' } | { readonly place: 'file'; readonly because: string | null };

const sessionFile = (home: Home, profile: string): string => join(credentialsDirectory(home, profile), 'session.json');

/** A new session whose secret has its place already. */
export interface PlacedSession extends NewSession {
  readonly keptIn: Keeping;
}

/** May ask the keyring, and so take seconds: before any lock is held. */
export function placeSecret(session: NewSession, keyring: KeyringChoice): PlacedSession {
  if (!keyring.use) return { ...session, keptIn: { place: 'file', because: keyring.because } };
  const answer = askKeyring({ verb: 'keep', sessionId: session.id, secret: session.secret.reveal() });
  return { ...session, keptIn: 'fault' in answer ? { place: 'file', because: faultWords[answer.fault] } : { place: 'keyring' } };
}

/** The session that was there before, whose secret may still be in the keyring. */
export function writeSession(home: Home, profile: string, session: PlacedSession): StoredSession | undefined {
  const before = readSession(home, profile);
  ensurePrivateDirectory(home, join(home.directory, 'credentials'));
  ensurePrivateDirectory(home, credentialsDirectory(home, profile));
  const { id, secret, expiresAt, provider, workloadTokenFile, keptIn } = session;
  const kept = keptIn.place === 'keyring' ? { keptIn: 'keyring' } : { secret: secret.reveal(), fileBecause: keptIn.because };
  writeFileAtomically(sessionFile(home, profile), `${JSON.stringify({ id, expiresAt, provider, workloadTokenFile, ...kept })}\n`, {
    mode: 0o600,
    durable: true,
  });
  return before?.id === id ? undefined : before;
}

/** Undefined: nobody is logged in there. A file that cannot be understood is none. */
export function readSession(home: Home, profile: string): StoredSession | undefined {
  try {
    const parsed: unknown = JSON.parse(readFileSync(sessionFile(home, profile), 'utf8'));
    if (typeof parsed !== 'object' || parsed === null) return undefined;
    const { id, secret, keptIn, fileBecause, expiresAt, provider, workloadTokenFile } = parsed as Readonly<Record<string, unknown>>;
    if (typeof id !== 'string' || typeof expiresAt !== 'string') return undefined;
    const facts = {
      ...{ id, expiresAt },
      provider: typeof provider === 'string' ? provider : null,
      workloadTokenFile: typeof workloadTokenFile === 'string' ? workloadTokenFile : null,
    };
    if (keptIn === 'keyring') return { ...facts, keptIn: { place: 'keyring' }, secret: () => secretInKeyring(id) };
    if (typeof secret !== 'string') return undefined;
    const because = typeof fileBecause === 'string' ? fileBecause : null;
    return { ...facts, keptIn: { place: 'file', because }, secret: () => new SecretValue(secret) };
  } catch (error) {
    if (error instanceof SyntaxError || errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

const asked = new Map<string, SecretValue>();

function secretInKeyring(sessionId: string): SecretValue {
  const known = asked.get(sessionId);
  if (known !== undefined) return known;
  const answer = askKeyring({ verb: 'read', sessionId });
  if ('fault' in answer)
    throw new CliError(
      'notLoggedIn',
      `the session is kept in the keyring, but ${faultWords[answer.fault]}; unlock it, or run: infra login`,
    );
  if (answer.secret === null) throw new CliError('notLoggedIn', 'the session is no longer in the keyring; run: infra login');
  const secret = new SecretValue(answer.secret);
  asked.set(sessionId, secret);
  return secret;
}

/** The session that was there, whose secret may still be in the keyring. */
export function removeSession(home: Home, profile: string): StoredSession | undefined {
  const before = readSession(home, profile);
  rmSync(sessionFile(home, profile), { force: true });
  return before;
}

/** Takes a secret that is of no use here any more out of the keyring; why it would not go, or undefined. */
export function forgetSecret({ id, keptIn }: Pick<PlacedSession, 'id' | 'keptIn'>): string | undefined {
  if (keptIn.place === 'file') return undefined;
  const answer = askKeyring({ verb: 'forget', sessionId: id });
  return 'fault' in answer ? faultWords[answer.fault] : undefined;
}
