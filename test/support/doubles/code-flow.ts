/** The authorization code flow with PKCE as both doubles have it: what was asked at the one endpoint is compared at the other. */
import { createHash, randomBytes } from 'node:crypto';

export interface CodeAsk {
  readonly redirectUri: string;
  readonly nonce: string;
  readonly challenge: string;
  readonly subject: string;
}

export interface CodeFlow {
  /** Where the browser goes back to, or why it does not. */
  authorize(
    query: URLSearchParams,
    wish: { readonly clientId: string; readonly redirectUris: readonly string[]; readonly subject: string },
  ): string | undefined;
  /** Uses the code up; undefined: `invalid_grant`. */
  redeem(form: URLSearchParams): CodeAsk | undefined;
}

export function newCodeFlow(): CodeFlow {
  const codes = new Map<string, CodeAsk>();
  return {
    authorize: (query, { clientId, redirectUris, subject }) => {
      const redirectUri = query.get('redirect_uri') ?? '';
      const isWhole = query.get('response_type') === 'code' && query.get('code_challenge_method') === 'S256';
      const isOurs = query.get('client_id') === clientId && redirectUris.includes(redirectUri);
      if (!isWhole || !isOurs || !(query.get('scope') ?? '').split(' ').includes('openid')) return undefined;
      const code = randomBytes(16).toString('base64url');
      codes.set(code, { redirectUri, nonce: query.get('nonce') ?? '', challenge: query.get('code_challenge') ?? '', subject });
      return `${redirectUri}?${new URLSearchParams({ code, state: query.get('state') ?? '' }).toString()}`;
    },
    redeem: (form) => {
      const ask = codes.get(form.get('code') ?? '');
      codes.delete(form.get('code') ?? '');
      const challenge = createHash('sha256')
        .update(form.get('code_verifier') ?? '')
        .digest('base64url');
      return ask?.challenge === challenge && ask.redirectUri === form.get('redirect_uri') ? ask : undefined;
    },
  };
}
