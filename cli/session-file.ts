/** The session's secret on disk: one file a profile, for its owner alone. */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomically } from './atomic-file.ts';
import { SecretValue } from '../shared/node/secret-value.ts';
import { errorCode } from './failure.ts';
import { credentialsDirectory, ensurePrivateDirectory, type Home } from './home.ts';

export interface StoredSession {
  readonly id: string;
  readonly secret: SecretValue;
  /** RFC 3339. */
  readonly expiresAt: string;
  /** The identity provider that it came from; null: a password or a key. */
  readonly provider: string | null;
  /** Of a workload: where its platform keeps a token with which to log in again. */
  readonly workloadTokenFile: string | null;
}

const sessionFile = (home: Home, profile: string): string => join(credentialsDirectory(home, profile), 'session.json');

export function writeSession(home: Home, profile: string, session: StoredSession): void {
  ensurePrivateDirectory(home, join(home.directory, 'credentials'));
  ensurePrivateDirectory(home, credentialsDirectory(home, profile));
  const content = JSON.stringify({
    id: session.id,
    secret: session.secret.reveal(),
    expiresAt: session.expiresAt,
    provider: session.provider,
    workloadTokenFile: session.workloadTokenFile,
  });
  writeFileAtomically(sessionFile(home, profile), `${content}\n`, { mode: 0o600, durable: true });
}

/** Undefined: nobody is logged in there. A file that cannot be understood is none. */
export function readSession(home: Home, profile: string): StoredSession | undefined {
  try {
    const parsed: unknown = JSON.parse(readFileSync(sessionFile(home, profile), 'utf8'));
    if (typeof parsed !== 'object' || parsed === null) return undefined;
    const { id, secret, expiresAt, provider, workloadTokenFile } = parsed as Readonly<Record<string, unknown>>;
    if (typeof id !== 'string' || typeof secret !== 'string' || typeof expiresAt !== 'string') return undefined;
    return {
      ...{ id, secret: new SecretValue(secret), expiresAt },
      provider: typeof provider === 'string' ? provider : null,
      workloadTokenFile: typeof workloadTokenFile === 'string' ? workloadTokenFile : null,
    };
  } catch (error) {
    if (error instanceof SyntaxError || errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

export const removeSession = (home: Home, profile: string): void => rmSync(sessionFile(home, profile), { force: true });
