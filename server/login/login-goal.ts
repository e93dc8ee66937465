/**
 * What somebody gets who has shown who they are, by a password and all that is asked for after it: a session at the API, a code for the login
 * that their browser began. The steps on the way are the same, whoever asks them.
 */
import { toTime } from '../../shared/clock.ts';
import type { AuditSource } from '../../shared/api/audit.ts';
import { DomainError } from '../../shared/api/problem.ts';
import type { UserId } from '../../shared/api/values.ts';
import type { Identity } from '../identity/identity-store.ts';
import type { BrowserLogin, BrowserLoginStore } from './browser-login-store.ts';
import { codeSecondsOf } from './login-purpose-rules.ts';
import { openSession, type OpenedSession, type OpeningStores, type SessionSettings } from './open-session.ts';
import { newSecret } from './secrets.ts';

export interface GoalStores extends OpeningStores {
  readonly browserLogins: Pick<BrowserLoginStore, 'comeBack' | 'giveCode'>;
}
export interface ShownPerson {
  readonly identity: Identity;
  /** When a second factor was proven on the way, milliseconds; undefined: none was. */
  readonly mfaAt?: number | undefined;
  readonly source: AuditSource;
  readonly now: number;
}
export interface LoginGoal<Result> {
  /** The login in the browser for which alone the tokens between its steps hold; null: those of the API. */
  readonly loginId: string | null;
  /** In the transaction of the last step. `refusal`: what is said when the person was disabled meanwhile. */
  reach(stores: GoalStores, person: ShownPerson, refusal: string): Promise<Result>;
}

export const sessionGoal = (settings: SessionSettings): LoginGoal<OpenedSession> => ({
  loginId: null,
  reach: async (stores, person, refusal) => openSession(stores, settings, { ...person, method: 'password' }, refusal),
});

export interface Arrived {
  readonly status: 'arrived';
  /** Becomes a session where the login was begun; whether the person may still come in is looked at again there. */
  readonly code: string;
}

export const overInBrowser =
  'This login is over: it was finished already, or took longer than ten minutes. Begin again where you began it.';

export const codeGoal = ({ id, purpose }: Pick<BrowserLogin, 'id' | 'purpose'>): LoginGoal<Arrived> => ({
  loginId: id,
  reach: async ({ browserLogins }, { identity, mfaAt, now }) => {
    if (!(await browserLogins.comeBack(id, toTime(now)))) throw new DomainError('login.expired', overInBrowser);
    const code = newSecret('code');
    // Passwords are people's alone.
    const arrival = { kind: 'user', userId: identity.id as string as UserId, mfaAt } as const;
    await browserLogins.giveCode(id, { code, arrival, expiresAt: toTime(now + codeSecondsOf(purpose) * 1000) });
    return { status: 'arrived', code };
  },
});
