/** Google as an identity provider: one issuer for all the world, so it is the hosted domain (`hd`) that tells a company's people. ADR 27. */
import {
  emailFault,
  isSubject,
  noSubject,
  unverified,
  type Claims,
  type ClaimSettings,
  type Person,
  type Refusal,
} from './claims-rules.ts';
import { isLoopbackHttp } from './provider-rules.ts';

const googleIssuer = 'https://accounts.google.com';

export const googleIssuerFault = (issuer: string): string | undefined =>
  issuer === googleIssuer || isLoopbackHttp(issuer) ? undefined : `it is not Google’s; give ${googleIssuer}`;

/** Where groups are asked for; on this machine (trials, tests) at the issuer's own address. */
export const googleApisOf = (issuer: string): { readonly adminSdk: string; readonly cloudIdentity: string } =>
  issuer === googleIssuer
    ? { adminSdk: 'https://admin.googleapis.com', cloudIdentity: 'https://cloudidentity.googleapis.com' }
    : { adminSdk: issuer, cloudIdentity: issuer };

export function readGoogleClaims(claims: Claims, provider: ClaimSettings): Person | Refusal {
  const { sub: subject, email, email_verified: isVerified, hd } = claims;
  if (!isSubject(subject)) return noSubject(provider);
  // Anybody can have a Google account with an address of yours; only accounts of your organization have its domain here.
  if (typeof hd !== 'string' || !provider.emailDomains.includes(hd.toLowerCase()))
    return {
      code: 'login.email-not-allowed',
      sentence: `This Google account belongs to no organization that may log in through ${provider.name}. Choose your company’s account at Google.`,
    };
  if (typeof email !== 'string' || isVerified !== true) return unverified(provider);
  return emailFault(email, provider) ?? { subject, email, groups: { as: provider.directory === null ? 'nothing' : 'not told' } };
}
