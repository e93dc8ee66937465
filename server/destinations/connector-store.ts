/** Connectors, their keys, and the join tokens that bind them. */
import { toTime } from '../../shared/clock.ts';
import { newId } from '../../shared/id.ts';
import type { ConnectorId, DestinationId } from '../../shared/api/values.ts';
import type { Handle } from '../storage/database.ts';
import type { Database } from '../storage/schema.ts';

export interface ConnectorRecord {
  readonly id: ConnectorId;
  readonly destinationId: DestinationId;
  /** JWK, JSON. */
  readonly publicKey: string;
  /** RFC 7638, SHA-256. */
  readonly keyThumbprint: string;
  readonly version: string;
  readonly enrolledAt: string;
  readonly lastSeenAt: string | null;
}

export interface JoinTokenRecord {
  readonly destinationId: string;
  readonly expiresAt: string;
  /** Thumbprint of the key that used it first; a lost answer may be asked for again with the same key. */
  readonly boundTo: string | null;
}

export interface ConnectorStore {
  insert(connector: ConnectorRecord): Promise<void>;
  find(id: string): Promise<ConnectorRecord | undefined>;
  findByKey(thumbprint: string): Promise<ConnectorRecord | undefined>;
  ofDestination(destinationId: string): Promise<ConnectorRecord[]>;
  ofDestinations(destinationIds: readonly string[]): Promise<ConnectorRecord[]>;
  /** Of all destinations that were not removed. */
  allLive(): Promise<ConnectorRecord[]>;
  /** When each connector of these destinations was last heard of. */
  contacts(destinationIds: readonly string[]): Promise<Pick<ConnectorRecord, 'id' | 'destinationId' | 'lastSeenAt'>[]>;
  seen(id: string, at: string): Promise<void>;
  /** True when this report is newer than the last one of the same replica. */
  advanceReport(id: string, report: { readonly replica: string; readonly sequence: number; readonly version: string }): Promise<boolean>;
  insertJoinToken(token: {
    readonly secretHash: string;
    readonly destinationId: string;
    readonly now: number;
    readonly lifetimeSeconds: number;
  }): Promise<void>;
  findJoinToken(secretHash: string): Promise<JoinTokenRecord | undefined>;
  /** True when the token is bound to this key now: because it was free, or was bound to it before. */
  bindJoinToken(secretHash: string, thumbprint: string, now: number): Promise<boolean>;
  removeJoinTokens(destinationId: string): Promise<void>;
}

export function createConnectorStore(db: Handle): ConnectorStore {
  const live = db.selectFrom('connectors').selectAll().where('removed_at', 'is', null);
  const joinToken = (secretHash: string) =>
    db.selectFrom('tokens').selectAll().where('secret_hash', '=', secretHash).where('kind', '=', 'join');
  const ofDestinations = async (destinationIds: readonly string[]): Promise<ConnectorRecord[]> =>
    destinationIds.length === 0
      ? []
      : (
          await live
            .where('destination_id', 'in', [...destinationIds])
            .orderBy('id')
            .execute()
        ).map(fromRow);
  return {
    insert: async (connector) => void (await db.insertInto('connectors').values(toRow(connector)).execute()),
    find: async (id) => fromOptional(await live.where('id', '=', id).executeTakeFirst()),
    findByKey: async (thumbprint) => fromOptional(await live.where('key_thumbprint', '=', thumbprint).executeTakeFirst()),
    ofDestination: async (destinationId) => (await live.where('destination_id', '=', destinationId).orderBy('id').execute()).map(fromRow),
    ofDestinations,
    allLive: async () =>
      (
        await live
          .where('destination_id', 'in', db.selectFrom('destinations').select('id').where('removed_at', 'is', null))
          .orderBy('id')
          .execute()
      ).map(fromRow),
    contacts: ofDestinations,
    seen: async (id, at) => void (await db.updateTable('connectors').set({ last_seen_at: at }).where('id', '=', id).execute()),
    advanceReport: async (id, report) => {
      const updated = await db
        .updateTable('connectors')
        .set({ report_sequence: report.sequence, report_replica: report.replica, version: report.version })
        .where('id', '=', id)
        .where((eb) =>
          eb.or([
            eb('report_sequence', '<', report.sequence),
            eb('report_replica', '!=', report.replica),
            eb('report_replica', 'is', null),
          ]),
        )
        .executeTakeFirst();
      return updated.numUpdatedRows === 1n;
    },
    insertJoinToken: async ({ secretHash, destinationId, now, lifetimeSeconds }) => {
      const row = {
        id: newId('token', now),
        kind: 'join',
        secret_hash: secretHash,
        subject_id: destinationId,
        created_at: toTime(now),
        expires_at: toTime(now + lifetimeSeconds * 1000),
        used_at: null,
        bound_to: null,
      };
      await db.insertInto('tokens').values(row).execute();
    },
    findJoinToken: async (secretHash) => {
      const row = await joinToken(secretHash).executeTakeFirst();
      return row?.subject_id == null ? undefined : { destinationId: row.subject_id, expiresAt: row.expires_at, boundTo: row.bound_to };
    },
    bindJoinToken: async (secretHash, thumbprint, now) => {
      await db
        .updateTable('tokens')
        .set({ bound_to: thumbprint, used_at: toTime(now) })
        .where('secret_hash', '=', secretHash)
        .where('kind', '=', 'join')
        .where('bound_to', 'is', null)
        .execute();
      return (await joinToken(secretHash).executeTakeFirst())?.bound_to === thumbprint;
    },
    removeJoinTokens: async (destinationId) =>
      void (await db.deleteFrom('tokens').where('kind', '=', 'join').where('subject_id', '=', destinationId).execute()),
  };
}

const toRow = (connector: ConnectorRecord): Database['connectors'] => ({
  id: connector.id,
  destination_id: connector.destinationId,
  public_key: connector.publicKey,
  key_thumbprint: connector.keyThumbprint,
  version: connector.version,
  enrolled_at: connector.enrolledAt,
  removed_at: null,
  last_seen_at: connector.lastSeenAt,
  report_sequence: -1,
  report_replica: null,
});
const fromRow = (row: Database['connectors']): ConnectorRecord => ({
  id: row.id as ConnectorId,
  destinationId: row.destination_id as DestinationId,
  publicKey: row.public_key,
  keyThumbprint: row.key_thumbprint,
  version: row.version,
  enrolledAt: row.enrolled_at,
  lastSeenAt: row.last_seen_at,
});
const fromOptional = (row: Database['connectors'] | undefined): ConnectorRecord | undefined =>
  row === undefined ? undefined : fromRow(row);
