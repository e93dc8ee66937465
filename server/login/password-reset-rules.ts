/** Who gets a link to choose a new password, and until when it holds. */

export const resetMinutes = 20;

/** What is known of the account when the mail is about to go out. */
export interface ResetSubject {
  readonly status: 'active' | 'disabled';
  readonly password: { readonly state: 'set' | 'one-time'; readonly changedAt: number; readonly expiresAt: number | null } | undefined;
  /** Has come in by an identity provider, at some time. */
  readonly hasAccounts: boolean;
}

/** Who asked, and when: an admin has decided that there is to be a password, a stranger has not. */
export interface ResetAsk {
  readonly by: 'anybody' | 'admin';
  readonly at: number;
}

/** A reason, for the audit alone; undefined: the mail goes out. A link gives nobody a password who could not have logged in with one. */
export function whyNoReset(subject: ResetSubject | undefined, ask: ResetAsk, now: number): string | undefined {
  if (subject === undefined) return 'unknown account';
  if (subject.status !== 'active') return 'account disabled';
  const { password } = subject;
  if (password === undefined) return 'account without password';
  if (password.changedAt > ask.at) return 'the password was changed meanwhile';
  if (ask.by === 'admin' || password.state === 'set') return undefined;
  if (subject.hasAccounts) return 'account of an identity provider';
  return password.expiresAt !== null && password.expiresAt <= now ? 'one-time password expired' : undefined;
}

/** A link ends with the password that it was made for, whoever replaced that. */
export const doesLinkHold = (subject: ResetSubject | undefined, madeAt: number): boolean =>
  subject?.status === 'active' && subject.password !== undefined && subject.password.changedAt < madeAt;
