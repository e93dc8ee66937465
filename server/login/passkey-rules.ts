/** Passkeys before anything is looked up: how long links hold, how many there may be, what is said. Pure. */
import type { ProofPurpose } from '../../shared/api/passkeys.ts';

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
