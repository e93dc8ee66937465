/** Passkeys as the whole of a login: what is known of whether they can be, and by which one somebody arrived. Never edited once released. */
import type { Kysely } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('passkeys').addColumn('discoverable', 'integer').execute();
  await db.schema
    .alterTable('passkeys')
    .addColumn('trusted_alone', 'integer', (column) => column.notNull().defaultTo(1))
    .execute();
  await db.schema.alterTable('browser_logins').addColumn('passkey_id', 'text').execute();
}
