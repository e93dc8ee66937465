/** Tokens with which the directory of an identity provider speaks SCIM to us. Several at a time, so that one can take another's place. */
import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { idParams, providerId, scimTokenId, time } from './values.ts';

export const scimToken = z.object({
  id: scimTokenId,
  provider: z.object({ id: providerId, name: z.string() }),
  createdAt: time,
  createdBy: z.string(),
  expiresAt: time,
  /** To half a minute. */
  lastUsedAt: time.nullable(),
});
export type ScimToken = z.output<typeof scimToken>;

const day = 86_400;
const path = '/api/v1/identity-providers/:id/scim-tokens';

export const scimTokens = {
  list: endpoint({
    name: 'scimTokens.list',
    summary: 'SCIM tokens of an identity provider, oldest first',
    method: 'GET',
    path,
    access: 'view',
    params: idParams(providerId),
    result: z.object({ items: z.array(scimToken) }),
  }),
  create: endpoint({
    name: 'scimTokens.create',
    summary: 'Make a SCIM token for an identity provider’s directory, shown once',
    method: 'POST',
    path,
    access: 'admin',
    params: idParams(providerId),
    body: z.strictObject({
      /** A minute to two years. */
      expiresInSeconds: z
        .int()
        .min(60)
        .max(2 * 366 * day)
        .default(365 * day),
    }),
    /** `baseUrl`: what to enter at the provider as tenant URL or SCIM connector base URL. */
    result: z.object({ scimToken, secret: z.string(), baseUrl: z.string() }),
    status: 201,
  }),
  /** What it gave stays. With a provider's last token its groups are told by logins again. */
  remove: endpoint({
    name: 'scimTokens.remove',
    summary: 'Remove a SCIM token; it opens nothing from then on',
    method: 'DELETE',
    path: `${path}/:token`,
    access: 'admin',
    params: z.strictObject({ id: providerId, token: scimTokenId }),
  }),
};
