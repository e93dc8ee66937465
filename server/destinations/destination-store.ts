import { sql } from 'kysely';
import type { Destination, DestinationSettings, Discovery } from '../../shared/api/destinations.ts';
import { discovery as discoverySchema } from '../../shared/api/destinations.ts';
import type { DestinationId } from '../../shared/api/values.ts';
import type { Page, PageRequest } from '../../shared/api/pagination.ts';
import { DomainError } from '../../shared/api/problem.ts';
import { isUniqueViolation } from '../storage/constraint-errors.ts';
import type { Handle } from '../storage/database.ts';
import { decodeCursor, toPage } from '../storage/page.ts';
import { holdsText } from '../storage/search.ts';
import type { Database } from '../storage/schema.ts';

export interface DestinationRecord {
  readonly id: DestinationId;
  readonly name: string;
  readonly kind: Destination['kind'];
  readonly address: string | null;
  readonly createdAt: string;
  readonly removedAt: string | null;
  readonly settings: DestinationSettings;
  readonly clusterUid: string | null;
  readonly discovery: Discovery | null;
}

export interface DestinationFilter extends PageRequest {
  readonly name?: string | undefined;
  /** Part of the name. */
  readonly search?: string | undefined;
}

export interface DestinationStore {
  insert(destination: DestinationRecord): Promise<void>;
  /** Also a removed one: its connector still has to clean up. */
  find(id: string): Promise<DestinationRecord | undefined>;
  findLive(id: string): Promise<DestinationRecord | undefined>;
  findLiveByName(name: string): Promise<DestinationRecord | undefined>;
  findMany(ids: readonly string[]): Promise<DestinationRecord[]>;
  list(filter: DestinationFilter): Promise<Page<DestinationRecord>>;
  allLive(): Promise<DestinationRecord[]>;
  /** All of them, without what their connectors found there. */
  liveNames(): Promise<(Pick<DestinationRecord, 'id' | 'name'> & Pick<DestinationSettings, 'stalenessLimitSeconds'>)[]>;
  saveSettings(id: string, settings: DestinationSettings): Promise<void>;
  saveReport(id: string, report: { readonly address: string | null; readonly discovery: Discovery | null }): Promise<void>;
  bindCluster(id: string, clusterUid: string): Promise<void>;
  markRemoved(id: string, at: string): Promise<void>;
  /** Removed destinations that guarded the same cluster. */
  predecessorsOf(destination: DestinationRecord): Promise<DestinationId[]>;
}

export function createDestinationStore(db: Handle): DestinationStore {
  const all = db.selectFrom('destinations').selectAll();
  const live = all.where('removed_at', 'is', null);
  return {
    insert: async (destination) => {
      try {
        await db.insertInto('destinations').values(toRow(destination)).execute();
      } catch (error) {
        if (isUniqueViolation(error)) throw new DomainError('destination.duplicate', `There is already a destination ${destination.name}.`);
        throw error;
      }
    },
    find: async (id) => fromOptional(await all.where('id', '=', id).executeTakeFirst()),
    findLive: async (id) => fromOptional(await live.where('id', '=', id).executeTakeFirst()),
    findLiveByName: async (name) => fromOptional(await live.where('live_name', '=', name).executeTakeFirst()),
    findMany: async (ids) => (ids.length === 0 ? [] : (await all.where('id', 'in', [...ids]).execute()).map(fromRow)),
    list: async (filter) => {
      let query = live;
      if (filter.name !== undefined) query = query.where('live_name', '=', filter.name);
      if (filter.search !== undefined) query = query.where(holdsText(sql.ref('live_name'), filter.search));
      const after = decodeCursor(filter.cursor);
      if (after !== undefined) query = query.where('live_name', '>', after.key);
      const rows = await query
        .orderBy('live_name')
        .limit(filter.limit + 1)
        .execute();
      return toPage(rows, filter, { item: fromRow, cursor: (row) => ({ key: row.live_name, id: row.id }) });
    },
    allLive: async () => (await live.orderBy('live_name').execute()).map(fromRow),
    liveNames: async () => {
      const rows = await db
        .selectFrom('destinations')
        .select(['id', 'name', 'staleness_limit_seconds'])
        .where('removed_at', 'is', null)
        .orderBy('live_name')
        .execute();
      return rows.map((row) => ({ id: row.id as DestinationId, name: row.name, stalenessLimitSeconds: row.staleness_limit_seconds }));
    },
    saveSettings: async (id, settings) =>
      void (await db.updateTable('destinations').set(settingsRow(settings)).where('id', '=', id).execute()),
    saveReport: async (id, report) => {
      const found = report.discovery === null ? {} : { discovery: JSON.stringify(report.discovery) };
      await db
        .updateTable('destinations')
        .set({ address: report.address, ...found })
        .where('id', '=', id)
        .execute();
    },
    bindCluster: async (id, clusterUid) =>
      void (await db.updateTable('destinations').set({ cluster_uid: clusterUid }).where('id', '=', id).execute()),
    markRemoved: async (id, at) =>
      void (await db.updateTable('destinations').set({ removed_at: at, live_name: id }).where('id', '=', id).execute()),
    predecessorsOf: async (destination) => {
      if (destination.clusterUid === null) return [];
      const rows = await db
        .selectFrom('destinations')
        .select('id')
        .where('cluster_uid', '=', destination.clusterUid)
        .where('removed_at', 'is not', null)
        .where('id', '!=', destination.id)
        .execute();
      return rows.map(({ id }) => id as DestinationId);
    },
  };
}

const settingsRow = (settings: DestinationSettings) => ({
  lease_ttl_seconds: settings.leaseTtlSeconds,
  staleness_limit_seconds: settings.stalenessLimitSeconds,
  audit_mode: settings.auditMode,
  user_prefix: settings.userPrefix,
});

const toRow = (destination: DestinationRecord): Database['destinations'] => ({
  id: destination.id,
  name: destination.name,
  live_name: destination.name,
  kind: destination.kind,
  address: destination.address,
  created_at: destination.createdAt,
  removed_at: destination.removedAt,
  ...settingsRow(destination.settings),
  cluster_uid: destination.clusterUid,
  discovery: destination.discovery === null ? null : JSON.stringify(destination.discovery),
});

// Rows were checked on their way in.
const fromRow = (row: Database['destinations']): DestinationRecord => ({
  id: row.id as DestinationId,
  name: row.name,
  kind: row.kind as Destination['kind'],
  address: row.address,
  createdAt: row.created_at,
  removedAt: row.removed_at,
  settings: {
    leaseTtlSeconds: row.lease_ttl_seconds,
    stalenessLimitSeconds: row.staleness_limit_seconds,
    auditMode: row.audit_mode as DestinationSettings['auditMode'],
    userPrefix: row.user_prefix,
  },
  clusterUid: row.cluster_uid,
  discovery: row.discovery === null ? null : discoverySchema.parse(JSON.parse(row.discovery)),
});
const fromOptional = (row: Database['destinations'] | undefined): DestinationRecord | undefined =>
  row === undefined ? undefined : fromRow(row);
