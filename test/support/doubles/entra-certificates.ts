/** A client that shows itself by a certificate, as Entra verifies it: PS256, `x5t#S256`, the token endpoint as audience, once. */
import { X509Certificate } from 'node:crypto';
import { createHash } from 'node:crypto';
import { decodeProtectedHeader, importX509, jwtVerify } from 'jose';
import type { Asked } from './double-server.ts';

export async function isCertified(
  { form }: Pick<Asked, 'form'>,
  wish: { readonly certificates: readonly string[]; readonly clientId: string; readonly audience: string; readonly used: Set<string> },
): Promise<boolean> {
  const assertion = form.get('client_assertion') ?? '';
  if (form.get('client_assertion_type') !== 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer') return false;
  const { clientId, audience, used } = wish;
  const thumbprint = decodeProtectedHeader(assertion)['x5t#S256'];
  const pem = wish.certificates.find(
    (certificate) => createHash('sha256').update(new X509Certificate(certificate).raw).digest('base64url') === thumbprint,
  );
  if (pem === undefined) return false;
  const checks = { algorithms: ['PS256'], issuer: clientId, subject: clientId, audience, maxTokenAge: 600 };
  const verified = await jwtVerify(assertion, await importX509(pem, 'PS256'), { ...checks, requiredClaims: ['exp', 'jti'] }).catch(
    () => undefined,
  );
  const id = verified?.payload.jti;
  if (id === undefined || used.has(id)) return false;
  used.add(id);
  return true;
}
