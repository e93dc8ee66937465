/** Identity providers with a directory (Entra, Google), and what their groups are known by there. Never edited once released. */
import type { Kysely } from 'kysely';

const columns = [
  ['identity_providers', 'directory'],
  ['identity_providers', 'sealed_service_account_key'],
  ['accounts', 'groups_at'],
] as const;

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const [table, column] of columns) await db.schema.alterTable(table).addColumn(column, 'text').execute();
  await db.schema
    .createTable('directory_groups')
    .addColumn('group_id', 'text', (column) => column.primaryKey().notNull())
    .addColumn('provider_id', 'text', (column) => column.notNull())
    .addColumn('directory_id', 'text', (column) => column.notNull())
    .addColumn('named_at', 'text')
    .addForeignKeyConstraint('directory_groups_group_id', ['group_id'], 'groups', ['id'])
    .addForeignKeyConstraint('directory_groups_provider_id', ['provider_id'], 'identity_providers', ['id'])
    .execute();
  await db.schema
    .createIndex('directory_groups_by_provider_id_directory_id')
    .on('directory_groups')
    .columns(['provider_id', 'directory_id'])
    .unique()
    .execute();
}
