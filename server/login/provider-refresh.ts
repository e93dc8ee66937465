/** Logins that a provider is asked about anew: opens their refresh tokens, and says in our words what came of it. */
import { DomainError } from '../../shared/api/problem.ts';
import type { Logger } from '../../shared/node/logger.ts';
import type { Sealing } from '../authority/sealing.ts';
import { subjectIn } from '../identity/account-rules.ts';
import type { Provider } from '../identity/provider-store.ts';
import { whyUnreachable } from './openid-fetch.ts';
import { LoginOverError, refreshLogin, revokeToken, type IdTokenClaims } from './openid-login.ts';
import { protocolFault, type ProviderLogins } from './provider-logins.ts';
import type { RefreshToken } from './refresh-token-store.ts';

/** What a provider says of a login that it was asked about anew. */
export type Refreshed = {
  /** Takes the place of the one that was used, whatever else was answered. */
  readonly refreshToken: string | undefined;
} & (
  | { readonly kind: 'said'; readonly claims: IdTokenClaims | undefined }
  /** Its own "no". */
  | { readonly kind: 'over' }
  /** It said nothing that holds; `why` is one sentence. `isAway`: nothing at all, about anybody. */
  | { readonly kind: 'failed'; readonly why: string; readonly isAway: boolean }
);

type Kept = Pick<RefreshToken, 'accountId' | 'sealedToken'>;

export interface ProviderRefresh {
  seal(accountId: string, refreshToken: string): string;
  /** `subject`: whom the login belongs to. Never throws for what is wrong with the provider. */
  ask(provider: Provider, token: Kept, subject: string): Promise<Refreshed>;
  /** Tells the provider, if it can be told, that nobody will ask by this token any more. */
  forget(provider: Provider, token: Kept): Promise<void>;
}

export interface ProviderRefreshOptions {
  readonly logins: Pick<ProviderLogins, 'client'>;
  readonly sealing: Sealing;
  readonly logger: Logger;
}

const purposeOf = (accountId: string): string => `account:${accountId}:refresh-token`;

export function createProviderRefresh({ logins, sealing, logger }: ProviderRefreshOptions): ProviderRefresh {
  const open = ({ accountId, sealedToken }: Kept): string => sealing.open(sealedToken, purposeOf(accountId)).toString('utf8');
  return {
    seal: (accountId, refreshToken) => sealing.seal(Buffer.from(refreshToken), purposeOf(accountId)),
    ask: async (provider, token, subject) => {
      let refreshToken: string | undefined;
      try {
        const claims = await refreshLogin(await logins.client(provider), open(token), (rotated) => (refreshToken = rotated));
        // OpenID Connect Core §12.2: it must be the same. Of somebody else nothing is taken, and nobody is ended by it.
        if (claims !== undefined && subjectIn(claims, provider) !== subject)
          return { kind: 'failed', why: 'it answered about somebody else', isAway: false, refreshToken };
        return { kind: 'said', claims, refreshToken };
      } catch (error) {
        if (error instanceof LoginOverError) return { kind: 'over', refreshToken };
        const unreachable = whyUnreachable(error);
        const why = error instanceof DomainError ? error.message : (unreachable ?? 'what it answered does not hold');
        logger.warn({ provider: provider.name, reason: protocolFault(error) }, 'an identity provider could not be asked about a login');
        const isAway = unreachable !== undefined || (error instanceof DomainError && error.code === 'provider.unreachable');
        return { kind: 'failed', why: why.slice(0, 300), isAway, refreshToken };
      }
    },
    forget: async (provider, token) => {
      try {
        await revokeToken(await logins.client(provider), open(token));
      } catch (error) {
        logger.debug({ provider: provider.name, reason: protocolFault(error) }, 'a refresh token could not be given back');
      }
    },
  };
}
