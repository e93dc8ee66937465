/** What lists are sifted by and overviews count. Requests in the audit get their verb and path as columns of their own. Never edited once released. */
import type { Kysely } from 'kysely';

const indexes: readonly (readonly [table: string, ...columns: string[]])[] = [
  // A list is sifted in the index, and only what is shown is looked up.
  ['grants', 'ended_at', 'id', 'until', 'subject_id', 'destination_id', 'namespace'],
  // Pages of groups come in their order without sorting all of them first.
  ['groups', 'name', 'id'],
  ['grant_states', 'state', 'grant_id'],
  ['accounts', 'identity_id', 'provider_id', 'state'],
  ['sessions', 'last_used_at', 'identity_id'],
  ['access_keys', 'expires_at'],
  // The newest revision of each connector and kind is one step.
  ['acknowledgements', 'connector_id', 'epoch', 'kind', 'revision'],
  ['audit_events', 'outcome', 'at'],
  ['audit_events', 'verb', 'at'],
];

/** Whose columns one of the others begins with. */
const replaced = ['grants_by_ended_at_id', 'accounts_by_identity_id'];

/** Rows that are read and written at a time. */
const step = 2000;

interface AuditEvents {
  audit_events: { id: string; event: string; body: string; verb: string | null; path: string | null };
}

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('audit_events').addColumn('verb', 'text').execute();
  await db.schema.alterTable('audit_events').addColumn('path', 'text').execute();
  // The columns were made just now.
  await readRequests(db);
  for (const name of replaced) await db.schema.dropIndex(name).execute();
  for (const [table, ...columns] of indexes)
    await db.schema
      .createIndex(`${table}_by_${columns.join('_')}`)
      .on(table)
      .columns(columns)
      .execute();
}

/** Of events that were stored before there were columns for it. */
async function readRequests(db: Kysely<AuditEvents>): Promise<void> {
  let last = '';
  for (;;) {
    const rows = await db
      .selectFrom('audit_events')
      .select(['id', 'body'])
      .where('id', '>', last)
      .where((eb) => eb.or([eb('event', 'like', 'request.%'), eb('event', 'like', 'stream.%')]))
      .orderBy('id')
      .limit(step)
      .execute();
    for (const { id, body } of rows) {
      // Written by us, by the catalogue of audit events.
      const { details } = JSON.parse(body) as { readonly details: { readonly verb: string; readonly path: string } };
      await db.updateTable('audit_events').set({ verb: details.verb, path: details.path }).where('id', '=', id).execute();
    }
    const end = rows.at(-1);
    if (end === undefined || rows.length < step) return;
    last = end.id;
  }
}
