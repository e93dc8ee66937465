/** Opens a session, whatever the way in was. Bound to a transaction. The secret is told once; what is kept is its hash. */
import { toTime } from '../../shared/clock.ts';
import { newId } from '../../shared/id.ts';
import type { AuditSource, TokenTrace } from '../../shared/api/audit.ts';
import { DomainError } from '../../shared/api/problem.ts';
import type { Session, SessionClient, SessionMethod } from '../../shared/api/sessions.ts';
import type { AccountId, SecondFactorId, SessionId, TrustRuleId } from '../../shared/api/values.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import type { Act } from '../audit/caller.ts';
import type { Identity, IdentityStore } from '../identity/identity-store.ts';
import type { OwnedAccessKey } from './access-key-store.ts';
import { hashSecret, newSecret } from './secrets.ts';
import { sessionEnd } from './session-rules.ts';
import { describeSession } from './session-service.ts';
import type { OwnedSession, SessionStore } from './session-store.ts';

export interface OpenedSession {
  readonly status: 'session';
  readonly secret: string;
  readonly session: Session;
}
export interface SessionSettings {
  readonly lifetimeSeconds: number;
  readonly idleSeconds: number | null;
}
export interface Opening {
  readonly identity: Identity;
  readonly method: SessionMethod;
  /** Who gets the secret; undefined: a program. */
  readonly client?: SessionClient | undefined;
  readonly source: AuditSource;
  readonly now: number;
  readonly key?: OwnedAccessKey;
  /** When a second factor was proven on the way in. */
  readonly mfaAt?: number | undefined;
  /** All that was shown. */
  readonly passkeyId?: SecondFactorId | undefined;
  readonly account?: { readonly id: AccountId; readonly provider: { readonly id: string; readonly name: string } };
  /** The login by a code that was approved for it. */
  readonly deviceLogin?: string | undefined;
  /** Of a workload: by which rule its token was taken, and what it said. */
  readonly trusted?: { readonly ruleId: TrustRuleId; readonly token: TokenTrace };
}
export interface OpeningStores {
  readonly identities: Pick<IdentityStore, 'find' | 'setLastLogin'>;
  readonly sessions: Pick<SessionStore, 'insert'>;
  readonly audit: AuditLog;
}

/** `refusal`: what is said when the account was disabled while the login was under way. */
export async function openSession(
  stores: OpeningStores,
  settings: SessionSettings,
  opening: Opening,
  refusal: string,
): Promise<OpenedSession> {
  const { identity, method, client = 'program', source, now, key, account, mfaAt, passkeyId, deviceLogin, trusted } = opening;
  if ((await stores.identities.find(identity.id))?.status !== 'active') throw new DomainError('login.failed', refusal);
  const secret = newSecret(client === 'browser' ? 'web' : 'ses');
  const session: OwnedSession = {
    // An id made with the prefix of sessions is one.
    id: newId('session', now) as SessionId,
    identityId: identity.id,
    method,
    client,
    accessKeyId: key?.id ?? null,
    accountId: account?.id ?? null,
    trustRuleId: trusted?.ruleId ?? null,
    createdAt: toTime(now),
    expiresAt: toTime(sessionEnd(now, settings.lifetimeSeconds, key?.expiresAt)),
    idleSeconds: settings.idleSeconds,
    lastUsedAt: toTime(now),
    endedAt: null,
    mfaAt: mfaAt === undefined ? null : toTime(mfaAt),
    sourceAddress: source.address,
    userAgent: source.userAgent,
    owner: { kind: identity.kind, name: identity.name, status: identity.status },
    provider: account?.provider.name ?? null,
  };
  await stores.sessions.insert(session, hashSecret(secret));
  await stores.identities.setLastLogin(identity.id, toTime(now));
  const act: Act = { by: { actor: { kind: identity.kind, id: identity.id, name: identity.name }, source }, now };
  await stores.audit.record({
    event: 'login.succeeded',
    act,
    details: {
      session: session.id,
      method,
      ...(client === 'program' ? {} : { client }),
      ...(account === undefined ? {} : { provider: account.provider }),
      ...(deviceLogin === undefined ? {} : { deviceLogin }),
      ...(passkeyId === undefined ? {} : { passkey: passkeyId }),
      ...(trusted === undefined ? {} : { trustRule: trusted.ruleId, token: trusted.token }),
    },
  });
  return { status: 'session', secret, session: describeSession(session) };
}
