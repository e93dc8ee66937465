import type { Page, PageRequest } from '../../shared/api/pagination.ts';
import type { TrustRuleId, WorkloadId } from '../../shared/api/values.ts';
import type { Handle } from '../storage/database.ts';
import { decodeCursor, toPage } from '../storage/page.ts';
import type { Database } from '../storage/schema.ts';

export interface TrustRuleRecord {
  readonly id: TrustRuleId;
  readonly workloadId: WorkloadId;
  readonly issuer: string;
  readonly audience: string;
  readonly claims: Readonly<Record<string, string>>;
  /** A JSON Web Key Set; null: the issuer is asked. */
  readonly jwks: string | null;
  /** PEM. */
  readonly ca: string | null;
  readonly sessionSeconds: number;
  readonly reusable: boolean;
  readonly createdAt: string;
  readonly createdBy: string;
  readonly lastUsedAt: string | null;
}
export interface OwnedTrustRule extends TrustRuleRecord {
  readonly workloadName: string;
}

export interface TrustRuleStore {
  insert(rule: TrustRuleRecord): Promise<void>;
  find(id: string): Promise<OwnedTrustRule | undefined>;
  /** Oldest first. */
  list(filter: PageRequest & { readonly workload?: string | undefined }): Promise<Page<OwnedTrustRule>>;
  ofIssuer(issuer: string): Promise<OwnedTrustRule[]>;
  ofWorkload(workloadId: string): Promise<OwnedTrustRule[]>;
  touch(id: string, at: string): Promise<void>;
  remove(id: string): Promise<void>;
}

export function createTrustRuleStore(db: Handle): TrustRuleStore {
  const owned = db
    .selectFrom('trust_rules')
    .innerJoin('identities', 'identities.id', 'trust_rules.workload_id')
    .selectAll('trust_rules')
    .select('identities.name as workload_name')
    .orderBy('trust_rules.id');
  return {
    insert: async (rule) => void (await db.insertInto('trust_rules').values(toRow(rule)).execute()),
    find: async (id) => (await owned.where('trust_rules.id', '=', id).execute()).map(fromRow)[0],
    list: async (filter) => {
      let query = owned;
      if (filter.workload !== undefined) query = query.where('workload_id', '=', filter.workload);
      const after = decodeCursor(filter.cursor);
      if (after !== undefined) query = query.where('trust_rules.id', '>', after.id);
      const rows = await query.limit(filter.limit + 1).execute();
      return toPage(rows, filter, { item: fromRow, cursor: (row) => ({ key: '', id: row.id }) });
    },
    ofIssuer: async (issuer) => (await owned.where('issuer', '=', issuer).execute()).map(fromRow),
    ofWorkload: async (workloadId) => (await owned.where('workload_id', '=', workloadId).execute()).map(fromRow),
    touch: async (id, at) => void (await db.updateTable('trust_rules').set({ last_used_at: at }).where('id', '=', id).execute()),
    remove: async (id) => void (await db.deleteFrom('trust_rules').where('id', '=', id).execute()),
  };
}

const toRow = (rule: TrustRuleRecord): Database['trust_rules'] => ({
  id: rule.id,
  workload_id: rule.workloadId,
  issuer: rule.issuer,
  audience: rule.audience,
  claims: JSON.stringify(rule.claims),
  jwks: rule.jwks,
  ca: rule.ca,
  session_seconds: rule.sessionSeconds,
  reusable: rule.reusable ? 1 : 0,
  created_at: rule.createdAt,
  created_by: rule.createdBy,
  last_used_at: rule.lastUsedAt,
});

// Rows were checked on their way in.
const fromRow = (row: Database['trust_rules'] & { workload_name: string }): OwnedTrustRule => ({
  id: row.id as TrustRuleId,
  workloadId: row.workload_id as WorkloadId,
  workloadName: row.workload_name,
  issuer: row.issuer,
  audience: row.audience,
  claims: JSON.parse(row.claims) as Record<string, string>,
  jwks: row.jwks,
  ca: row.ca,
  sessionSeconds: row.session_seconds,
  reusable: row.reusable === 1,
  createdAt: row.created_at,
  createdBy: row.created_by,
  lastUsedAt: row.last_used_at,
});
