/** What each replica of each connector has enforced and applied, revision by revision. */
import type { Handle } from '../storage/database.ts';

export interface AcknowledgementRecord {
  readonly connectorId: string;
  readonly replica: string;
  readonly kind: 'enforced' | 'applied';
  readonly revision: number;
  readonly epoch: string;
  readonly sequence: number;
  readonly at: string;
  readonly streamsClosed: number;
}

export interface NewestRevisions {
  readonly enforced: number | null;
  readonly applied: number | null;
}

export interface AcknowledgementStore {
  /** False for a repetition or an older sequence than the last of this replica and kind: it changes nothing. */
  insert(acknowledgement: AcknowledgementRecord): Promise<boolean>;
  /** The first of each kind and replica that covers a revision. */
  covering(connectorId: string, epoch: string, revision: number): Promise<AcknowledgementRecord[]>;
  /** Of each of these connectors that has any. */
  newestOf(connectorIds: readonly string[], epoch: string): Promise<ReadonlyMap<string, NewestRevisions>>;
  prune(before: string): Promise<void>;
}

export function createAcknowledgementStore(db: Handle): AcknowledgementStore {
  const all = db.selectFrom('acknowledgements').selectAll();
  return {
    insert: async (record) => {
      const newest = await all
        .where('connector_id', '=', record.connectorId)
        .where('replica', '=', record.replica)
        .where('kind', '=', record.kind)
        .where('epoch', '=', record.epoch)
        .orderBy('revision', 'desc')
        .limit(1)
        .executeTakeFirst();
      if (newest !== undefined && (newest.sequence >= record.sequence || newest.revision >= record.revision)) return false;
      // The first of an epoch: revision numbers of an earlier one may stand in the way.
      if (newest === undefined)
        await db.deleteFrom('acknowledgements').where('connector_id', '=', record.connectorId).where('epoch', '!=', record.epoch).execute();
      await db.insertInto('acknowledgements').values(toRow(record)).execute();
      return true;
    },
    covering: async (connectorId, epoch, revision) => {
      const rows = await all
        .where('connector_id', '=', connectorId)
        .where('epoch', '=', epoch)
        .where('revision', '>=', revision)
        .orderBy('revision')
        .limit(1000)
        .execute();
      const first = new Map<string, AcknowledgementRecord>();
      for (const row of rows) {
        const key = `${row.replica} ${row.kind}`;
        if (!first.has(key))
          first.set(key, {
            connectorId,
            replica: row.replica,
            kind: row.kind === 'applied' ? 'applied' : 'enforced',
            revision: row.revision,
            epoch,
            sequence: row.sequence,
            at: row.at,
            streamsClosed: row.streams_closed,
          });
      }
      return [...first.values()];
    },
    newestOf: async (connectorIds, epoch) => {
      if (connectorIds.length === 0) return new Map();
      const rows = await db
        .selectFrom('connectors')
        .select('id')
        .select(({ selectFrom }) => {
          const newest = (kind: string) =>
            selectFrom('acknowledgements')
              .select(({ fn }) => fn.max('revision').as('revision'))
              .whereRef('connector_id', '=', 'connectors.id')
              .where('epoch', '=', epoch)
              .where('kind', '=', kind);
          return [newest('enforced').as('enforced'), newest('applied').as('applied')];
        })
        .where('id', 'in', [...connectorIds])
        .execute();
      return new Map(rows.map(({ id, enforced, applied }) => [id, { enforced, applied }]));
    },
    prune: async (before) => void (await db.deleteFrom('acknowledgements').where('at', '<', before).execute()),
  };
}

const toRow = (record: AcknowledgementRecord) => ({
  connector_id: record.connectorId,
  replica: record.replica,
  kind: record.kind,
  revision: record.revision,
  epoch: record.epoch,
  sequence: record.sequence,
  at: record.at,
  streams_closed: record.streamsClosed,
});
