/** A Google service account that speaks in an admin's name: domain-wide delegation by a signed JWT (RFC 7523 §2.1, RS256). */
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { SignJWT } from 'jose';
import { z } from 'zod';
import { DomainError } from '../../shared/api/problem.ts';
import { DirectoryError } from './directory-request.ts';
import { boundedFetch, requestSeconds, whyUnreachable } from './openid-fetch.ts';

/** Of the key file what is needed; its addresses are not looked at: the token endpoint is the provider's. */
const keyFile = z.object({
  type: z.literal('service_account'),
  client_id: z.string().regex(/^\d{1,40}$/),
  client_email: z.string().min(3).max(300),
  private_key_id: z.string().min(1).max(200),
  private_key: z.string(),
});
export interface ServiceAccount {
  readonly clientId: string;
  readonly email: string;
  readonly keyId: string;
  readonly key: KeyObject;
}

/** Throws `request.invalid`, without a word of what was in the file. */
export function readServiceAccount(text: string): ServiceAccount {
  try {
    const file = keyFile.parse(JSON.parse(text));
    const key = createPrivateKey(file.private_key);
    if (key.asymmetricKeyType !== 'rsa') throw new Error('no RSA key');
    return { clientId: file.client_id, email: file.client_email, keyId: file.private_key_id, key };
  } catch {
    throw new DomainError(
      'request.invalid',
      'serviceAccountKey is no key file of a Google service account. Give the JSON file that Google made (IAM, Service accounts, Keys, Add key), whole.',
      { fields: [{ path: 'body.serviceAccountKey', message: 'must be the JSON key file of a service account, whole' }] },
    );
  }
}

export interface Delegation {
  readonly account: ServiceAccount;
  readonly tokenEndpoint: string;
  readonly delegatedAdmin: string;
  readonly scope: string;
  readonly now: () => number;
}

/** An access token; throws `DirectoryError`. */
export async function delegatedToken(delegation: Delegation): Promise<string> {
  const { status, body } = await post(delegation.tokenEndpoint, await assertion(delegation));
  const answer = z.object({ access_token: z.string().min(1) }).safeParse(body);
  if (status === 200 && answer.success) return answer.data.access_token;
  const error = z.object({ error: z.string() }).safeParse(body);
  throw new DirectoryError(
    status >= 500 || status === 429 ? 'away' : 'refused',
    `Google gives the service account no token (status ${status}). ${remedyFor(error.success ? error.data.error : '', delegation)}`,
  );
}

async function assertion({ account, tokenEndpoint, delegatedAdmin, scope, now }: Delegation): Promise<string> {
  const issuedAt = Math.floor(now() / 1000);
  return new SignJWT({ scope })
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: account.keyId })
    .setIssuer(account.email)
    .setSubject(delegatedAdmin)
    .setAudience(tokenEndpoint)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + 300)
    .sign(account.key);
}

async function post(endpoint: string, jwt: string): Promise<{ readonly status: number; readonly body: unknown }> {
  try {
    const response = await boundedFetch(endpoint, {
      method: 'POST',
      headers: { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion: jwt }),
      redirect: 'manual',
      signal: AbortSignal.timeout(requestSeconds * 1000),
    });
    return { status: response.status, body: await response.json() };
  } catch (cause) {
    throw new DirectoryError(
      'away',
      `Google’s token endpoint cannot be used: ${whyUnreachable(cause) ?? 'what it answered does not hold'}.`,
    );
  }
}

function remedyFor(error: string, { account, delegatedAdmin, scope }: Delegation): string {
  if (error === 'unauthorized_client' || error === 'access_denied')
    return `In the Google Admin console open Security, Access and data control, API controls, Domain-wide delegation, and add client ID ${account.clientId} with the scope ${scope}.`;
  if (error === 'invalid_grant')
    return `Either ${delegatedAdmin} is nobody there, or the key was deleted: look it up at IAM, Service accounts, ${account.email}, Keys, and compare this machine’s clock.`;
  return 'Try again in a while.';
}
