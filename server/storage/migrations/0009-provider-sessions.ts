/** Which login at an identity provider a session came from, by what the provider calls it. Never edited once released. */
import type { Kysely } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  // Kept between the person's return from the provider and the session.
  await db.schema.alterTable('browser_logins').addColumn('sealed_origin', 'text').execute();
  await db.schema
    .createTable('provider_sessions')
    .addColumn('session_id', 'text', (column) => column.primaryKey().notNull())
    .addColumn('provider_id', 'text', (column) => column.notNull())
    .addColumn('subject', 'text', (column) => column.notNull())
    .addColumn('sid', 'text')
    .addColumn('issued_at', 'integer', (column) => column.notNull())
    .addColumn('sealed_id_token', 'text', (column) => column.notNull())
    .addForeignKeyConstraint('provider_sessions_session_id', ['session_id'], 'sessions', ['id'])
    .execute();
  for (const column of ['subject', 'sid'])
    await db.schema
      .createIndex(`provider_sessions_by_provider_id_${column}`)
      .on('provider_sessions')
      .columns(['provider_id', column])
      .execute();
}
