/** What an ID token that holds says of a person, in the words of OpenID Connect; what all kinds of providers have in common. */
import type { ProviderKind } from '../../shared/api/identity-providers.ts';
import type { DirectorySettings } from '../../shared/api/provider-directory.ts';
import type { ProblemCode } from '../../shared/api/problem.ts';
import { emailKey, isEmail } from '../../shared/resource-name.ts';

export type Claims = Readonly<Record<string, unknown>>;

export interface Refusal {
  readonly code: ProblemCode;
  readonly sentence: string;
}
/** Of a provider, what claims are judged by. */
export interface ClaimSettings {
  readonly name: string;
  readonly kind: ProviderKind;
  readonly issuer: string;
  readonly emailDomains: readonly string[];
  readonly groupsClaim: string | null;
  readonly directory: DirectorySettings | null;
}

export interface Person {
  readonly subject: string;
  readonly email: string;
  readonly groups: ClaimedGroups;
}
/** What the token has of groups. */
export type ClaimedGroups =
  /** They are not read, or the claim is not there. */
  | { readonly as: 'nothing' }
  | { readonly as: 'names'; readonly names: readonly string[] }
  /** By what the directory knows them; `others` are no such ids. */
  | { readonly as: 'ids'; readonly ids: readonly string[]; readonly others: readonly string[] }
  /** The directory has to be asked. */
  | { readonly as: 'not told' };

export function readOpenIdClaims(claims: Claims, provider: ClaimSettings): Person | Refusal {
  const { sub: subject, email, email_verified: isVerified } = claims;
  if (!isSubject(subject)) return noSubject(provider);
  if (typeof email !== 'string')
    return {
      code: 'login.email-unverified',
      sentence: `${provider.name} did not tell an email. Ask an admin to let it send the claim "email" (scope email).`,
    };
  if (isVerified !== true) return unverified(provider);
  const names = provider.groupsClaim === null ? undefined : textsAt(claims, provider.groupsClaim);
  return emailFault(email, provider) ?? { subject, email, groups: names === undefined ? { as: 'nothing' } : { as: 'names', names } };
}

export const isSubject = (subject: unknown): subject is string => typeof subject === 'string' && /^[\x20-\x7e]{1,255}$/.test(subject);
export const noSubject = ({ name }: ClaimSettings): Refusal => ({
  code: 'login.provider-failed',
  sentence: `${name} gave no usable subject.`,
});
/** The text "true" is not the claim (OpenID Connect Core §5.1), whatever some providers send. */
export const unverified = ({ name }: ClaimSettings): Refusal => ({
  code: 'login.email-unverified',
  sentence: `${name} has not verified your email. Verify it there, then log in again.`,
});

/** An address is taken only where no two readers could see two: plain ASCII, one @, a domain of the list, whole. */
export function emailFault(email: string, provider: ClaimSettings): Refusal | undefined {
  const isPlain = /^[\x21-\x7e]+$/.test(email) && isEmail(email);
  if (!isPlain)
    return {
      code: 'login.email-not-allowed',
      sentence: `The email that ${provider.name} gave cannot be used here: it has letters that could be taken for others.`,
    };
  const domain = emailKey(email).slice(email.indexOf('@') + 1);
  if (provider.emailDomains.includes(domain)) return undefined;
  return {
    code: 'login.email-not-allowed',
    sentence: `People with an email at ${domain} may not log in through ${provider.name}. Ask an admin to add the domain, if it should be.`,
  };
}

/** The texts at a claim: one of exactly this name, else the way through nested ones. Undefined when it is not there. */
export function textsAt(claims: Claims, path: string): string[] | undefined {
  let found: unknown = claims[path];
  if (found === undefined) {
    found = claims;
    for (const part of path.split('.')) found = isRecord(found) && Object.hasOwn(found, part) ? found[part] : undefined;
  }
  if (typeof found === 'string') return [found];
  return Array.isArray(found) ? found.filter((name) => typeof name === 'string') : undefined;
}
export const isRecord = (value: unknown): value is Claims => typeof value === 'object' && value !== null;
