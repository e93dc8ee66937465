/** What `infra-server` does besides serving: a way back in for a locked-out admin, and backups of an embedded database. */
import { randomBytes } from 'node:crypto';
import { chmodSync, copyFileSync, existsSync, renameSync, rmSync } from 'node:fs';
import type { Clock } from '../shared/clock.ts';
import { toTime } from '../shared/clock.ts';
import { system } from './audit/caller.ts';
import type { ServerConfig } from './config.ts';
import { claimServer, prepareDataDirectory } from './data-directory.ts';
import { newEpoch, openInstallation } from './installation.ts';
import { passwordPreparation } from './login/password-preparation.ts';
import { createSetupService } from './login/setup-service.ts';
import { createChangeBell } from './storage/change-feed.ts';
import { copyDatabase, isWholeInstallation, openDatabase, sqliteFile, StorageError } from './storage/database.ts';
import { createTransact, type Transact } from './storage/transact.ts';
import { bindStores, type Stores } from './stores.ts';

interface CommandContext {
  readonly config: ServerConfig;
  readonly clock: Clock;
  readonly say: (line: string) => void;
}

/** Prints a one-time link that makes an admin. Works beside a running server. */
export async function recoverAdmin({ config, clock, say }: CommandContext): Promise<void> {
  requireDatabase(config);
  await withStores(config.databaseUrl, clock, async (read, transact) => {
    const setup = createSetupService({ read, transact, preparation: passwordPreparation, clock });
    say(setupLink(config.publicUrl, await setup.createLink('recover-admin')));
  });
}

export const setupLink = (publicUrl: string, token: string): string => `${publicUrl}/setup#${token}`;

/** A consistent copy of a running server's database. The root key is not in it: keep that elsewhere. */
export async function backup({ config, clock, say }: CommandContext, target: string): Promise<void> {
  requireDatabase(config);
  if (existsSync(target)) throw new StorageError(`${target} is there already; choose another name`);
  const partial = `${target}.${randomBytes(4).toString('hex')}.partial`;
  try {
    await withStores(config.databaseUrl, clock, async (_read, transact) =>
      transact(async ({ audit }) => audit.record({ event: 'server.backed-up', act: { by: system, now: clock.now() }, details: {} })),
    );
    await copyDatabase(config.databaseUrl, partial);
    chmodSync(partial, 0o600);
    renameSync(partial, target);
  } finally {
    rmSync(partial, { force: true });
  }
  say(`backed up to ${target}; the root key ${config.rootKeyFile} is not in it and is needed to restore`);
}

/**
 * Puts a backup in place of the present database, which is kept beside. Starts a new epoch, so connectors take the whole state, and ends all
 * sessions, leases and one-time links: what was revoked or used after the backup must not come back to life.
 */
export async function restore({ config, clock, say }: CommandContext, source: string): Promise<void> {
  if (!existsSync(source)) throw new StorageError(`${source} is not there`);
  prepareDataDirectory(config.dataDir);
  const claim = claimServer(config.dataDir);
  const file = sqliteFile(config.databaseUrl);
  const staged = `${file}.restoring`;
  try {
    copyFileSync(source, staged);
    chmodSync(staged, 0o600);
    if (!isWholeInstallation(staged))
      throw new StorageError(`${source} is no backup of an infra-server, or not a whole one; nothing was restored`);
    await withStores(`sqlite:${staged}`, clock, async (_read, transact) => {
      // A backup of another installation, or without its root key, could not be started: better to hear of it now.
      await openInstallation(transact, config, clock);
      await startAfresh(transact, clock);
    });
    const kept = keepAside(file, clock);
    renameSync(staged, file);
    say(`restored from ${source}${kept === undefined ? '' : `; the database of before is ${kept}`}`);
    say(
      'all sessions and credentials are ended: everybody logs in again, and makes new recovery codes (infra mfa recovery-codes). Users, groups, grants and access keys are as they were at the time of the backup: look through them before you start the server',
    );
  } finally {
    for (const leftover of [staged, `${staged}-wal`, `${staged}-shm`]) rmSync(leftover, { force: true });
    claim.release();
  }
}

async function startAfresh(transact: Transact<Stores>, clock: Clock): Promise<void> {
  await transact(async (stores) => {
    const act = { by: system, now: clock.now() };
    const epoch = newEpoch();
    await stores.feed.startEpoch(epoch);
    await stores.sessions.endEverything(toTime(act.now), 'backup restored');
    await stores.leases.revokeEverything(toTime(act.now), 'backup restored');
    // A one-time secret that was used after the backup looks unused in it.
    await stores.loginTokens.removeEverything();
    await stores.browserLogins.removeEverything();
    await stores.deviceLogins.removeEverything();
    await stores.providerLoginTests.removeEverything();
    await stores.outgoingMails.removeEverything();
    await stores.refreshTokens.removeEverything();
    // So does a recovery code.
    await stores.recoveryCodes.removeEverything();
    // One that was removed since is there again.
    await stores.passkeys.distrustEverybodysAlone();
    await stores.audit.record({ event: 'server.restored', act, details: { epoch } });
  });
}

/** Moves the present database out of the way, write-ahead log included, so nothing of it mixes with the restored one. */
function keepAside(file: string, clock: Clock): string | undefined {
  if (!existsSync(file)) return undefined;
  const kept = `${file}.before-restore-${toTime(clock.now()).replace(/[:.]/g, '-')}`;
  for (const suffix of ['', '-wal', '-shm']) if (existsSync(file + suffix)) renameSync(file + suffix, kept + suffix);
  return kept;
}

function requireDatabase(config: ServerConfig): void {
  if (!existsSync(sqliteFile(config.databaseUrl)))
    throw new StorageError(`there is no database at ${sqliteFile(config.databaseUrl)}; give the server's dataDir (--data-dir)`);
}

async function withStores(
  databaseUrl: string,
  clock: Clock,
  work: (read: Stores, transact: Transact<Stores>) => Promise<void>,
): Promise<void> {
  const database = await openDatabase(databaseUrl);
  try {
    await work(
      bindStores(database.db, clock),
      createTransact(database.db, (handle) => bindStores(handle, clock), createChangeBell()),
    );
  } finally {
    await database.close();
  }
}
