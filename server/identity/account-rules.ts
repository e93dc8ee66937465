/** Whom a login at a provider belongs to. What the provider says is checked already; what it means here is decided in this file alone. */
import { readOpenIdClaims, type Claims, type ClaimSettings, type Person, type Refusal } from './claims-rules.ts';
import { readEntraClaims } from './entra-claims-rules.ts';
import { readGoogleClaims } from './google-rules.ts';

/** Reads an ID token that holds; a refusal when it is not enough to know a person by. */
export function readClaims(claims: Claims, provider: ClaimSettings): Person | Refusal {
  switch (provider.kind) {
    case 'azure':
      return readEntraClaims(claims, provider);
    case 'google':
      return readGoogleClaims(claims, provider);
    case 'oidc':
    case 'okta':
      return readOpenIdClaims(claims, provider);
  }
}

/** By what the provider knows a person for good: at Entra an object id, elsewhere the subject of the token. Undefined: it is not there. */
export const subjectIn = (claims: Claims, { kind }: Pick<ClaimSettings, 'kind'>): unknown =>
  kind === 'azure' ? claims['oid'] : claims['sub'];

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
  /** The account was taken off its owner here. */
  readonly isUnlinked?: boolean;
  /** The directory says that whoever this is must stay out. */
  readonly isDeactivated?: boolean;
}
interface AdmissionSettings {
  readonly id: string;
  readonly name: string;
  readonly createUsers: boolean;
  readonly linkUsers: boolean;
}
export type Admission = { readonly as: 'owner' | 'provisioned' | 'namesake' | 'new user' } | Refusal;

/** An account is never found by email. An email binds once: a user who has not logged in in any way, or one the provider's setting lets it share. */
export function admissionOf(known: Known, provider: AdmissionSettings): Admission {
  const { owner, provisioned, namesake } = known;
  if (known.isDeactivated === true)
    return { code: 'login.user-disabled', sentence: `${provider.name} has deactivated your account. Ask whoever runs it there.` };
  if ((owner ?? provisioned ?? namesake)?.status === 'disabled')
    return { code: 'login.user-disabled', sentence: 'This account is disabled. Ask an admin.' };
  // Not bound anew by its email either: it would come back without anybody having said so.
  if (known.isUnlinked === true)
    return {
      code: 'login.account-unlinked',
      sentence: `This account at ${provider.name} was taken off its user here. Ask an admin for: infra users relink EMAIL --provider ${provider.name}`,
    };
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

const secondSubject = ({ name }: AdmissionSettings): Refusal => ({
  code: 'login.account-conflict',
  sentence: `The user with your email belongs to another account at ${name}. Ask an admin: the old user has to be removed first.`,
});

/**
 * A person without a password and without an open account cannot log in, and neither may what they left behind. A one-time password that was
 * never used is no way in of somebody who came by a provider.
 */
export const hasWayIn = (
  password: 'set' | 'one-time' | 'none',
  accounts: readonly { readonly state: 'active' | 'ended' | 'unlinked' }[],
): boolean => password === 'set' || (password === 'one-time' && accounts.length === 0) || accounts.some(({ state }) => state === 'active');
