/** The audit of an older server gets its columns, and a search through a long one is bounded and goes on. */
import Sqlite from 'better-sqlite3';
import { expect } from 'chai';
import { Kysely, SqliteDialect } from 'kysely';
import { join } from 'node:path';
import { migrations } from '../../server/storage/migrations.ts';
import type { AuditEvent } from '../../shared/api/audit.ts';
import { newId } from '../../shared/id.ts';
import { tempDir } from '../support/temp-dir.ts';
import { openStorage } from './fresh-database.ts';

const start = Date.parse('2026-01-31T12:00:00.000Z');

function eventAt(index: number, path: string | undefined): AuditEvent {
  const base = {
    // An id made with the prefix of audit events is one.
    id: newId('auditEvent', start + index) as AuditEvent['id'],
    at: new Date(start + index).toISOString(),
    actor: { kind: 'user' as const, id: 'usr_1', name: 'ana@example.com' },
    ...{ source: null, outcome: 'success' as const, destination: null },
  };
  if (path === undefined) return { ...base, event: 'server.backed-up', details: {} };
  return {
    ...base,
    event: 'request.completed',
    details: {
      ...{ phase: 'completed', identityId: null, leaseId: null, impersonatedUser: '', impersonatedGroups: [], verb: 'get', path },
      ...{ apiGroup: '', resource: '', subresource: '', namespace: '', name: '', status: 200, durationMilliseconds: 1, reason: '' },
      ...{ sourceAddress: '', userAgent: '' },
    },
  };
}

/** As servers before schema 17 wrote them. */
async function olderDatabase(file: string, events: readonly AuditEvent[]): Promise<void> {
  const sqlite = new Sqlite(file);
  const db = new Kysely<unknown>({ dialect: new SqliteDialect({ database: sqlite }) });
  for (const { version, up } of migrations) if (version < 17) await up(db);
  const insert = sqlite.prepare(
    'INSERT INTO audit_events (id, at, event, actor_id, actor_name, outcome, body) VALUES (?, ?, ?, ?, ?, ?, ?)',
  );
  sqlite.transaction(() => {
    for (const event of events)
      insert.run(event.id, event.at, event.event, event.actor.id, event.actor.name, event.outcome, JSON.stringify(event));
  })();
  sqlite.prepare("INSERT INTO settings (key, value) VALUES ('schema_version', '16')").run();
  await db.destroy();
}

describe('the audit of an older server', function () {
  this.timeout(60_000);
  // More than are looked through at once, and more than are brought up to date at once.
  const events = Array.from({ length: 20_500 }, (_, index) => eventAt(index, index % 2 === 0 ? `/api/v1/pods/${index}-` : undefined));
  let storage: Awaited<ReturnType<typeof openStorage>>;
  before(async () => {
    const file = join(tempDir('infra-audit'), 'infra.db');
    await olderDatabase(file, events);
    storage = await openStorage(`sqlite:${file}`);
  });
  after(async () => storage.database.close());

  it('is found by verb and path once its schema is brought up to date', async () => {
    expect(await storage.read.auditStore.count({ verb: 'get' })).to.equal(events.length / 2);
    const { items } = await storage.read.auditStore.list({ limit: 10, search: 'pods/20498-' });
    expect(items).to.deep.equal([events[20_498]]);
  });

  it('is searched 20,000 events at a time: a page without anything says where the next goes on', async () => {
    const first = await storage.read.auditStore.list({ limit: 10, search: 'PODS/100-' });
    expect(first.items).to.deep.equal([]);
    expect(first.nextCursor).to.be.a('string');
    const second = await storage.read.auditStore.list({ limit: 10, search: 'PODS/100-', cursor: first.nextCursor ?? '' });
    expect(second).to.deep.equal({ items: [events[100]], nextCursor: null });
  });

  it('page by page, a search shows each event once and leaves none out', async () => {
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page = await storage.read.auditStore.list({ limit: 700, search: '0-', ...(cursor === '' ? {} : { cursor }) });
      seen.push(...page.items.map(({ id }) => id));
      cursor = page.nextCursor;
    }
    const expected = events.filter(({ details }) => 'path' in details && details.path.includes('0-')).map(({ id }) => id);
    expect(seen).to.deep.equal(expected.toReversed());
  });
});
