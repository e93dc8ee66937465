/**
 * Opens the database and brings its schema up to date. Owns how SQLite is set up and that one server alone writes to it.
 * PostgreSQL joins here and in the other files that `architecture.md` §4.6 names; nothing else may know which database it is.
 */
import { existsSync } from 'node:fs';
import Sqlite from 'better-sqlite3';
import { Kysely, SqliteDialect, type Transaction } from 'kysely';
import { migrations } from './migrations.ts';
import type { Database } from './schema.ts';

/** A handle for statements: the database itself, or a transaction on it. */
export type Handle = Kysely<Database> | Transaction<Database>;

/** What keeps the server from starting on this database, with the remedy. */
export class StorageError extends Error {
  constructor(sentence: string, options?: { cause?: unknown }) {
    super(sentence, options);
    this.name = 'StorageError';
  }
}

export interface OpenDatabase {
  readonly db: Kysely<Database>;
  /** True when the schema was made just now. */
  readonly isNew: boolean;
  close(): Promise<void>;
}

/** Opens `sqlite:<file>` and migrates it; throws `StorageError` for a newer schema. */
export async function openDatabase(databaseUrl: string): Promise<OpenDatabase> {
  const file = sqliteFile(databaseUrl);
  const isNew = !existsSync(file);
  const sqlite = openSqlite(file);
  const db = new Kysely<Database>({ dialect: new SqliteDialect({ database: withPreparedOnce(sqlite) }) });
  try {
    await migrate(db);
  } catch (error) {
    await db.destroy();
    throw error;
  }
  return { db, isNew, close: () => db.destroy() };
}

export function sqliteFile(databaseUrl: string): string {
  if (!databaseUrl.startsWith('sqlite:'))
    throw new StorageError(`databaseUrl: "${databaseUrl.split(':')[0] ?? ''}:" is not served by this version; use sqlite:<file>`);
  return databaseUrl.slice('sqlite:'.length);
}

function openSqlite(file: string): Sqlite.Database {
  const sqlite = openFile(file);
  // What is acknowledged survives the loss of power, not only of the process.
  sqlite.pragma('synchronous = FULL');
  sqlite.pragma('foreign_keys = ON');
  sqlite.pragma('busy_timeout = 5000');
  return sqlite;
}

/** The first statement is the first to read the file. */
function openFile(file: string): Sqlite.Database {
  let sqlite: Sqlite.Database | undefined;
  try {
    sqlite = new Sqlite(file);
    sqlite.pragma('journal_mode = WAL');
    return sqlite;
  } catch (cause) {
    sqlite?.close();
    const reason = cause instanceof Error ? cause.message : 'unknown error';
    throw new StorageError(
      `the database ${file} cannot be used (${reason}); give another databaseUrl, or put a backup in place: infra-server restore`,
      { cause },
    );
  }
}

const preparedKept = 500;
/** A transaction that reads before it writes fails when another program (`recover-admin`) wrote in between, unless it waits for its turn first. */
const beginToWrite = 'BEGIN IMMEDIATE';

/** Kysely prepares a statement each time it runs one, which costs more than running most of ours does. The oldest goes when there are too many. */
function withPreparedOnce(sqlite: Sqlite.Database): Pick<Sqlite.Database, 'prepare' | 'close'> {
  const known = new Map<string, Sqlite.Statement>();
  const prepare = (sql: string): Sqlite.Statement => {
    const before = known.get(sql);
    if (before !== undefined) return before;
    const statement = sqlite.prepare(sql === 'begin' ? beginToWrite : sql);
    known.set(sql, statement);
    const [oldest] = known.keys();
    if (known.size > preparedKept && oldest !== undefined) known.delete(oldest);
    return statement;
  };
  // The overloads of better-sqlite3 differ in types of parameters and rows alone.
  return { prepare: prepare as Sqlite.Database['prepare'], close: () => sqlite.close() };
}

/** Copies a live SQLite database, consistent as of one moment, to a new file. */
export async function copyDatabase(databaseUrl: string, target: string): Promise<void> {
  const sqlite = new Sqlite(sqliteFile(databaseUrl), { readonly: true, fileMustExist: true });
  try {
    await sqlite.backup(target);
  } finally {
    sqlite.close();
  }
}

/** Whether a file is the whole database of an installation that was started at least once. */
export function isWholeInstallation(file: string): boolean {
  let sqlite: Sqlite.Database | undefined;
  try {
    sqlite = new Sqlite(file, { readonly: true, fileMustExist: true });
    return (
      sqlite.prepare("SELECT 1 FROM settings WHERE key = 'trust_domain'").get() !== undefined &&
      sqlite.pragma('integrity_check', { simple: true }) === 'ok'
    );
  } catch {
    return false;
  } finally {
    sqlite?.close();
  }
}

/**
 * Holds the right to be the server of this data directory until the process ends, however it ends: the lock is the operating system's, on a
 * file of its own so that backups and `recover-admin` may still open the database.
 */
export function claimDataDirectory(lockFile: string): { release(): void } {
  const lock = new Sqlite(lockFile);
  try {
    lock.pragma('locking_mode = EXCLUSIVE');
    lock.exec('BEGIN EXCLUSIVE');
  } catch (cause) {
    lock.close();
    throw new StorageError(
      `another infra-server is running on this data directory (${lockFile} is locked); stop it, or give this one its own dataDir`,
      { cause },
    );
  }
  return { release: () => lock.close() };
}

const newestVersion = Math.max(...migrations.map((migration) => migration.version));

/** The version of a schema; 0 for an empty database. */
async function schemaVersion(db: Kysely<Database>): Promise<number> {
  const tables = await db.introspection.getTables();
  if (!tables.some((table) => table.name === 'settings')) return 0;
  const row = await db.selectFrom('settings').select('value').where('key', '=', 'schema_version').executeTakeFirst();
  return Number(row?.value ?? 0);
}

async function migrate(db: Kysely<Database>): Promise<void> {
  const current = await schemaVersion(db);
  if (current > newestVersion) {
    throw new StorageError(
      `the database has schema ${current}, this infra-server knows up to ${newestVersion}; start a version at least as new as the one that wrote it`,
    );
  }
  for (const migration of migrations.filter(({ version }) => version > current)) {
    await db.transaction().execute(async (tx) => {
      // A migration names tables that the present schema may no longer have.
      await migration.up(tx as unknown as Kysely<unknown>);
      await tx.deleteFrom('settings').where('key', '=', 'schema_version').execute();
      await tx
        .insertInto('settings')
        .values({ key: 'schema_version', value: String(migration.version) })
        .execute();
    });
  }
}
