/**
 * Who somebody is by an ID token of Microsoft Entra ID (v2.0). Trusted is the one tenant of the issuer, for its own people alone. Its `email` is
 * an attribute that whoever writes the user object fills in, a guest's own company included (nOAuth), so it counts only with `xms_edov`; ADR 27.
 */
import {
  emailFault,
  isRecord,
  textsAt,
  type ClaimedGroups,
  type Claims,
  type ClaimSettings,
  type Person,
  type Refusal,
} from './claims-rules.ts';
import { isObjectId, tenantOf } from './entra-rules.ts';

export function readEntraClaims(claims: Claims, provider: ClaimSettings): Person | Refusal {
  // `sub` is another one for each application; `oid` is the person's in this tenant, and means nothing without the tenant.
  const { tid, oid } = claims;
  if (tid !== tenantOf(provider.issuer))
    return { code: 'login.provider-failed', sentence: `${provider.name} answered for another tenant than the one it was connected with.` };
  if (typeof oid !== 'string' || !isObjectId(oid))
    return { code: 'login.provider-failed', sentence: `${provider.name} gave no usable object id (claim "oid", scope profile).` };
  if (isGuest(claims, provider.issuer))
    return {
      code: 'login.email-not-allowed',
      sentence: `You are a guest at ${provider.name}, and guests may not log in through it. Log in through your own company’s provider, or ask an admin.`,
    };
  const email = emailOf(claims, provider);
  if (typeof email !== 'string') return email;
  return emailFault(email, provider) ?? { subject: oid, email, groups: groupsOf(claims, provider) };
}

function emailOf(claims: Claims, { name, directory }: ClaimSettings): string | Refusal {
  const { email, upn, xms_edov: isDomainVerified } = claims;
  const missing = (claim: string): Refusal => ({
    code: 'login.email-unverified',
    sentence: `${name} did not tell the claim "${claim}". Ask an admin to add it at Entra: App registrations, Token configuration, Add optional claim, ID.`,
  });
  // Only admins of the tenant give user principal names, and only at domains that the tenant has proved.
  if (directory?.of !== 'entra' || directory.emailClaim === 'upn') return typeof upn === 'string' ? upn : missing('upn');
  if (typeof email !== 'string') return missing('email');
  // Documented as a boolean, and sent as a 1 as well.
  if (isDomainVerified === true || isDomainVerified === 1 || isDomainVerified === '1') return email;
  return {
    code: 'login.email-unverified',
    sentence: `${name} does not say that your email’s domain is verified. Ask an admin to add the optional claim "xms_edov" at Entra, or to take the user principal name instead: infra providers update ${name} --email-claim upn`,
  };
}

/** People of other tenants and accounts whom this one has invited: their names and addresses are others' to write. */
function isGuest(claims: Claims, issuer: string): boolean {
  const { idp, acct } = claims;
  const tenant = tenantOf(issuer) ?? '';
  const own = [issuer, `https://sts.windows.net/${tenant}/`, `https://sts.chinacloudapi.cn/${tenant}/`];
  if (idp !== undefined && !(typeof idp === 'string' && own.includes(idp))) return true;
  if (acct === 1 || acct === '1') return true;
  return ['upn', 'preferred_username', 'unique_name', 'email'].some((name) => /#ext#/i.test(String(claims[name])));
}

/** Beyond 200 the token has a pointer instead. Where it points is not looked at: the directory of this provider is asked. */
function groupsOf(claims: Claims, { groupsClaim }: ClaimSettings): ClaimedGroups {
  if (groupsClaim === null) return { as: 'nothing' };
  const { _claim_names: elsewhere, hasgroups: hasMore } = claims;
  if ((isRecord(elsewhere) && Object.hasOwn(elsewhere, 'groups')) || hasMore === true || hasMore === 'true') return { as: 'not told' };
  const told = textsAt(claims, groupsClaim);
  if (told === undefined) return { as: 'nothing' };
  return { as: 'ids', ids: [...new Set(told.filter(isObjectId))], others: told.filter((text) => !isObjectId(text)) };
}
