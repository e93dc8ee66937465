/** Leases as rows. A lease whose time is over is expired whatever its row says; a job only writes down what is true already. */
import type { DesiredLease } from '../../shared/api/connectors.ts';
import type { DestinationId, IdentityId, LeaseId, SessionId } from '../../shared/api/values.ts';
import type { Page, PageRequest } from '../../shared/api/pagination.ts';
import type { Handle } from '../storage/database.ts';
import { decodeCursor, toPage } from '../storage/page.ts';
import type { Database } from '../storage/schema.ts';

export interface LeaseRecord {
  readonly id: LeaseId;
  readonly kind: 'kubernetes';
  readonly state: 'active' | 'revoked' | 'expired';
  readonly identityId: IdentityId;
  readonly sessionId: SessionId;
  readonly destinationId: DestinationId;
  readonly serial: string;
  readonly issuedAt: string;
  readonly expiresAt: string;
  readonly sessionExpiresAt: string;
  readonly revokedAt: string | null;
  readonly revokedBecause: string | null;
}
/** With the names that people read. */
export interface NamedLease extends LeaseRecord {
  readonly identityName: string;
  readonly destinationName: string;
}
export interface LeaseFilter extends PageRequest {
  readonly identityId?: string | undefined;
  readonly destinationId?: string | undefined;
  /** Only leases that are active and unexpired at this time. */
  readonly liveAt?: string | undefined;
}
/** Whose live leases: any one of these. */
export interface LiveLeaseOwner {
  readonly sessionIds?: readonly string[];
  readonly destinationId?: string;
}

export interface LeasesAtDestination {
  readonly destinationId: string;
  readonly subject?: { readonly kind: 'user' | 'group' | 'workload'; readonly id: string };
}

export interface LeaseStore {
  insert(lease: LeaseRecord): Promise<void>;
  find(id: string): Promise<NamedLease | undefined>;
  list(filter: LeaseFilter): Promise<Page<NamedLease>>;
  /** Leases that still matter to a connector: until their session's end, for streams may outlive the certificate till then. Revoked ones too. */
  unendedAt(destinationId: string, at: string, only?: readonly string[]): Promise<DesiredLease[]>;
  liveOf(owner: LiveLeaseOwner, at: string): Promise<NamedLease[]>;
  /** How many of those at a destination, of everybody or of the subject of a grant. */
  countLive(of: LeasesAtDestination, at: string): Promise<number>;
  revoke(ids: readonly string[], at: string, because: string): Promise<void>;
  /** Forgets leases whose session would have ended before a time. */
  prune(before: string): Promise<void>;
  revokeEverything(at: string, because: string): Promise<void>;
  markExpired(at: string): Promise<void>;
}

export function createLeaseStore(db: Handle): LeaseStore {
  const named = db
    .selectFrom('leases')
    .leftJoin('identities', 'identities.id', 'leases.identity_id')
    .leftJoin('destinations', 'destinations.id', 'leases.destination_id')
    .selectAll('leases')
    .select(['identities.name as identity_name', 'destinations.name as destination_name']);
  return {
    insert: async (lease) => void (await db.insertInto('leases').values(toRow(lease)).execute()),
    find: async (id) => (await named.where('leases.id', '=', id).execute()).map(fromRow)[0],
    list: async (filter) => {
      let query = named;
      if (filter.identityId !== undefined) query = query.where('identity_id', '=', filter.identityId);
      if (filter.destinationId !== undefined) query = query.where('destination_id', '=', filter.destinationId);
      if (filter.liveAt !== undefined) query = query.where('state', '=', 'active').where('expires_at', '>', filter.liveAt);
      const after = decodeCursor(filter.cursor);
      if (after !== undefined) query = query.where('leases.id', '<', after.id);
      const rows = await query
        .orderBy('leases.id', 'desc')
        .limit(filter.limit + 1)
        .execute();
      return toPage(rows, filter, { item: fromRow, cursor: (row) => ({ key: '', id: row.id }) });
    },
    unendedAt: async (destinationId, at, only) => {
      let query = db
        .selectFrom('leases')
        .leftJoin('sessions', 'sessions.id', 'leases.session_id')
        .select(['leases.id', 'leases.identity_id', 'state', 'leases.expires_at', 'session_expires_at', 'sessions.mfa_at'])
        .where('destination_id', '=', destinationId)
        .where('session_expires_at', '>', at);
      if (only !== undefined) query = query.where('leases.id', 'in', [...only]);
      const rows = await query.execute();
      return rows.map((row) => ({
        id: row.id as LeaseId,
        identityId: row.identity_id as IdentityId,
        status: row.state === 'revoked' ? 'revoked' : 'active',
        expiresAt: row.expires_at,
        sessionExpiresAt: row.session_expires_at,
        mfaAt: row.mfa_at,
      }));
    },
    liveOf: async (owner, at) => {
      // Streams may outlive the certificate until the session ends, so that end decides what there is to revoke.
      let query = named.where('state', '!=', 'revoked').where('session_expires_at', '>', at);
      if (owner.sessionIds !== undefined) query = query.where('session_id', 'in', [...owner.sessionIds]);
      if (owner.destinationId !== undefined) query = query.where('destination_id', '=', owner.destinationId);
      return (await query.execute()).map(fromRow);
    },
    countLive: async ({ destinationId, subject }, at) => {
      let query = db
        .selectFrom('leases')
        .where('state', '!=', 'revoked')
        .where('session_expires_at', '>', at)
        .where('destination_id', '=', destinationId);
      if (subject?.kind === 'group')
        query = query.where('identity_id', 'in', db.selectFrom('group_members').select('identity_id').where('group_id', '=', subject.id));
      else if (subject !== undefined) query = query.where('identity_id', '=', subject.id);
      return (await query.select(({ fn }) => fn.countAll<number>().as('count')).executeTakeFirstOrThrow()).count;
    },
    revoke: async (ids, at, because) => {
      if (ids.length > 0)
        await db
          .updateTable('leases')
          .set({ state: 'revoked', revoked_at: at, revoked_because: because })
          .where('id', 'in', [...ids])
          .where('state', '!=', 'revoked')
          .execute();
    },
    prune: async (before) => void (await db.deleteFrom('leases').where('session_expires_at', '<', before).execute()),
    revokeEverything: async (at, because) =>
      void (await db
        .updateTable('leases')
        .set({ state: 'revoked', revoked_at: at, revoked_because: because })
        .where('state', '!=', 'revoked')
        .execute()),
    markExpired: async (at) =>
      void (await db.updateTable('leases').set({ state: 'expired' }).where('state', '=', 'active').where('expires_at', '<=', at).execute()),
  };
}

const toRow = (lease: LeaseRecord): Database['leases'] => ({
  id: lease.id,
  kind: lease.kind,
  state: lease.state,
  identity_id: lease.identityId,
  session_id: lease.sessionId,
  destination_id: lease.destinationId,
  serial: lease.serial,
  issued_at: lease.issuedAt,
  expires_at: lease.expiresAt,
  session_expires_at: lease.sessionExpiresAt,
  revoked_at: lease.revokedAt,
  revoked_because: lease.revokedBecause,
});

type NamedRow = Database['leases'] & { identity_name: string | null; destination_name: string | null };
// Rows were checked on their way in.
const fromRow = (row: NamedRow): NamedLease => ({
  id: row.id as LeaseId,
  kind: 'kubernetes',
  state: row.state as LeaseRecord['state'],
  identityId: row.identity_id as IdentityId,
  sessionId: row.session_id as SessionId,
  destinationId: row.destination_id as DestinationId,
  serial: row.serial,
  issuedAt: row.issued_at,
  expiresAt: row.expires_at,
  sessionExpiresAt: row.session_expires_at,
  revokedAt: row.revoked_at,
  revokedBecause: row.revoked_because,
  identityName: row.identity_name ?? row.identity_id,
  destinationName: row.destination_name ?? row.destination_id,
});
