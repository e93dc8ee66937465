/** What providers' directories give by SCIM, and the tokens they do it with. Never edited once released. */
import { sql, type Kysely } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await createUsers(db);
  await createGroups(db);
  await createTokens(db);
  // A provider's directory finds the account of somebody who logged in before it was asked.
  await sql`create index accounts_by_provider_id_email on accounts (provider_id, lower(email))`.execute(db);
}

async function createUsers(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('provisioned_users')
    .addColumn('provider_id', 'text', (column) => column.notNull().references('identity_providers.id').onDelete('cascade'))
    .addColumn('identity_id', 'text', (column) => column.notNull().references('identities.id').onDelete('cascade'))
    .addColumn('user_name', 'text', (column) => column.notNull())
    .addColumn('user_name_key', 'text', (column) => column.notNull())
    .addColumn('email', 'text', (column) => column.notNull())
    .addColumn('email_key', 'text', (column) => column.notNull())
    .addColumn('external_id', 'text')
    .addColumn('active', 'integer', (column) => column.notNull())
    .addColumn('attributes', 'text', (column) => column.notNull())
    .addColumn('version', 'integer', (column) => column.notNull())
    .addColumn('created_at', 'text', (column) => column.notNull())
    .addColumn('updated_at', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('provisioned_users_key', ['provider_id', 'identity_id'])
    .execute();
  for (const column of ['user_name_key', 'email_key', 'external_id'])
    await db.schema
      .createIndex(`provisioned_users_by_${column}`)
      .on('provisioned_users')
      .columns(['provider_id', column])
      .unique()
      .execute();
  await db.schema.createIndex('provisioned_users_by_identity').on('provisioned_users').column('identity_id').execute();
}

async function createGroups(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('provisioned_groups')
    .addColumn('group_id', 'text', (column) => column.primaryKey().notNull().references('groups.id').onDelete('cascade'))
    .addColumn('provider_id', 'text', (column) => column.notNull().references('identity_providers.id').onDelete('cascade'))
    .addColumn('external_id', 'text')
    .addColumn('version', 'integer', (column) => column.notNull())
    .addColumn('created_at', 'text', (column) => column.notNull())
    .addColumn('updated_at', 'text', (column) => column.notNull())
    .execute();
  await db.schema
    .createIndex('provisioned_groups_by_provider')
    .on('provisioned_groups')
    .columns(['provider_id', 'group_id'])
    .unique()
    .execute();
  await db.schema
    .createIndex('provisioned_groups_by_external_id')
    .on('provisioned_groups')
    .columns(['provider_id', 'external_id'])
    .unique()
    .execute();
}

async function createTokens(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('scim_tokens')
    .addColumn('id', 'text', (column) => column.primaryKey().notNull())
    .addColumn('secret_hash', 'text', (column) => column.notNull().unique())
    .addColumn('provider_id', 'text', (column) => column.notNull().references('identity_providers.id').onDelete('cascade'))
    .addColumn('created_at', 'text', (column) => column.notNull())
    .addColumn('created_by', 'text', (column) => column.notNull())
    .addColumn('expires_at', 'text', (column) => column.notNull())
    .addColumn('last_used_at', 'text')
    .execute();
  await db.schema.createIndex('scim_tokens_by_provider_id').on('scim_tokens').column('provider_id').execute();
}
