/** Tables of the first release. Never edited once released: what changes later is a migration of its own. */
import type { Kysely, CreateTableBuilder } from 'kysely';

type Columns = Readonly<Record<string, string>>;

/** `text` and `integer` columns; `!` not null, `#` primary key. */
const tables: Readonly<Record<string, Columns>> = {
  settings: { key: 'text#', value: 'text!' },
  feed: { id: 'integer#', epoch: 'text!', revision: 'integer!', floor: 'integer!' },
  changes: { revision: 'integer#', at: 'text!', actor_id: 'text' },
  identities: { id: 'text#', kind: 'text!', name: 'text!', name_key: 'text!', status: 'text!', created_at: 'text!', last_login_at: 'text' },
  passwords: { identity_id: 'text#', hash: 'text!', state: 'text!', changed_at: 'text!', expires_at: 'text' },
  groups: { id: 'text#', provider: 'text!', name: 'text!', created_at: 'text!' },
  sessions: {
    id: 'text#',
    secret_hash: 'text!',
    identity_id: 'text!',
    method: 'text!',
    access_key_id: 'text',
    created_at: 'text!',
    expires_at: 'text!',
    idle_seconds: 'integer',
    last_used_at: 'text!',
    ended_at: 'text',
    ended_because: 'text',
    source_address: 'text!',
    user_agent: 'text!',
  },
  access_keys: {
    id: 'text#',
    secret_hash: 'text!',
    identity_id: 'text!',
    name: 'text!',
    created_at: 'text!',
    created_by: 'text!',
    expires_at: 'text!',
    idle_seconds: 'integer',
    last_used_at: 'text',
  },
  tokens: {
    id: 'text#',
    kind: 'text!',
    secret_hash: 'text!',
    subject_id: 'text',
    created_at: 'text!',
    expires_at: 'text!',
    used_at: 'text',
    bound_to: 'text',
  },
  login_attempts: { bucket: 'text#', failures: 'integer!', window_started_at: 'text!' },
  destinations: {
    id: 'text#',
    name: 'text!',
    live_name: 'text!',
    kind: 'text!',
    address: 'text',
    created_at: 'text!',
    removed_at: 'text',
    lease_ttl_seconds: 'integer',
    staleness_limit_seconds: 'integer!',
    audit_mode: 'text!',
    user_prefix: 'text!',
    cluster_uid: 'text',
    discovery: 'text',
  },
  connectors: {
    id: 'text#',
    destination_id: 'text!',
    public_key: 'text!',
    key_thumbprint: 'text!',
    version: 'text!',
    enrolled_at: 'text!',
    removed_at: 'text',
    last_seen_at: 'text',
    report_sequence: 'integer!',
    report_replica: 'text',
  },
  grants: {
    id: 'text#',
    subject_kind: 'text!',
    subject_id: 'text!',
    role: 'text!',
    destination_id: 'text',
    namespace: 'text',
    until: 'text',
    reason: 'text',
    created_at: 'text!',
    created_by: 'text!',
    ended_at: 'text',
    ended_because: 'text',
  },
  leases: {
    id: 'text#',
    kind: 'text!',
    state: 'text!',
    identity_id: 'text!',
    session_id: 'text!',
    destination_id: 'text!',
    serial: 'text!',
    issued_at: 'text!',
    expires_at: 'text!',
    session_expires_at: 'text!',
    revoked_at: 'text',
    revoked_because: 'text',
  },
  audit_events: {
    id: 'text#',
    at: 'text!',
    event: 'text!',
    actor_id: 'text',
    actor_name: 'text!',
    destination_id: 'text',
    outcome: 'text!',
    body: 'text!',
  },
  authorities: {
    id: 'text#',
    kind: 'text!',
    state: 'text!',
    certificate: 'text!',
    sealed_key: 'text',
    created_at: 'text!',
    not_after: 'text!',
  },
  data_keys: { id: 'text#', wrapped_key: 'text!', created_at: 'text!' },
};

/** Tables whose key is several columns. */
const compositeTables: Readonly<Record<string, { columns: Columns; key: readonly string[] }>> = {
  outbox: {
    columns: { revision: 'integer!', position: 'integer!', destination_id: 'text!', kind: 'text!', subject_id: 'text!' },
    key: ['revision', 'position'],
  },
  group_members: { columns: { group_id: 'text!', identity_id: 'text!' }, key: ['group_id', 'identity_id'] },
  acknowledgements: {
    columns: {
      connector_id: 'text!',
      replica: 'text!',
      kind: 'text!',
      revision: 'integer!',
      epoch: 'text!',
      sequence: 'integer!',
      at: 'text!',
      streams_closed: 'integer!',
    },
    key: ['connector_id', 'replica', 'kind', 'revision'],
  },
  grant_states: {
    columns: { grant_id: 'text!', connector_id: 'text!', state: 'text!', reason: 'text', at: 'text!' },
    key: ['grant_id', 'connector_id'],
  },
};

const uniques: readonly (readonly [table: string, ...columns: string[]])[] = [
  ['identities', 'kind', 'name_key'],
  ['groups', 'provider', 'name'],
  ['sessions', 'secret_hash'],
  ['access_keys', 'secret_hash'],
  ['access_keys', 'identity_id', 'name'],
  ['tokens', 'secret_hash'],
  ['destinations', 'live_name'],
  ['connectors', 'key_thumbprint'],
];

const indexes: readonly (readonly [table: string, ...columns: string[]])[] = [
  ['outbox', 'destination_id', 'revision'],
  ['group_members', 'identity_id'],
  ['sessions', 'identity_id', 'ended_at'],
  ['sessions', 'access_key_id'],
  ['sessions', 'ended_at', 'expires_at'],
  ['connectors', 'destination_id'],
  // With the id at the end, pages come in their order without sorting everything first.
  ['grants', 'ended_at', 'id'],
  ['grants', 'destination_id', 'ended_at', 'id'],
  ['grants', 'subject_id', 'ended_at', 'id'],
  ['grants', 'subject_id', 'destination_id', 'ended_at', 'id'],
  ['grants', 'ended_at', 'until'],
  ['leases', 'destination_id', 'session_expires_at'],
  ['leases', 'identity_id', 'session_expires_at'],
  ['leases', 'session_id'],
  ['leases', 'state', 'expires_at'],
  ['audit_events', 'at'],
  ['audit_events', 'event', 'at'],
  ['audit_events', 'actor_name', 'at'],
  ['audit_events', 'actor_id', 'at'],
  ['audit_events', 'destination_id', 'at'],
];

/** A child row without its parent is refused. What history keeps (sessions, leases, grants, audit) may outlive the identity it speaks of. */
const references: Readonly<Record<string, readonly (readonly [column: string, table: string, key: string])[]>> = {
  outbox: [['revision', 'changes', 'revision']],
  passwords: [['identity_id', 'identities', 'id']],
  group_members: [
    ['group_id', 'groups', 'id'],
    ['identity_id', 'identities', 'id'],
  ],
  access_keys: [['identity_id', 'identities', 'id']],
  connectors: [['destination_id', 'destinations', 'id']],
  acknowledgements: [['connector_id', 'connectors', 'id']],
  grants: [['destination_id', 'destinations', 'id']],
  grant_states: [
    ['grant_id', 'grants', 'id'],
    ['connector_id', 'connectors', 'id'],
  ],
  leases: [
    ['session_id', 'sessions', 'id'],
    ['destination_id', 'destinations', 'id'],
  ],
};

export async function up(db: Kysely<unknown>): Promise<void> {
  const create = (name: string, columns: Columns) => withReferences(withColumns(db.schema.createTable(name), columns), name);
  for (const [name, columns] of Object.entries(tables)) await create(name, columns).execute();
  for (const [name, { columns, key }] of Object.entries(compositeTables)) {
    await create(name, columns)
      .addPrimaryKeyConstraint(`${name}_key`, [...key])
      .execute();
  }
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

function withColumns(table: CreateTableBuilder<string>, columns: Columns): CreateTableBuilder<string, string> {
  let built: CreateTableBuilder<string, string> = table;
  for (const [name, kind] of Object.entries(columns)) {
    built = built.addColumn(name, kind.startsWith('text') ? 'text' : 'integer', (column) => {
      if (kind.endsWith('#')) return column.primaryKey().notNull();
      return kind.endsWith('!') ? column.notNull() : column;
    });
  }
  return built;
}

function withReferences(table: CreateTableBuilder<string, string>, name: string): CreateTableBuilder<string, string> {
  let built = table;
  for (const [column, target, key] of references[name] ?? [])
    built = built.addForeignKeyConstraint(`${name}_${column}`, [column], target, [key]);
  return built;
}
