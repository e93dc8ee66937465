/** Passkeys beside code apps, and the links that lead a browser through a ceremony with one. Never edited once released. */
import type { Kysely } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('second_factors').addColumn('name', 'text').execute();
  await db.schema
    .createTable('passkeys')
    .addColumn('factor_id', 'text', (column) => column.primaryKey().notNull().references('second_factors.id').onDelete('cascade'))
    .addColumn('credential_id', 'text', (column) => column.notNull().unique())
    .addColumn('sign_count', 'integer', (column) => column.notNull())
    .addColumn('backup_eligible', 'integer', (column) => column.notNull())
    .addColumn('backed_up', 'integer', (column) => column.notNull())
    .addColumn('transports', 'text', (column) => column.notNull())
    .execute();
  await db.schema
    .createTable('passkey_links')
    .addColumn('id', 'text', (column) => column.primaryKey().notNull())
    .addColumn('token_hash', 'text', (column) => column.notNull().unique())
    .addColumn('proof_hash', 'text', (column) => column.unique())
    .addColumn('task', 'text', (column) => column.notNull())
    .addColumn('identity_id', 'text', (column) => column.notNull().references('identities.id').onDelete('cascade'))
    .addColumn('session_id', 'text', (column) => column.notNull())
    .addColumn('challenge', 'text')
    .addColumn('factor_id', 'text')
    .addColumn('sealed_credential', 'text')
    .addColumn('created_at', 'text', (column) => column.notNull())
    .addColumn('expires_at', 'text', (column) => column.notNull())
    .addColumn('done_at', 'text')
    .addColumn('used_at', 'text')
    .execute();
  await db.schema.createIndex('passkey_links_by_expires_at').on('passkey_links').column('expires_at').execute();
}
