/** Identity providers, the accounts people have there, and logins by browser under way. Never edited once released. */
import type { CreateTableBuilder, Kysely } from 'kysely';

type Columns = Readonly<Record<string, string>>;

/** `text` and `integer` columns; `!` not null. Each table's key is `id`. */
const tables: Readonly<Record<string, Columns>> = {
  identity_providers: {
    name: 'text!',
    kind: 'text!',
    issuer: 'text!',
    client_id: 'text!',
    sealed_client_secret: 'text!',
    email_domains: 'text!',
    scopes: 'text!',
    groups_claim: 'text',
    create_users: 'integer!',
    link_users: 'integer!',
    status: 'text!',
    created_at: 'text!',
    updated_at: 'text!',
  },
  accounts: {
    provider_id: 'text!',
    subject: 'text!',
    identity_id: 'text!',
    email: 'text!',
    state: 'text!',
    groups_read: 'integer',
    created_at: 'text!',
    last_login_at: 'text!',
  },
  browser_logins: {
    state_hash: 'text!',
    browser_hash: 'text!',
    provider_id: 'text!',
    sealed_checks: 'text!',
    port: 'integer!',
    cli_state: 'text!',
    cli_challenge: 'text!',
    created_at: 'text!',
    expires_at: 'text!',
    returned_at: 'text',
    code_hash: 'text',
    account_id: 'text',
    code_expires_at: 'text',
    exchanged_at: 'text',
  },
};

const uniques: readonly (readonly [table: string, ...columns: string[]])[] = [
  ['identity_providers', 'name'],
  ['accounts', 'provider_id', 'subject'],
  ['browser_logins', 'state_hash'],
  ['browser_logins', 'code_hash'],
];
const indexes: readonly (readonly [table: string, ...columns: string[]])[] = [
  ['accounts', 'identity_id'],
  ['browser_logins', 'expires_at'],
  ['sessions', 'account_id'],
];
const references: Readonly<Record<string, readonly (readonly [column: string, table: string])[]>> = {
  accounts: [
    ['provider_id', 'identity_providers'],
    ['identity_id', 'identities'],
  ],
};

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const [name, columns] of Object.entries(tables)) {
    let table: CreateTableBuilder<string, string> = db.schema
      .createTable(name)
      .addColumn('id', 'text', (column) => column.primaryKey().notNull());
    for (const [column, kind] of Object.entries(columns))
      table = table.addColumn(column, kind.startsWith('text') ? 'text' : 'integer', (built) =>
        kind.endsWith('!') ? built.notNull() : built,
      );
    for (const [column, target] of references[name] ?? [])
      table = table.addForeignKeyConstraint(`${name}_${column}`, [column], target, ['id']);
    await table.execute();
  }
  // History outlives the account it came from, so no reference.
  await db.schema.alterTable('sessions').addColumn('account_id', 'text').execute();
  for (const [table, ...columns] of uniques)
    await db.schema
      .createIndex(`${table}_by_${columns.join('_')}`)
      .on(table)
      .columns(columns)
      .unique()
      .execute();
  for (const [table, ...columns] of indexes)
    await db.schema
      .createIndex(`${table}_by_${columns.join('_')}`)
      .on(table)
      .columns(columns)
      .execute();
}
