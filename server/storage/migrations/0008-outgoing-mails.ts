/** Mail that is due, from the change it belongs to until it was handed over or given up. Never edited once released. */
import type { Kysely } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('outgoing_mails')
    .addColumn('id', 'text', (column) => column.primaryKey().notNull())
    .addColumn('kind', 'text', (column) => column.notNull())
    // What somebody typed, and so perhaps nobody's; null where an identity is known.
    .addColumn('email', 'text')
    // Not a foreign key: who was removed meanwhile gets no mail, and mail keeps nobody from being removed.
    .addColumn('identity_id', 'text')
    .addColumn('attempts', 'integer', (column) => column.notNull())
    .addColumn('due_at', 'text', (column) => column.notNull())
    .addColumn('created_at', 'text', (column) => column.notNull())
    .execute();
  await db.schema.createIndex('outgoing_mails_by_due_at').on('outgoing_mails').column('due_at').execute();
}
