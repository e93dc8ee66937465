/**
 * What connectors must hear of: every such change takes a growing revision in the transaction that makes it and leaves rows in the outbox.
 * Readers poll by revision; `ChangeBell` only wakes them sooner.
 */
import { EventEmitter } from 'node:events';
import { toTime } from '../../shared/clock.ts';
import type { Change, DestinationId } from '../../shared/api/values.ts';
import type { Handle } from './database.ts';

/** What changed for a destination: an identity's rights or status, a group's rights, a lease, or the destination's own settings. */
export interface FeedEntry {
  readonly destinationId: string;
  readonly kind: 'identity' | 'group' | 'lease' | 'destination';
  readonly subjectId: string;
}

export interface FeedPosition {
  readonly epoch: string;
  readonly revision: number;
  /** Rows at or before this revision are gone: a reader that is behind takes the whole state. */
  readonly floor: number;
}

/** Who changes it and when, as far as the feed needs to know. */
export interface ChangeAct {
  readonly by: { readonly actor: { readonly id: string | null } };
  readonly now: number;
}

export interface ChangeFeed {
  position(): Promise<FeedPosition>;
  /** Appends to this transaction's one revision. */
  append(entries: readonly FeedEntry[], act: ChangeAct): Promise<void>;
  /** The change this transaction makes so far, as the API tells it. */
  change(): Change;
  entriesSince(destinationId: string, revision: number): Promise<FeedEntry[]>;
  findChange(revision: number): Promise<{ at: string; actorId: string | null; destinations: string[] } | undefined>;
  startEpoch(epoch: string): Promise<void>;
  /** Forgets rows older than a time, but none newer. */
  prune(before: string): Promise<number>;
}

export function createChangeFeed(db: Handle): ChangeFeed {
  let revision: number | undefined;
  let author: string | null = null;
  let nextPosition = 0;
  const destinations = new Set<string>();

  const position = async (): Promise<FeedPosition> =>
    db.selectFrom('feed').select(['epoch', 'revision', 'floor']).where('id', '=', 1).executeTakeFirstOrThrow();

  /** The update locks the row until commit, so a later revision never becomes visible before an earlier one. */
  const takeRevision = async ({ by, now }: ChangeAct): Promise<number> => {
    await db
      .updateTable('feed')
      .set((eb) => ({ revision: eb('revision', '+', 1) }))
      .where('id', '=', 1)
      .execute();
    const taken = (await position()).revision;
    await db
      .insertInto('changes')
      .values({ revision: taken, at: toTime(now), actor_id: by.actor.id })
      .execute();
    author = by.actor.id;
    return taken;
  };

  /** A change of several people (leases that share a commit) is nobody's: its maker may see where it went, and none of them made all of it. */
  const disown = async (taken: number): Promise<void> => {
    author = null;
    await db.updateTable('changes').set({ actor_id: null }).where('revision', '=', taken).execute();
  };

  return {
    position,
    append: async (entries, act) => {
      const fresh = [...new Map(entries.map((entry) => [`${entry.destinationId} ${entry.kind} ${entry.subjectId}`, entry])).values()];
      if (fresh.length === 0) return;
      const taken = (revision ??= await takeRevision(act));
      if (author !== null && author !== act.by.actor.id) await disown(taken);
      const rows = fresh.map((entry) => ({
        revision: taken,
        position: nextPosition++,
        destination_id: entry.destinationId,
        kind: entry.kind,
        subject_id: entry.subjectId,
      }));
      for (let start = 0; start < rows.length; start += 500)
        await db
          .insertInto('outbox')
          .values(rows.slice(start, start + 500))
          .execute();
      for (const entry of fresh) destinations.add(entry.destinationId);
    },
    // The ids come from rows that were checked when they were written.
    change: () => (revision === undefined ? null : { revision, destinations: [...destinations] as DestinationId[] }),
    entriesSince: async (destinationId, since) => {
      const rows = await db
        .selectFrom('outbox')
        .select(['destination_id', 'kind', 'subject_id'])
        .distinct()
        .where('destination_id', '=', destinationId)
        .where('revision', '>', since)
        .execute();
      return rows.map((row) => ({ destinationId: row.destination_id, kind: row.kind as FeedEntry['kind'], subjectId: row.subject_id }));
    },
    findChange: async (wanted) => {
      const row = await db.selectFrom('changes').select(['at', 'actor_id']).where('revision', '=', wanted).executeTakeFirst();
      if (row === undefined) return undefined;
      const rows = await db.selectFrom('outbox').select('destination_id').distinct().where('revision', '=', wanted).execute();
      return { at: row.at, actorId: row.actor_id, destinations: rows.map(({ destination_id }) => destination_id) };
    },
    startEpoch: async (epoch) => {
      const found = await db
        .updateTable('feed')
        .set((eb) => ({ epoch, floor: eb.ref('revision') }))
        .where('id', '=', 1)
        .executeTakeFirst();
      if (found.numUpdatedRows === 0n) await db.insertInto('feed').values({ id: 1, epoch, revision: 0, floor: 0 }).execute();
    },
    prune: async (before) => {
      const last = await db
        .selectFrom('changes')
        .select((eb) => eb.fn.max('revision').as('revision'))
        .where('at', '<', before)
        .executeTakeFirst();
      const floor = last?.revision ?? 0;
      if (floor === 0) return 0;
      await db.updateTable('feed').set({ floor }).where('id', '=', 1).where('floor', '<', floor).execute();
      await db.deleteFrom('outbox').where('revision', '<=', floor).execute();
      const gone = await db.deleteFrom('changes').where('revision', '<=', floor).executeTakeFirst();
      return Number(gone.numDeletedRows);
    },
  };
}

/** In-process wake-ups after a commit. Losing one costs time, never correctness. */
export interface ChangeBell {
  ring(change: NonNullable<Change>): void;
  /** Calls back when one of these destinations may have changed; returns how to stop. */
  listen(destinationId: string, listener: () => void): () => void;
  ringAcknowledged(): void;
  listenAcknowledged(listener: () => void): () => void;
}

export function createChangeBell(): ChangeBell {
  const emitter = new EventEmitter().setMaxListeners(0);
  const listen = (name: string, listener: () => void): (() => void) => {
    emitter.on(name, listener);
    return () => emitter.off(name, listener);
  };
  return {
    ring: (change) => change.destinations.forEach((id) => emitter.emit(`destination:${id}`)),
    listen: (destinationId, listener) => listen(`destination:${destinationId}`, listener),
    ringAcknowledged: () => emitter.emit('acknowledged'),
    listenAcknowledged: (listener) => listen('acknowledged', listener),
  };
}
