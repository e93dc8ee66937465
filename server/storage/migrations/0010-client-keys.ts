/** The public part of a key by which we are known at an identity provider, in place of a shared secret. Never edited once released. */
import type { Kysely } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  // Null, as all that were connected before have it: what is sealed beside it is a secret of the provider's.
  await db.schema.alterTable('identity_providers').addColumn('client_key', 'text').execute();
}
