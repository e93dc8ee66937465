/** Who holds the secret of a session: a program, as all did before, or a browser. Never edited once released. */
import type { Kysely } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('sessions')
    .addColumn('client', 'text', (column) => column.notNull().defaultTo('program'))
    .execute();
}
