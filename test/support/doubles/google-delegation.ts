/** Domain-wide delegation: a service account's signed assertion for a token in an admin's name (RFC 7523). */
import { jwtVerify } from 'jose';
import type { Answer } from './double-server.ts';
import type { ServiceAccountState } from './google.ts';
import type { GoogleApis } from './google-apis.ts';

interface Setting {
  readonly serviceAccount: ServiceAccountState;
  readonly audience: string;
  readonly apis: Pick<GoogleApis, 'admins' | 'giveToken'>;
}

const refused = (status: number, error: string): Answer => ({ status, json: { error, error_description: 'CANARY of Google' } });

export async function redeemAssertion(assertion: string, { serviceAccount, audience, apis }: Setting): Promise<Answer> {
  const { email: issuer, publicKey, keyId } = serviceAccount;
  let claims: Readonly<Record<string, unknown>>;
  try {
    const { payload, protectedHeader } = await jwtVerify(assertion, publicKey, {
      issuer,
      audience,
      algorithms: ['RS256'],
      requiredClaims: ['iat', 'exp'],
    });
    if (protectedHeader.kid !== keyId || serviceAccount.isKeyDeleted) return refused(400, 'invalid_grant');
    if (Number(payload.exp) - Number(payload.iat) > 3600) return refused(400, 'invalid_grant');
    claims = payload;
  } catch {
    return refused(400, 'invalid_grant');
  }
  const scopes = String(claims['scope']).split(' ');
  if (!scopes.every((scope) => serviceAccount.delegated.includes(scope))) return refused(401, 'unauthorized_client');
  const admin = String(claims['sub']);
  // Without a person in whose name, the account speaks for itself, which may read nothing here.
  if (claims['sub'] === undefined || !apis.admins.includes(admin)) return refused(400, 'invalid_grant');
  return { json: { access_token: apis.giveToken({ admin, scopes }), expires_in: 3599, token_type: 'Bearer' } };
}
