/**
 * Which check of a login at a provider did not hold, in our words, for an admin who tries it. What the provider wrote is not repeated: of its
 * answers only the error codes of the standards are recognized.
 */

/** Of RFC 6749 §4.1.2.1 and §5.2, OpenID Connect Core §3.1.2.6, and what some providers add; with what to do. */
const byErrorCode: Readonly<Record<string, string>> = {
  invalid_client:
    'it does not take our client id with our secret or key; look both up there and store them anew: infra providers update NAME',
  unauthorized_client: 'the client is not allowed the authorization code flow; allow it there',
  invalid_grant:
    'it does not take the code it gave; the redirect URI there must be exactly the one that infra providers show NAME prints, and PKCE (S256) allowed',
  invalid_request: 'it finds the request malformed; the redirect URI and the kind of client there must fit',
  unsupported_response_type: 'it does not offer the authorization code flow to this client; allow it there',
  invalid_scope: 'it does not give what was asked for; allow the scopes there, or ask for others: infra providers update NAME --scopes',
  redirect_uri_mismatch: 'the redirect URI is not registered there exactly as infra providers show NAME prints it',
  login_required: 'it wants the person to sign in and could not ask; try in a browser window of its own',
  interaction_required: 'it wants something of the person and could not ask; try in a browser window of its own',
  consent_required: 'it wants consent first; give it there once, for everybody (admin consent)',
  account_selection_required: 'it wants the person to choose an account and could not ask; try in a browser window of its own',
  server_error: 'it failed; its own log says more',
  temporarily_unavailable: 'it is busy; try again in a while',
};

/** Of the ID token, by the claim that is not what it must be. */
const byClaim: Readonly<Record<string, string>> = {
  nonce: 'the ID token belongs to another login (nonce); a proxy or the provider keeps old answers',
  aud: 'the ID token is for another client (aud); give the client id that the provider puts there: infra providers update NAME --client-id ID',
  azp: 'the ID token was made for another client (azp); give the client id that the provider puts there',
  iss: 'the ID token is from another issuer (iss) than the one that was connected; connect that one',
  exp: 'the ID token is over already (exp): the clock here and the provider’s differ; set them by NTP',
  iat: 'the ID token is of another time (iat): the clock here and the provider’s differ; set them by NTP',
  nbf: 'the ID token is not valid yet (nbf): the clock here and the provider’s differ; set them by NTP',
};

const byCode: Readonly<Record<string, string>> = {
  OAUTH_KEY_SELECTION_FAILED: 'the key that signed the ID token is not among the provider’s published keys; the provider has to be mended',
  OAUTH_JWT_TIMESTAMP_CHECK_FAILED: 'the times of the ID token do not hold: the clock here and the provider’s differ; set them by NTP',
  OAUTH_RESPONSE_IS_NOT_CONFORM: 'its token endpoint answered with a status that is none of the protocol; a proxy in between may have',
  OAUTH_RESPONSE_IS_NOT_JSON: 'its token endpoint did not answer with JSON; a proxy in between may have',
  OAUTH_PARSE_ERROR: 'what it answered cannot be read; a proxy in between may have changed it',
};

const byBeginning: readonly (readonly [message: string, words: string])[] = [
  ['JWT signature verification failed', 'the signature of the ID token does not hold; the provider signs with a key it does not publish'],
  [
    'unexpected JWT "alg"',
    'the ID token is signed with an algorithm that is not accepted (RS, PS, ES, EdDSA are), or that is not announced',
  ],
  ['response parameter "iss"', 'its answer does not say which issuer it is from, though its discovery document promises that'],
  ['unexpected "iss" (issuer) response parameter', 'the answer is from another issuer than the one that was asked (mix-up)'],
];

/** Words with the remedy; the last one is for what nobody foresaw. */
export function faultWords(error: unknown, provider: string): string {
  const faults = chainOf(error);
  const found =
    first(faults, (fault) => byErrorCode[textAt(fault, 'error')]) ??
    first(faults, (fault) => byClaim[textAt(fault, 'claim')]) ??
    first(faults, (fault) => byBeginning.find(([message]) => textAt(fault, 'message').startsWith(message))?.[1]) ??
    first(faults, (fault) => byCode[textAt(fault, 'code')]) ??
    'what it answered does not hold; the log of infra-server says which check failed';
  return found.replaceAll('NAME', provider);
}

/** The error with its causes, a few. */
function chainOf(error: unknown): object[] {
  const chain: object[] = [];
  for (let each = error; typeof each === 'object' && each !== null && chain.length < 5; each = 'cause' in each ? each.cause : undefined)
    chain.push(each);
  return chain;
}

const first = (faults: readonly object[], words: (fault: object) => string | undefined): string | undefined => {
  for (const fault of faults) {
    const found = words(fault);
    if (found !== undefined) return found;
  }
  return undefined;
};

function textAt(fault: object, name: string): string {
  const value: unknown = Object.hasOwn(fault, name) ? Reflect.get(fault, name) : undefined;
  // Names of every object must not be taken for entries of a table.
  return typeof value === 'string' && !Object.hasOwn(Object.prototype, value) ? value : '';
}
