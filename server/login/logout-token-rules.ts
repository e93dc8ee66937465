/** What a logout token says once its signature, issuer, audience and times hold (OpenID Connect Back-Channel Logout §2.4, §2.6). */

export interface LogoutClaims {
  readonly subject: string | undefined;
  /** The provider's own session. */
  readonly sid: string | undefined;
  /** Seconds since the epoch, by the provider's clock. */
  readonly issuedAt: number;
}

const logoutEvent = 'http://schemas.openid.net/event/backchannel-logout';
const longest = 300;

/** Or what is wrong with it, for the log. */
export function readLogoutClaims(claims: Readonly<Record<string, unknown>>): LogoutClaims | { readonly fault: string } {
  const { events, nonce, iat, jti, sub, sid } = claims;
  // What tells it from an ID token, which the same provider signs for the same client.
  if (!isObject(events) || !isObject(events[logoutEvent])) return { fault: 'it is about no logout' };
  if (nonce !== undefined) return { fault: 'it has a nonce, as ID tokens do' };
  if (typeof iat !== 'number' || !Number.isSafeInteger(Math.floor(iat))) return { fault: 'it does not say when it was made' };
  if (!isName(jti)) return { fault: 'it has no id of its own' };
  if ((sub !== undefined && !isName(sub)) || (sid !== undefined && !isName(sid))) return { fault: 'its sub or sid is no name' };
  return sub === undefined && sid === undefined
    ? { fault: 'it names neither a person nor a session' }
    : { subject: sub, sid, issuedAt: Math.floor(iat) };
}

/** Whether a login that is no session yet is one that a logout is about; of sessions the store knows. */
export const isMeant = (
  { subject, sid, issuedAt }: LogoutClaims,
  login: { readonly subject: string; readonly sid: string | null; readonly issuedAt: number },
): boolean =>
  login.issuedAt <= issuedAt &&
  (subject === undefined || login.subject === subject) &&
  (sid === undefined || login.sid === sid || (login.sid === null && subject !== undefined));

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isName = (value: unknown): value is string => typeof value === 'string' && value.length > 0 && value.length <= longest;
