/** Whom a login at a provider belongs to. What the provider says is checked already; what it means here is decided in this file alone. */
import type { ProblemCode } from '../../shared/api/problem.ts';
import { emailKey, isEmail, isProviderGroupName } from '../../shared/resource-name.ts';

/** What a provider says of a person, by an ID token that holds. */
export interface ProviderClaims {
  readonly subject: string;
  readonly email: string;
  /** Undefined: the claim was not there. */
  readonly groups: readonly string[] | undefined;
  /** Names among the groups that are none here. */
  readonly unusableGroups: readonly string[];
  /** All of it, for `whoami --why`. */
  readonly shown: Readonly<Record<string, unknown>>;
}
export interface Refusal {
  readonly code: ProblemCode;
  readonly sentence: string;
}
interface ProviderSettings {
  readonly name: string;
  readonly emailDomains: readonly string[];
  readonly groupsClaim: string | null;
  readonly createUsers: boolean;
  readonly linkUsers: boolean;
}

export const groupsMaximum = 1000;

/** Reads claims; a refusal when they are not enough to know a person by. */
export function readClaims(claims: Readonly<Record<string, unknown>>, provider: ProviderSettings): ProviderClaims | Refusal {
  const { sub: subject, email, email_verified: isVerified } = claims;
  if (typeof subject !== 'string' || !/^[\x20-\x7e]{1,255}$/.test(subject))
    return { code: 'login.provider-failed', sentence: `${provider.name} gave no usable subject.` };
  if (typeof email !== 'string')
    return {
      code: 'login.email-unverified',
      sentence: `${provider.name} did not tell an email. Ask an admin to let it send the claim "email" (scope email).`,
    };
  // The text "true" is not the claim (OpenID Connect Core §5.1), whatever some providers send.
  if (isVerified !== true)
    return {
      code: 'login.email-unverified',
      sentence: `${provider.name} has not verified your email. Verify it there, then log in again.`,
    };
  const fault = emailFault(email, provider);
  if (fault !== undefined) return fault;
  const names = provider.groupsClaim === null ? undefined : groupsIn(claims, provider.groupsClaim);
  const groups = names === undefined ? undefined : [...new Set(names)];
  if (groups !== undefined && groups.length > groupsMaximum)
    return {
      code: 'login.groups-unusable',
      sentence: `${provider.name} names more than ${groupsMaximum} groups for you. Ask an admin to let it send only those that matter here.`,
    };
  return {
    subject,
    email,
    groups: groups?.filter(isProviderGroupName),
    unusableGroups: groups?.filter((name) => !isProviderGroupName(name)) ?? [],
    shown: claimsToShow(claims),
  };
}

/** Of one login alone, and nobody's business after it. */
const ofTheProtocol = new Set(['nonce', 'at_hash', 'c_hash', 's_hash', 'jti', 'sid']);
const mostShown = 32_768;
const mostItems = 100;

const cutShort = (value: unknown): unknown =>
  Array.isArray(value) && value.length > mostItems
    ? [...(value as unknown[]).slice(0, mostItems), `… and ${value.length - mostItems} more`]
    : value;

/** Claims as their person may look at them later: without what belongs to the protocol, and bounded. */
export function claimsToShow(claims: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const kept = Object.entries(claims).filter(([name]) => !ofTheProtocol.has(name));
  const cut = kept.map(([name, value]): [string, unknown] => [name, cutShort(value)]);
  const shown = Object.fromEntries(cut);
  return JSON.stringify(shown).length <= mostShown
    ? shown
    : { claims: kept.map(([name]) => name), note: 'too large to keep; these are their names' };
}

/** An address is taken only where no two readers could see two: plain ASCII, one @, a domain of the list, whole. */
export function emailFault(email: string, provider: Pick<ProviderSettings, 'name' | 'emailDomains'>): Refusal | undefined {
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

/** The names at a claim: one of exactly this name, else the way through nested ones. Undefined when it is not there. */
function groupsIn(claims: Readonly<Record<string, unknown>>, path: string): string[] | undefined {
  let found: unknown = claims[path];
  if (found === undefined) {
    found = claims;
    for (const part of path.split('.')) found = isRecord(found) && Object.hasOwn(found, part) ? found[part] : undefined;
  }
  if (typeof found === 'string') return [found];
  return Array.isArray(found) ? found.filter((name) => typeof name === 'string') : undefined;
}
const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null;

interface User {
  readonly status: 'active' | 'disabled';
}
/** What is known of the person here. */
export interface Known {
  /** Whoever owns the account (provider, subject). */
  readonly owner: User | undefined;
  /** Whoever has this email; found only to be bound for the first time. */
  readonly namesake: User | undefined;
  /** Providers of the accounts that the namesake has already. */
  readonly namesakeProviders: readonly string[];
  /** The namesake logs in with a password of their own choice: somebody is there already. */
  readonly namesakeHasPassword: boolean;
  /** Whom the provider's directory means by who logs in; absent: nobody. Bound when it was given, so nothing is asked of other ways in. */
  readonly provisioned?: User & { readonly hasAccountHere: boolean };
  /** The directory says that whoever this is must stay out. */
  readonly isDeactivated?: boolean;
}
export type Admission = { readonly as: 'owner' | 'provisioned' | 'namesake' | 'new user' } | Refusal;

/** An account is never found by email. An email binds once: a user who has not logged in in any way, or one the provider's setting lets it share. */
export function admissionOf(known: Known, provider: ProviderSettings & { readonly id: string }): Admission {
  const { owner, provisioned, namesake } = known;
  if (known.isDeactivated === true)
    return { code: 'login.user-disabled', sentence: `${provider.name} has deactivated your account. Ask whoever runs it there.` };
  if ((owner ?? provisioned ?? namesake)?.status === 'disabled')
    return { code: 'login.user-disabled', sentence: 'This account is disabled. Ask an admin.' };
  if (owner !== undefined) return { as: 'owner' };
  if (provisioned !== undefined) return provisioned.hasAccountHere ? secondSubject(provider) : { as: 'provisioned' };
  if (namesake === undefined) {
    if (provider.createUsers) return { as: 'new user' };
    return {
      code: 'login.user-unknown',
      sentence: `You are not known here, and ${provider.name} does not add people by itself. Ask an admin for: infra users add EMAIL`,
    };
  }
  if (known.namesakeProviders.includes(provider.id)) return secondSubject(provider);
  if (known.namesakeProviders.length > 0 && !provider.linkUsers)
    return {
      code: 'login.account-conflict',
      sentence: `The user with your email logs in through another identity provider. Log in there, or ask an admin to let ${provider.name} share users.`,
    };
  if (known.namesakeHasPassword && !provider.linkUsers)
    return {
      code: 'login.account-conflict',
      sentence: `The user with your email logs in with a password. Log in with it (infra login --user EMAIL), or ask an admin to let ${provider.name} share users.`,
    };
  return { as: 'namesake' };
}

const secondSubject = ({ name }: ProviderSettings): Refusal => ({
  code: 'login.account-conflict',
  sentence: `The user with your email belongs to another account at ${name}. Ask an admin: the old user has to be removed first.`,
});

/**
 * A person without a password and without an open account cannot log in, and neither may what they left behind. A one-time password that was
 * never used is no way in of somebody who came by a provider.
 */
export const hasWayIn = (password: 'set' | 'one-time' | 'none', accounts: readonly { readonly state: 'active' | 'ended' }[]): boolean =>
  password === 'set' || (password === 'one-time' && accounts.length === 0) || accounts.some(({ state }) => state === 'active');
