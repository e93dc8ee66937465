/**
 * A second factor that the provider asked for, by what the ID token of a login says (RFC 8176, OpenID Connect Core §2). Believed only of providers
 * that an admin trusts with it (ADR 47). Pure.
 */
import type { ProviderKind } from '../../shared/api/identity-providers.ts';
import { toTime } from '../../shared/clock.ts';
import type { Claims } from './claims-rules.ts';

/** Of RFC 8176 §2, by what a person shows. `geo`, `mca`, `pop`, `rba`, `user` and `wia` are none of it. */
const factors = new Map<string, 'knows' | 'has' | 'is'>([
  ...(['pwd', 'pin', 'kba'] as const).map((method) => [method, 'knows'] as const),
  ...(['otp', 'hwk', 'swk', 'sc', 'sms', 'tel'] as const).map((method) => [method, 'has'] as const),
  ...(['face', 'fpt', 'iris', 'retina', 'vbm'] as const).map((method) => [method, 'is'] as const),
]);

/** More than any provider names; a longer list is none. */
const mostMethods = 50;
/** Clocks of servers differ, as for the times of the token itself. */
const toleranceMilliseconds = 60_000;

interface Trust {
  readonly trustMfa: boolean;
}

/** When, in milliseconds; undefined: not by this token. */
export const provenAtProvider = (claims: Claims, { trustMfa }: Trust, now: number): number | undefined =>
  trustMfa && hasTwoFactors(methodsIn(claims)) ? signedInAt(claims, now) : undefined;

/** A list of texts, or nothing: a text alone, or a list with anything else in it, is not the claim. */
function methodsIn({ amr }: Claims): readonly string[] {
  if (!Array.isArray(amr) || amr.length > mostMethods) return [];
  const methods = amr.filter((method) => typeof method === 'string');
  return methods.length === amr.length ? methods : [];
}

/** `mfa` says it itself; else it takes methods of two kinds: an `otp` alone may be all that was asked for, and an `sms` beside one is no more. */
function hasTwoFactors(methods: readonly string[]): boolean {
  if (methods.includes('mfa')) return true;
  return new Set(methods.map((method) => factors.get(method)).filter((kind) => kind !== undefined)).size >= 2;
}

/**
 * `auth_time` alone: the token itself is of now, however long ago the person was last asked. One that is to come is a fault; of a clock that is a
 * little fast, it is now.
 */
function signedInAt({ auth_time: seconds }: Claims, now: number): number | undefined {
  if (typeof seconds !== 'number' || !Number.isSafeInteger(seconds) || seconds <= 0) return undefined;
  const at = seconds * 1000;
  return at > now + toleranceMilliseconds ? undefined : Math.min(at, now);
}

export interface SeenMfa {
  /** `unseen`: trusted, and the token does not say it. */
  readonly as: 'counts' | 'unseen' | 'not trusted';
  readonly sentence: string;
}

/** What of it was in a token, in words, with what to switch on where it is missing. */
export function seenMfa(claims: Claims, provider: Trust & { readonly name: string; readonly kind: ProviderKind }, now: number): SeenMfa {
  const { name, kind, trustMfa } = provider;
  const methods = methodsIn(claims);
  const said = methods.length === 0 ? 'The ID token has no amr' : `amr says ${methods.join(', ').slice(0, 200)}`;
  if (!trustMfa)
    return {
      as: 'not trusted',
      sentence: `${said}. It is not asked: ${name} is not trusted with second factors (infra providers update ${name} --trust-mfa on).`,
    };
  if (!hasTwoFactors(methods)) return { as: 'unseen', sentence: `${said}, which tells of no second factor. ${howToSend[kind]}` };
  const at = signedInAt(claims, now);
  if (at === undefined)
    return { as: 'unseen', sentence: `${said}, but auth_time, which says when, is not there or does not hold. ${howToSendTime[kind]}` };
  return { as: 'counts', sentence: `${said}, at ${toTime(at)}: grants that ask for a second factor hold from then on.` };
}

const howToSend: Readonly<Record<ProviderKind, string>> = {
  oidc: 'Let the provider ask for a second factor and say so. In Keycloak: a mapper of type Authentication Method Reference (AMR) added to the ID token, and on the steps of the browser flow the reference values pwd and otp.',
  okta: 'Let the sign-on policy of the application in Okta ask for a second factor; Okta then sends mfa by itself.',
  azure:
    'Microsoft Entra sends amr in tokens of version 1.0 alone: there is nothing to switch on for the tokens that infra takes. People add a factor of their own here: infra mfa add',
  google: 'Google sends no amr. People add a factor of their own here: infra mfa add',
};
const howToSendTime: Readonly<Record<ProviderKind, string>> = {
  oidc: 'Let the provider add auth_time to the ID token; the clocks must agree.',
  okta: 'Okta sends it by itself; the clocks must agree.',
  azure: 'In the Entra admin center, Token configuration, Add optional claim, ID: auth_time.',
  google: 'Google does not send it.',
};
