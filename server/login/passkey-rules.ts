/** Passkeys before anything is looked up: how long links hold, how many there may be, what is said. Pure. */
import type { ProofPurpose } from '../../shared/api/passkeys.ts';
import type { User } from '../../shared/api/users.ts';

/** What a link leads a browser through. `isFirst`: there was no second factor when it was begun. */
export type LinkTask =
  { readonly kind: 'add'; readonly name: string; readonly isFirst: boolean } | { readonly kind: 'prove'; readonly purpose: ProofPurpose };

export const linkSeconds = 300;
/** A person has a few devices; each is offered to the browser by name. */
export const passkeysMaximum = 20;

export const passkeyLinkUrl = (publicUrl: string, { kind }: LinkTask, token: string): string =>
  `${publicUrl}${kind === 'add' ? '/passkeys/new' : '/passkeys/prove'}#${token}`;

export const linkOver =
  'This link does not hold: it was used, is older than five minutes, or its login is over. Go back to the terminal and run the command again.';

/** The same whatever was wrong with it. */
export const wrongPasskey = 'This passkey does not hold here. Try once more, or use another second factor.';

export const noPasskeysHere =
  'This server’s address is an IP, and a passkey belongs to a name. An admin can give it one: set publicUrl to https://NAME. An app does without: infra mfa add';

export const isProofSecret = (typed: string): boolean => /^infra_proof_[A-Za-z0-9_-]{43}$/.test(typed);

/** The same whatever was wrong with it, and of whomever it is. */
export const wrongPasskeyAlone =
  'This passkey logs nobody in here. Try another one, or your email and password; or go back for the other ways.';

export const noPasskeysAlone =
  'This server takes no passkey without a password. Log in with both, or ask an admin for the setting passkeyLogin.';

/** Why a passkey that holds does not open the door alone: for the audit, and for its owner, who has just shown that they are. */
export interface RefusedAlone {
  readonly refusal: string;
  readonly sentence: string;
}
export interface OwnerAlone {
  readonly status: User['status'];
  readonly password: User['password'];
  /** Used beside something else since all sessions were last ended. */
  readonly isTrustedAlone: boolean;
}

/**
 * It stands in for a password and a second factor, so only for who has both: whoever comes by a provider goes on doing so, or the provider could not
 * put them out. A reset is to put out whoever was in, a passkey of theirs too (ADR 49).
 */
export function whyNotAlone({ status, password, isTrustedAlone }: OwnerAlone): RefusedAlone | undefined {
  if (status !== 'active') return { refusal: 'account disabled', sentence: wrongPasskeyAlone };
  if (password === 'none')
    return {
      refusal: 'account without password',
      sentence: 'You have no password here, so this passkey is your second factor alone. Log in with your company’s account.',
    };
  if (password === 'one-time')
    return {
      refusal: 'one-time password pending',
      sentence: 'Your password is to be replaced: log in with the one-time password first, and this passkey after it.',
    };
  if (!isTrustedAlone)
    return {
      refusal: 'not used beside a password since all sessions were ended',
      sentence:
        'All your sessions were ended, or your password was replaced. Log in with your password and this passkey once; then it does alone again.',
    };
  return undefined;
}

/** For the list. Null: its device has not told whether it offers it without an account. `isPossible`: by the setting, and for this person. */
export const signsInAlone = (
  isPossible: boolean,
  { isDiscoverable, isTrustedAlone }: { readonly isDiscoverable: boolean | undefined; readonly isTrustedAlone: boolean },
): boolean | null => (isPossible && isTrustedAlone ? (isDiscoverable ?? null) : false);
