/** Sessions: who a secret belongs to, what they may see of their own, and ending them. */
import { fromTime, toTime, type Clock } from '../../shared/clock.ts';
import type { AuditSource } from '../../shared/api/audit.ts';
import type { Page, PageRequest } from '../../shared/api/pagination.ts';
import { DomainError } from '../../shared/api/problem.ts';
import type { Session, Whoami } from '../../shared/api/sessions.ts';
import type { Change, SessionId } from '../../shared/api/values.ts';
import { authorOf, type Caller, type ServerRole } from '../audit/caller.ts';
import type { GroupStore } from '../identity/group-store.ts';
import type { ChangeFeed } from '../storage/change-feed.ts';
import type { Transact } from '../storage/transact.ts';
import type { BrowserLoginStore } from './browser-login-store.ts';
import { hashSecret } from './secrets.ts';
import type { SessionEnd } from './session-end.ts';
import { listScope, mayEnd } from './session-policy.ts';
import { whySessionEnded } from './session-rules.ts';
import type { OwnedSession, SessionStore } from './session-store.ts';

export interface SessionServiceOptions {
  readonly read: { readonly sessions: SessionStore; readonly groups: GroupStore };
  readonly transact: Transact<{
    readonly sessions: SessionStore;
    readonly sessionEnd: SessionEnd;
    readonly browserLogins: Pick<BrowserLoginStore, 'voidArrivals'>;
    readonly feed: ChangeFeed;
  }>;
  /** What login needs of grants: roles on `infra` that hold now. */
  readonly serverRolesOf: (identityId: string, now: number) => Promise<ReadonlySet<ServerRole>>;
  readonly clock: Clock;
}

export type SessionService = ReturnType<typeof createSessionService>;

/** Idle limits count from the last use to this precision; writing it on every request would make every read a write. */
const touchMilliseconds = 30_000;

export function createSessionService({ read, transact, serverRolesOf, clock }: SessionServiceOptions) {
  const live = async (secret: string, now: number): Promise<OwnedSession> => {
    const session = await read.sessions.findBySecret(hashSecret(secret));
    if (session === undefined) throw new DomainError('session.invalid', 'This session is not known here. Log in: infra login');
    if (whySessionEnded(session, now) !== undefined)
      throw new DomainError('session.expired', 'Your session has ended. Log in again: infra login');
    if (session.owner.status !== 'active') throw new DomainError('session.expired', 'This account is disabled. Ask an admin.');
    return session;
  };

  return {
    /** The caller behind a session's secret; throws `session.*`. */
    authenticate: async (secret: string, source: AuditSource): Promise<Caller> => {
      const now = clock.now();
      const session = await live(secret, now);
      if (now - fromTime(session.lastUsedAt) > touchMilliseconds) await read.sessions.touch(session.id, toTime(now));
      return {
        identity: { id: session.identityId, kind: session.owner.kind, name: session.owner.name },
        session: {
          id: session.id,
          method: session.method,
          client: session.client,
          accessKeyId: session.accessKeyId,
          createdAt: fromTime(session.createdAt),
          expiresAt: fromTime(session.expiresAt),
          mfaAt: session.mfaAt,
        },
        serverRoles: await serverRolesOf(session.identityId, now),
        source,
      };
    },

    whoami: async (caller: Caller): Promise<Whoami> => {
      const session = await read.sessions.find(caller.session.id);
      if (session === undefined) throw new DomainError('session.invalid', 'This session is not known here. Log in: infra login');
      const groups = await read.groups.groupsOf(caller.identity.id);
      return {
        identity: { ...caller.identity },
        session: describeSession(session),
        groups: groups.map(({ id, name, provider }) => ({ id, name, provider })),
        serverRoles: [...caller.serverRoles],
      };
    },

    logout: async (caller: Caller): Promise<{ change: Change }> =>
      transact(async (stores) => {
        const session = await stores.sessions.find(caller.session.id);
        if (session !== undefined && session.endedAt === null)
          await stores.sessionEnd.end([session], 'logged out', { by: authorOf(caller), now: clock.now() });
        return { change: stores.feed.change() };
      }),

    list: async (
      filter: PageRequest & {
        readonly identity?: string | undefined;
        readonly all?: string | undefined;
        readonly live?: string | undefined;
      },
      caller: Caller,
    ): Promise<Page<Session>> => {
      const identityId = listScope(caller, filter, 'sessions');
      const page = await read.sessions.list({
        limit: filter.limit,
        cursor: filter.cursor,
        identityId,
        liveAt: filter.live === 'true' ? toTime(clock.now()) : undefined,
      });
      return { items: page.items.map(describeSession), nextCursor: page.nextCursor };
    },

    revokeOthers: async (caller: Caller): Promise<{ sessionsEnded: number; leasesRevoked: number; change: Change }> =>
      transact(async (stores) => {
        const all = await stores.sessions.openOf({ identityId: caller.identity.id });
        const others = all.filter(({ id }) => id !== caller.session.id);
        const act = { by: authorOf(caller), now: clock.now() };
        const ended = await stores.sessionEnd.end(others, 'ended from another session', act);
        // What was let in and has not asked for its session yet is another one as well.
        await stores.browserLogins.voidArrivals({ identityId: caller.identity.id }, toTime(act.now));
        return { ...ended, change: stores.feed.change() };
      }),

    revoke: async (id: SessionId, caller: Caller): Promise<{ change: Change }> =>
      transact(async (stores) => {
        const session = await stores.sessions.find(id);
        if (session === undefined || !mayEnd(caller, session.identityId))
          throw new DomainError('session.not-found', 'There is no such session of yours. See: infra sessions list');
        if (session.endedAt === null) await stores.sessionEnd.end([session], 'revoked', { by: authorOf(caller), now: clock.now() });
        return { change: stores.feed.change() };
      }),
  };
}

export const describeSession = (session: OwnedSession): Session => ({
  id: session.id,
  identity: { id: session.identityId, name: session.owner.name },
  method: session.method,
  client: session.client,
  provider: session.provider,
  accessKeyId: session.accessKeyId,
  trustRuleId: session.trustRuleId,
  createdAt: session.createdAt,
  expiresAt: session.expiresAt,
  idleSeconds: session.idleSeconds,
  lastUsedAt: session.lastUsedAt,
  endedAt: session.endedAt,
  mfaAt: session.mfaAt,
  sourceAddress: session.sourceAddress,
  userAgent: session.userAgent,
});
