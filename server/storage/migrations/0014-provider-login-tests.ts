/** Logins that an admin makes to try an identity provider, and whether its word on second factors counts. Never edited once released. */
import type { Kysely } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('identity_providers')
    .addColumn('trust_mfa', 'integer', (column) => column.notNull().defaultTo(0))
    .execute();
  await db.schema
    .createTable('provider_login_tests')
    .addColumn('id', 'text', (column) => column.primaryKey().notNull())
    .addColumn('ticket_hash', 'text', (column) => column.notNull().unique())
    .addColumn('provider_id', 'text', (column) => column.notNull())
    .addColumn('begun_by', 'text', (column) => column.notNull())
    .addColumn('session_id', 'text', (column) => column.notNull())
    .addColumn('created_at', 'text', (column) => column.notNull())
    .addColumn('expires_at', 'text', (column) => column.notNull())
    .addColumn('used_at', 'text')
    .addColumn('result', 'text')
    .execute();
}
