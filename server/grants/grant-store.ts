/** Grants as rows, and the questions the product asks of them. "In force" is: not ended, and before its `until`. */
import type { DestinationId, GrantId } from '../../shared/api/values.ts';
import type { Handle } from '../storage/database.ts';
import { createGrantLists, type GrantLists } from './grant-list-store.ts';
import { fromRow, toRow } from './grant-row.ts';
import { lastingAdmins } from './lasting-admin-store.ts';

export interface GrantSubject {
  readonly kind: 'user' | 'group' | 'workload';
  readonly id: string;
}
export interface GrantRecord {
  readonly id: GrantId;
  readonly subject: GrantSubject;
  readonly role: string;
  /** Null: the resource `infra`, the server itself. */
  readonly destinationId: DestinationId | null;
  readonly namespace: string | null;
  readonly until: string | null;
  /** It holds while a second factor was proven no longer ago than this; null: it asks for none. */
  readonly mfaSeconds: number | null;
  readonly reason: string | null;
  readonly createdAt: string;
  readonly createdBy: string;
}
/** A grant that was. */
export interface EndedGrant extends GrantRecord {
  readonly endedAt: string;
  readonly because: string | null;
}
export interface GrantStateRecord {
  readonly grantId: string;
  readonly state: 'applied' | 'failed';
  readonly reason: string | null;
  readonly at: string;
}

export interface GrantStore extends GrantLists {
  insert(grant: GrantRecord): Promise<void>;
  findInForce(id: string, at: string): Promise<GrantRecord | undefined>;
  findManyInForce(ids: readonly string[], at: string): Promise<GrantRecord[]>;
  /** What an identity holds itself and through its groups, everywhere or at one destination (null: the server itself). */
  ofIdentity(identityId: string, at: string, destinationId?: string | null): Promise<GrantRecord[]>;
  atDestination(destinationId: string, at: string): Promise<GrantRecord[]>;
  /** At one destination, of any of these subjects. */
  ofSubjects(destinationId: string, subjectIds: readonly string[], at: string): Promise<GrantRecord[]>;
  ofSubject(subjectId: string): Promise<GrantRecord[]>;
  /** Ended before `at` at one destination (null: the server itself), of any of these subjects, the latest first. */
  lastEnded(subjectIds: readonly string[], destinationId: string | null, at: string): Promise<EndedGrant[]>;
  end(ids: readonly string[], at: string, because: string): Promise<void>;
  /** Past their `until` and not yet marked as ended. */
  expired(at: string, limit: number): Promise<GrantRecord[]>;
  /** Somebody active, a person, and not this one, holds `admin` on infra without an end; whom a directory keeps out counts by a password alone. */
  hasLastingAdmin(besides?: string): Promise<boolean>;
  /** How many such there are, counted up to a limit. */
  countLastingAdmins(limit: number): Promise<number>;
  setTerms(id: string, terms: Pick<GrantRecord, 'until' | 'mfaSeconds' | 'reason'>): Promise<void>;
  replaceStates(connectorId: string, destinationId: string, states: readonly Omit<GrantStateRecord, 'at'>[], at: string): Promise<void>;
  statesOf(grantIds: readonly string[]): Promise<GrantStateRecord[]>;
}

export function createGrantStore(db: Handle): GrantStore {
  const live = db.selectFrom('grants').selectAll().where('ended_at', 'is', null);
  const inForce = (at: string) => live.where((eb) => eb.or([eb('until', 'is', null), eb('until', '>', at)]));
  const groupsOf = (identityId: string) => db.selectFrom('group_members').select('group_id').where('identity_id', '=', identityId);
  /**
   * By subject alone, the rest sifted here: whoever plans the query cannot know that a person holds a few grants and a destination may have a
   * hundred thousand, and some plan to read those (SQLite without statistics, measured).
   */
  const heldBy = async (subjectIds: readonly string[], at: string): Promise<GrantRecord[]> => {
    const rows = await live.where('subject_id', 'in', [...subjectIds]).execute();
    return rows
      .filter(({ until }) => until === null || until > at)
      .map(fromRow)
      .sort(byId);
  };
  return {
    insert: async (grant) => void (await db.insertInto('grants').values(toRow(grant)).execute()),
    findInForce: async (id, at) => (await inForce(at).where('id', '=', id).execute()).map(fromRow)[0],
    findManyInForce: async (ids, at) =>
      (
        await inForce(at)
          .where('id', 'in', [...ids])
          .orderBy('id')
          .execute()
      ).map(fromRow),
    ...createGrantLists(db),
    ofIdentity: async (identityId, at, destinationId) => {
      const groups = await groupsOf(identityId).execute();
      const held = await heldBy([identityId, ...groups.map(({ group_id }) => group_id)], at);
      return destinationId === undefined ? held : held.filter((grant) => grant.destinationId === destinationId);
    },
    atDestination: async (destinationId, at) =>
      (await inForce(at).where('destination_id', '=', destinationId).orderBy('id').execute()).map(fromRow),
    ofSubjects: async (destinationId, subjectIds, at) =>
      subjectIds.length === 0 ? [] : (await heldBy(subjectIds, at)).filter((grant) => grant.destinationId === destinationId),
    ofSubject: async (subjectId) => (await live.where('subject_id', '=', subjectId).execute()).map(fromRow),
    lastEnded: async (subjectIds, destinationId, at) => lastEnded(db, subjectIds, destinationId, at),
    end: async (ids, at, because) => {
      if (ids.length > 0)
        await db
          .updateTable('grants')
          .set({ ended_at: at, ended_because: because })
          .where('id', 'in', [...ids])
          .where('ended_at', 'is', null)
          .execute();
    },
    expired: async (at, limit) => (await live.where('until', '<=', at).limit(limit).execute()).map(fromRow),
    hasLastingAdmin: async (besides = '') => (await lastingAdmins(db, besides, 1)).length > 0,
    countLastingAdmins: async (limit) => (await lastingAdmins(db, '', limit)).length,
    setTerms: async (id, { until, mfaSeconds, reason }) =>
      void (await db.updateTable('grants').set({ until, mfa_seconds: mfaSeconds, reason }).where('id', '=', id).execute()),
    replaceStates: async (connectorId, destinationId, states, at) => {
      await db.deleteFrom('grant_states').where('connector_id', '=', connectorId).execute();
      // Grants of this destination alone: a connector cannot speak of others'.
      const own = new Set(
        (await live.where('destination_id', '=', destinationId).clearSelect().select('id').execute()).map(({ id }) => id),
      );
      const rows = states
        .filter(({ grantId }) => own.has(grantId))
        .map((state) => ({ grant_id: state.grantId, connector_id: connectorId, state: state.state, reason: state.reason, at }));
      for (let start = 0; start < rows.length; start += 500)
        await db
          .insertInto('grant_states')
          .values(rows.slice(start, start + 500))
          .execute();
    },
    statesOf: async (grantIds) => {
      if (grantIds.length === 0) return [];
      const rows = await db
        .selectFrom('grant_states')
        .selectAll()
        .where('grant_id', 'in', [...grantIds])
        .execute();
      return rows.map((row) => ({
        grantId: row.grant_id,
        state: row.state === 'failed' ? 'failed' : 'applied',
        reason: row.reason,
        at: row.at,
      }));
    },
  };
}

async function lastEnded(db: Handle, subjectIds: readonly string[], destinationId: string | null, at: string): Promise<EndedGrant[]> {
  const rows = await db
    .selectFrom('grants')
    .selectAll()
    .where('subject_id', 'in', [...subjectIds])
    .where((eb) => eb.or([eb('ended_at', 'is not', null), eb('until', '<=', at)]))
    .execute();
  return (
    rows
      .filter((row) => row.destination_id === destinationId)
      // What expired a moment ago is written down a little later.
      .map((row) => ({ ...fromRow(row), endedAt: row.ended_at ?? row.until ?? at, because: row.ended_because ?? 'expired' }))
      .sort((one, other) => (one.endedAt > other.endedAt ? -1 : 1))
  );
}

const byId = (one: GrantRecord, other: GrantRecord): number => (one.id < other.id ? -1 : 1);
