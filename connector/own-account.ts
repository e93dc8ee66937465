/** Which account of the cluster this connector itself is, by what its token says: read, not verified, since it only ever closes a door. */
import { z } from 'zod';
import type { SecretValue } from '../shared/node/secret-value.ts';

const claims = z.object({ sub: z.string().regex(/^system:serviceaccount:[^:]+:[^:]+$/) });

/** `system:serviceaccount:NAMESPACE:NAME`; undefined for a client certificate or a token of another kind. */
export function ownAccountOf(token: SecretValue | undefined): string | undefined {
  const payload = token?.reveal().split('.')[1];
  if (payload === undefined) return undefined;
  try {
    return claims.parse(JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'))).sub;
  } catch {
    return undefined;
  }
}
