/**
 * What somebody gets who has shown who they are, by a password and all that is asked for after it: a session at the API, a code for the login
 * that their browser began. The steps on the way are the same, whoever asks them.
 */
import { toTime } from '../../shared/clock.ts';
import type { AuditSource } from '../../shared/api/audit.ts';
import { DomainError } from '../../shared/api/problem.ts';
import type { SessionMethod } from '../../shared/api/sessions.ts';
import type { SecondFactorId, UserId } from '../../shared/api/values.ts';
import type { Identity } from '../identity/identity-store.ts';
import type { BrowserLoginStore } from './browser-login-store.ts';
import { codeSecondsOf, type ArrivingPurpose } from './login-purpose-rules.ts';
import { openSession, type OpenedSession, type OpeningStores, type SessionSettings } from './open-session.ts';
import { newSecret } from './secrets.ts';

export interface GoalStores extends OpeningStores {
  readonly browserLogins: Pick<BrowserLoginStore, 'comeBack' | 'giveCode'>;
}
export interface ShownPerson {
  readonly identity: Identity;
  /** When a second factor was proven on the way, milliseconds; undefined: none was. */
  readonly mfaAt?: number | undefined;
  /** The passkey that was all they showed; undefined: a password came first. */
  readonly passkeyId?: SecondFactorId | undefined;
  readonly source: AuditSource;
  readonly now: number;
}
export interface LoginGoal<Result> {
  /** The login in the browser for which alone the tokens between its steps hold; null: those of the API. */
  readonly loginId: string | null;
  /** In the transaction of the last step. `refusal`: what is said when the person was disabled meanwhile. */
  reach(stores: GoalStores, person: ShownPerson, refusal: string): Promise<Result>;
}

export const methodOf = ({ passkeyId }: Pick<ShownPerson, 'passkeyId'>): SessionMethod =>
  passkeyId === undefined ? 'password' : 'passkey';

export const sessionGoal = (settings: SessionSettings): LoginGoal<OpenedSession> => ({
  loginId: null,
  reach: async (stores, person, refusal) => openSession(stores, settings, { ...person, method: methodOf(person) }, refusal),
});

export interface Arrived {
  readonly status: 'arrived';
  /** Becomes a session where the login was begun; whether the person may still come in is looked at again there. */
  readonly code: string;
}

export const overInBrowser =
  'This login is over: it was finished already, or took longer than ten minutes. Begin again where you began it.';

export const codeGoal = ({ id, purpose }: { readonly id: string; readonly purpose: ArrivingPurpose }): LoginGoal<Arrived> => ({
  loginId: id,
  reach: async ({ browserLogins }, { identity, mfaAt, passkeyId, now }) => {
    if (!(await browserLogins.comeBack(id, toTime(now)))) throw new DomainError('login.expired', overInBrowser);
    const code = newSecret('code');
    // Passwords and passkeys are people's alone.
    const arrival = { kind: 'user', userId: identity.id as string as UserId, mfaAt, passkeyId } as const;
    await browserLogins.giveCode(id, { code, arrival, expiresAt: toTime(now + codeSecondsOf(purpose) * 1000) });
    return { status: 'arrived', code };
  },
});
