/** What a login asks of a provider beyond the protocol's own: pure. */
import type { ProviderKind } from '../../shared/api/identity-providers.ts';

interface Asked {
  readonly kind: ProviderKind;
  readonly syncMinutes: number | null;
}

export interface LoginWish {
  /** The person is asked anew, even if the provider still knows their browser (OpenID Connect Core §3.1.2.1). */
  readonly isFresh: boolean;
  /** For a refresh token, where that comes with consent alone. */
  readonly asksConsent: boolean;
}
export const plainly: LoginWish = { isFresh: false, asksConsent: false };

/** Google has an `access_type` in place of the scope `offline_access`, knows no `prompt=login`, and refuses a login for either. */
export function requestParameters({ kind, syncMinutes }: Asked, wish: LoginWish): Record<string, string> {
  if (kind !== 'google') return wish.isFresh ? { prompt: 'login', max_age: '0' } : {};
  return syncMinutes === null ? {} : { access_type: 'offline', ...(wish.asksConsent ? { prompt: 'consent' } : {}) };
}

/**
 * Google gives a refresh token together with the person's consent, and asks for that the first time alone. Where none came and none is kept of
 * this account, they are asked once more, within the same login; what comes of that stands.
 */
export const needsConsent = (
  { kind, syncMinutes }: Asked,
  seen: { readonly cameWithToken: boolean; readonly keepsToken: boolean; readonly wasAsked: boolean },
): boolean => kind === 'google' && syncMinutes !== null && !seen.cameWithToken && !seen.keepsToken && !seen.wasAsked;
