/** Logins by a code that is typed in a browser elsewhere (RFC 8628), from the question to the session. Never edited once released. */
import type { Kysely } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('device_logins')
    .addColumn('id', 'text', (column) => column.primaryKey().notNull())
    .addColumn('device_code_hash', 'text', (column) => column.notNull().unique())
    .addColumn('user_code_hash', 'text', (column) => column.notNull().unique())
    .addColumn('challenge', 'text', (column) => column.notNull())
    .addColumn('host', 'text')
    .addColumn('source_address', 'text', (column) => column.notNull())
    .addColumn('user_agent', 'text', (column) => column.notNull())
    .addColumn('created_at', 'text', (column) => column.notNull())
    .addColumn('expires_at', 'text', (column) => column.notNull())
    .addColumn('interval_seconds', 'integer', (column) => column.notNull())
    .addColumn('polled_at', 'text')
    // waiting, approved, denied, over
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('browser_hash', 'text', (column) => column.unique())
    .addColumn('browser_login_id', 'text')
    .execute();
  await db.schema.createIndex('device_logins_by_expires_at').on('device_logins').column('expires_at').execute();
}
