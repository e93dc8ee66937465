/** Puts together what pages hear while they are open, and the roles by which it is decided how much of it. */
import { toTime, type Clock } from '../shared/clock.ts';
import type { ServerRole } from './audit/caller.ts';
import { createLiveEvents, type LiveEvents } from './live/live-events.ts';
import { createSessionStanding } from './login/session-standing.ts';
import type { Stores } from './stores.ts';

/** Roles on `infra` that hold at a time. */
export const createServerRolesOf =
  ({ grants }: Pick<Stores, 'grants'>) =>
  async (identityId: string, now: number): Promise<ReadonlySet<ServerRole>> => {
    const held = await grants.ofIdentity(identityId, toTime(now), null);
    const isAdmin = held.some(({ role }) => role === 'admin');
    return new Set<ServerRole>(isAdmin ? ['admin', 'view'] : held.some(({ role }) => role === 'view') ? ['view'] : []);
  };

export const composeLive = (read: Stores, clock: Clock): LiveEvents =>
  createLiveEvents({
    standingOf: createSessionStanding({ sessions: read.sessions, serverRolesOf: createServerRolesOf(read), clock }),
    groupsOf: async (identityId) => (await read.groups.groupsOf(identityId)).map(({ id }) => id),
    clock,
  });

/** For `createTransact`. */
export const tellCommits =
  (live: LiveEvents) =>
  ({ audit, feed }: Pick<Stores, 'audit' | 'feed'>): void =>
    live.committed(audit.recorded(), feed.change() !== null);
