/** The token that replaces a one-time password. It opens the change of the password for its account and nothing else; it is no session. */
import { fromTime } from '../../shared/clock.ts';
import type { Identity } from '../identity/identity-store.ts';
import { newSecret } from './secrets.ts';
import type { LoginTokenStore } from './token-store.ts';

export interface ChangeRequired {
  readonly status: 'password-change-required';
  readonly changeToken: string;
}

/** `…-proven`: a second factor was proven before it was given. */
export const changeTokenKinds = ['password-change', 'password-change-proven'] as const;
export type ChangeTokenKind = (typeof changeTokenKinds)[number];

const changeTokenSeconds = 600;

export async function issueChangeToken(
  { loginTokens }: { readonly loginTokens: Pick<LoginTokenStore, 'insert'> },
  kind: ChangeTokenKind,
  identity: Identity,
  { now, loginId }: { readonly now: number; readonly loginId: string | null },
): Promise<ChangeRequired> {
  const changeToken = newSecret('change');
  await loginTokens.insert({ kind, secret: changeToken, subjectId: identity.id, now, lifetimeSeconds: changeTokenSeconds, loginId });
  return { status: 'password-change-required', changeToken };
}

export interface FoundChange {
  readonly kind: ChangeTokenKind;
  readonly subjectId: string;
  /** When the second factor was proven, milliseconds; undefined: none was. */
  readonly mfaAt: number | undefined;
}

/** Whether it would hold now; takes nothing. */
export async function findChange(
  { loginTokens }: { readonly loginTokens: Pick<LoginTokenStore, 'peek'> },
  changeToken: string,
  { now, loginId }: { readonly now: number; readonly loginId: string | null },
): Promise<FoundChange | undefined> {
  for (const kind of changeTokenKinds) {
    const found = await loginTokens.peek(kind, changeToken, now, loginId);
    if (found?.subjectId != null)
      return { kind, subjectId: found.subjectId, mfaAt: kind === 'password-change' ? undefined : fromTime(found.createdAt) };
  }
  return undefined;
}
