/** Second factors before anything is looked up: what may be typed, who may begin to add one, what is said. Pure. */
import type { ProblemCode } from '../../shared/api/problem.ts';
import type { SessionMethod } from '../../shared/api/sessions.ts';
import type { SecondFactorKind } from '../../shared/api/values.ts';
import { isProofSecret } from './passkey-rules.ts';

export type TypedCode =
  | { readonly kind: 'totp'; readonly digits: string }
  | { readonly kind: 'recovery-code'; readonly code: string }
  | { readonly kind: 'passkey-proof'; readonly secret: string };

/**
 * Six digits, or a recovery code in the form it was told, in which spaces, dashes and capitals do not matter; or what a session was given for an
 * assertion by a passkey. Undefined for what can be none of them.
 */
export function readCode(typed: string): TypedCode | undefined {
  if (isProofSecret(typed)) return { kind: 'passkey-proof', secret: typed };
  const plain = typed.replace(/[\s-]/g, '').toLowerCase();
  if (/^\d{6}$/.test(plain)) return { kind: 'totp', digits: plain };
  const groups = /^([a-z2-9]{5})([a-z2-9]{5})([a-z2-9]{5})$/.exec(plain);
  return groups === null ? undefined : { kind: 'recovery-code', code: groups.slice(1).join('-') };
}

/** In which ways somebody can prove a second factor. */
export interface SecondFactorWays {
  /** Of an app; a recovery code will do as well. */
  readonly codes: boolean;
}
const codeKinds: ReadonlySet<SecondFactorKind> = new Set(['totp']);
export const waysOf = (factors: readonly { readonly kind: SecondFactorKind }[]): SecondFactorWays => ({
  codes: factors.some(({ kind }) => codeKinds.has(kind)),
});

export const recoveryCodeCount = 10;
export const enrolmentSeconds = 600;
/** A login this young may add the first second factor: a session that was stolen is older as a rule. */
export const youngLoginSeconds = 600;

export interface Enrolling {
  readonly kind: 'user' | 'workload';
  readonly method: SessionMethod;
  /** Milliseconds. */
  readonly loggedInAt: number;
  readonly now: number;
}
export interface Refused {
  readonly code: ProblemCode;
  readonly sentence: string;
}

/** Programs prove none, and neither does a person's key: whoever has it has all of it. */
export const whyNoSecondFactor = ({ kind, method }: Pick<Enrolling, 'kind' | 'method'>): Refused | undefined =>
  kind === 'user' && method !== 'access-key'
    ? undefined
    : { code: 'mfa.not-possible', sentence: 'An access key proves no second factor. Log in as a person: infra login' };

export function whyNoFirstFactor({ loggedInAt, now }: Pick<Enrolling, 'loggedInAt' | 'now'>): Refused | undefined {
  if (now - loggedInAt <= youngLoginSeconds * 1000) return undefined;
  return {
    code: 'mfa.login-too-old',
    sentence: 'To add your first second factor the login must be of the last ten minutes. Run: infra login, then: infra mfa add',
  };
}

/** The same whatever was wrong with it: a code of yesterday, of somebody else, used before, or none at all. */
export const wrongCode = 'This code does not hold. Wait for the next one of the app, or use a recovery code that was not used yet.';
