/** What a provider gave us to ask anew about a person, how often it is asked, and what it said last. Never edited once released. */
import type { Kysely } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  // Null, as all that were connected before have it: only logins tell anything.
  await db.schema.alterTable('identity_providers').addColumn('sync_minutes', 'integer').execute();
  await db.schema.alterTable('accounts').addColumn('claims', 'text').execute();
  await db.schema
    .createTable('refresh_tokens')
    .addColumn('account_id', 'text', (column) => column.primaryKey().notNull())
    .addColumn('provider_id', 'text', (column) => column.notNull())
    .addColumn('sealed_token', 'text', (column) => column.notNull())
    .addColumn('due_at', 'text', (column) => column.notNull())
    .addColumn('claimed_until', 'text')
    .addColumn('failures', 'integer', (column) => column.notNull())
    .addColumn('last_failure', 'text')
    .addForeignKeyConstraint('refresh_tokens_account_id', ['account_id'], 'accounts', ['id'])
    .execute();
  await db.schema.createIndex('refresh_tokens_by_due_at').on('refresh_tokens').column('due_at').execute();
  await db.schema.createIndex('refresh_tokens_by_provider_id').on('refresh_tokens').column('provider_id').execute();
}
