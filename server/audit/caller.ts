/** Who asks, from where: made once by http/authenticate, believed by every service. */
import type { AuditActor, AuditSource } from '../../shared/api/audit.ts';
import type { SessionClient, SessionMethod } from '../../shared/api/sessions.ts';
import type { AccessKeyId, IdentityId, SessionId } from '../../shared/api/values.ts';

export type ServerRole = 'admin' | 'view';

/** An identity with a live session. */
export interface Caller {
  readonly identity: { readonly id: IdentityId; readonly kind: 'user' | 'workload'; readonly name: string };
  readonly session: {
    readonly id: SessionId;
    readonly method: SessionMethod;
    readonly client: SessionClient;
    readonly accessKeyId: AccessKeyId | null;
    readonly createdAt: number;
    readonly expiresAt: number;
    /** When a second factor was last proven in it; RFC 3339. */
    readonly mfaAt: string | null;
  };
  /** Roles on the resource `infra` that held when the request came in; admin includes view. */
  readonly serverRoles: ReadonlySet<ServerRole>;
  readonly source: AuditSource;
}

/** What an audit event needs to know of who acts. */
export interface Author {
  readonly actor: AuditActor;
  readonly source: AuditSource | null;
}

export const authorOf = (caller: Caller): Author => ({
  actor: { kind: caller.identity.kind, id: caller.identity.id, name: caller.identity.name },
  source: caller.source,
});
export const system: Author = { actor: { kind: 'system', id: null, name: 'infra-server' }, source: null };
export const anonymous = (source: AuditSource): Author => ({ actor: { kind: 'anonymous', id: null, name: 'anonymous' }, source });
export const connectorAuthor = (id: string, destination: string, source: AuditSource | null): Author => ({
  actor: { kind: 'connector', id, name: `connector of ${destination}` },
  source,
});

/** One act: who and when; every change carries it. */
export interface Act {
  readonly by: Author;
  /** Milliseconds since the epoch. */
  readonly now: number;
}
