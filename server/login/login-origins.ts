/** What a login at a provider is called there, from the person's return to the end of the session: sealed, for it holds the ID token. */
import type { ProviderId, SessionId } from '../../shared/api/values.ts';
import type { Sealing } from '../authority/sealing.ts';
import type { ProviderAnswer } from './openid-login.ts';
import type { ProviderSession } from './provider-session-store.ts';

export interface LoginOrigins {
  /** For the row of a login that is under way. */
  seal(loginId: string, answer: Pick<ProviderAnswer, 'claims' | 'idToken'>): string;
  /** For the session that it became. */
  ofSession(login: SealedLogin & { readonly providerId: ProviderId }, sessionId: SessionId): ProviderSession;
  /** Of a login that is no session yet. */
  ofLogin(login: SealedLogin): Omit<Origin, 'idToken'>;
  /** The ID token, as a hint for the provider whose session is to be ended there. */
  idTokenOf(session: ProviderSession): string;
}

interface SealedLogin {
  readonly id: string;
  readonly sealedOrigin: string;
}
interface Origin {
  readonly subject: string;
  readonly sid: string | null;
  readonly issuedAt: number;
  readonly idToken: string;
}

const loginPurpose = (loginId: string): string => `browser-login:${loginId}:origin`;
const sessionPurpose = (sessionId: string): string => `session:${sessionId}:id-token`;

/** What we sealed is what we open. */
const open = (sealing: Sealing, { id, sealedOrigin }: SealedLogin): Origin =>
  JSON.parse(sealing.open(sealedOrigin, loginPurpose(id)).toString('utf8')) as Origin;

export const createLoginOrigins = (sealing: Sealing): LoginOrigins => ({
  seal: (loginId, { claims, idToken }) => {
    const { sub, sid, iat } = claims;
    const origin: Origin = {
      subject: sub,
      sid: typeof sid === 'string' ? sid : null,
      issuedAt: typeof iat === 'number' ? Math.floor(iat) : 0,
      idToken,
    };
    return sealing.seal(Buffer.from(JSON.stringify(origin)), loginPurpose(loginId));
  },
  ofLogin: (login) => open(sealing, login),
  ofSession: ({ providerId, ...login }, sessionId) => {
    const { idToken, ...origin } = open(sealing, login);
    return { sessionId, providerId, ...origin, sealedIdToken: sealing.seal(Buffer.from(idToken), sessionPurpose(sessionId)) };
  },
  idTokenOf: ({ sessionId, sealedIdToken }) => sealing.open(sealedIdToken, sessionPurpose(sessionId)).toString('utf8'),
});
