/**
 * A login in the browser is no longer the CLI's on this machine alone, nor by a provider alone: what it is for is a value, and who arrived is an
 * account at a provider or a user of our own. Never edited once released.
 */
import type { Kysely } from 'kysely';

/** Logins live for ten minutes: those under way have to be begun again. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.dropTable('browser_logins').execute();
  await db.schema
    .createTable('browser_logins')
    .addColumn('id', 'text', (column) => column.primaryKey().notNull())
    .addColumn('state_hash', 'text', (column) => column.notNull().unique())
    .addColumn('browser_hash', 'text', (column) => column.notNull())
    .addColumn('purpose', 'text', (column) => column.notNull())
    .addColumn('provider_id', 'text')
    .addColumn('sealed_checks', 'text')
    .addColumn('created_at', 'text', (column) => column.notNull())
    .addColumn('expires_at', 'text', (column) => column.notNull())
    .addColumn('returned_at', 'text')
    .addColumn('code_hash', 'text', (column) => column.unique())
    .addColumn('code_expires_at', 'text')
    .addColumn('exchanged_at', 'text')
    .addColumn('account_id', 'text')
    .addColumn('sealed_origin', 'text')
    .addColumn('identity_id', 'text')
    .addColumn('mfa_at', 'text')
    .execute();
  await db.schema.createIndex('browser_logins_by_expires_at').on('browser_logins').column('expires_at').execute();
}
