/** Trust rules, the sessions they open, and which tokens were used. Never edited once released. */
import type { Kysely } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('trust_rules')
    .addColumn('id', 'text', (column) => column.primaryKey().notNull())
    .addColumn('workload_id', 'text', (column) => column.notNull())
    .addColumn('issuer', 'text', (column) => column.notNull())
    .addColumn('audience', 'text', (column) => column.notNull())
    .addColumn('claims', 'text', (column) => column.notNull())
    .addColumn('jwks', 'text')
    .addColumn('ca', 'text')
    .addColumn('session_seconds', 'integer', (column) => column.notNull())
    .addColumn('reusable', 'integer', (column) => column.notNull())
    .addColumn('created_at', 'text', (column) => column.notNull())
    .addColumn('created_by', 'text', (column) => column.notNull())
    .addColumn('last_used_at', 'text')
    .addForeignKeyConstraint('trust_rules_workload_id', ['workload_id'], 'identities', ['id'])
    .execute();
  await db.schema.createIndex('trust_rules_by_issuer').on('trust_rules').column('issuer').execute();
  await db.schema.createIndex('trust_rules_by_workload_id').on('trust_rules').column('workload_id').execute();
  await db.schema
    .createTable('used_workload_tokens')
    .addColumn('token_hash', 'text', (column) => column.primaryKey().notNull())
    .addColumn('expires_at', 'text', (column) => column.notNull())
    .execute();
  await db.schema.alterTable('sessions').addColumn('trust_rule_id', 'text').execute();
  await db.schema.createIndex('sessions_by_trust_rule_id').on('sessions').column('trust_rule_id').execute();
}
