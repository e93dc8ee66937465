/**
 * The second step of a login by password. The token of the first is good for this alone, for five minutes, until it has opened one session; a
 * wrong code leaves it, for people mistype. A one-time password is changed after this step, lest whoever holds nothing but that password
 * shut its owner out (row 26).
 */
import type { Clock } from '../../shared/clock.ts';
import type { AuditSource } from '../../shared/api/audit.ts';
import { DomainError } from '../../shared/api/problem.ts';
import type { SecondFactorKind } from '../../shared/api/values.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import { anonymous } from '../audit/caller.ts';
import type { Identity, IdentityStore } from '../identity/identity-store.ts';
import type { Transact } from '../storage/transact.ts';
import { refuseCounted, type RefusalOptions } from './counted-refusal.ts';
import type { LoginAttempts } from './login-attempts.ts';
import type { GoalStores, LoginGoal } from './login-goal.ts';
import { issueChangeToken, type ChangeRequired } from './password-change.ts';
import type { PasswordStore } from './password-store.ts';
import type { SecondFactorProof, ProofStores } from './second-factor-proof.ts';
import type { SecondFactorStore } from './second-factor-store.ts';
import { newSecret } from './secrets.ts';
import type { SessionStore } from './session-store.ts';
import type { LoginTokenStore } from './token-store.ts';

export interface SecondFactorLoginStores extends ProofStores, GoalStores {
  readonly identities: IdentityStore;
  readonly passwords: PasswordStore;
  readonly sessions: SessionStore;
  readonly loginTokens: LoginTokenStore;
  readonly audit: AuditLog;
}
export interface SecondFactorLoginOptions {
  readonly read: Pick<SecondFactorLoginStores, 'identities' | 'loginTokens'>;
  readonly transact: Transact<SecondFactorLoginStores>;
  readonly proof: SecondFactorProof<SecondFactorLoginStores>;
  readonly attempts: Pick<LoginAttempts, 'count'>;
  readonly clock: Clock;
}
export interface MfaRequired {
  readonly status: 'mfa-required';
  readonly mfaToken: string;
  readonly kinds: SecondFactorKind[];
}

export interface GivenCode {
  readonly mfaToken: string;
  /** As it was typed. */
  readonly code: string;
}
export type SecondFactorLogin = <Result>(
  given: GivenCode,
  source: AuditSource,
  goal: LoginGoal<Result>,
) => Promise<Result | ChangeRequired>;

const mfaTokenSeconds = 300;
const over = 'This login is over. Begin it again: infra login';

/** After a password that holds, of somebody with a second factor: no session yet. */
export async function requireSecondFactor(
  transact: Transact<{ readonly loginTokens: LoginTokenStore; readonly secondFactors: Pick<SecondFactorStore, 'activeOf'> }>,
  identity: Identity,
  { now, loginId }: { readonly now: number; readonly loginId: string | null },
): Promise<MfaRequired> {
  const mfaToken = newSecret('mfa');
  const token = { kind: 'second-factor', secret: mfaToken, subjectId: identity.id, lifetimeSeconds: mfaTokenSeconds } as const;
  return transact(async ({ loginTokens, secondFactors }) => {
    await loginTokens.insert({ ...token, now, loginId });
    const kinds = (await secondFactors.activeOf(identity.id)).map(({ kind }) => kind);
    return { status: 'mfa-required', mfaToken, kinds: [...new Set(kinds)] };
  });
}

export function createSecondFactorLogin(options: SecondFactorLoginOptions): SecondFactorLogin {
  const { read, proof, clock } = options;
  return async ({ mfaToken, code }, source, goal) => {
    const found = await read.loginTokens.peek('second-factor', mfaToken, clock.now(), goal.loginId);
    const identity = found?.subjectId == null ? undefined : await read.identities.find(found.subjectId);
    if (identity?.status !== 'active') return refuseToken(options, source);
    const claim = { identity, code, by: anonymous(source), source, sessionId: null };
    return proof.prove(claim, async (stores, { now }) => goOnProven(stores, { identity, mfaToken, source, now }, goal));
  };
}

export interface Proven {
  readonly identity: Identity;
  readonly mfaToken: string;
  readonly source: AuditSource;
  /** When it was proven: now. */
  readonly now: number;
}

/** What follows a second factor, whichever it was, in the transaction that took it. */
export async function goOnProven<Result>(
  stores: Pick<SecondFactorLoginStores, 'loginTokens' | 'passwords'> & GoalStores,
  { identity, mfaToken, source, now }: Proven,
  goal: LoginGoal<Result>,
): Promise<Result | ChangeRequired> {
  const { loginId } = goal;
  if ((await stores.loginTokens.use('second-factor', mfaToken, now, loginId)) === undefined) throw new DomainError('token.invalid', over);
  const password = await stores.passwords.stateOf(identity.id);
  if (password === 'one-time') return issueChangeToken(stores, 'password-change-proven', identity, { now, loginId });
  return goal.reach(stores, { identity, source, now, mfaAt: now }, over);
}

/** Nobody finds a token by trying; whoever tries all the same does not fill the audit. */
export const refuseToken = async (options: RefusalOptions, source: AuditSource): Promise<never> =>
  refuseCounted(options, {
    countedAs: 'second factor of a login',
    source,
    details: { method: 'second-factor', reason: 'no such token' },
    error: new DomainError('token.invalid', over),
  });
