/** Providers that keep a directory beside the login (Entra, Google): where emails and groups of people are taken from there. */
import { z } from 'zod';
import { email } from './values.ts';

export const directorySettings = z.discriminatedUnion('of', [
  z.strictObject({
    of: z.literal('entra'),
    /** `upn`: only the tenant's admins give one. `email`: counts only with the claim `xms_edov`, for anybody may have written the attribute. */
    emailClaim: z.enum(['upn', 'email']).default('upn'),
    /** Groups as `NAME/<object id>`, or under their display names, which are not unique and change. */
    groupNames: z.enum(['ids', 'names']).default('ids'),
  }),
  z.strictObject({
    of: z.literal('google'),
    groupsFrom: z.enum(['admin-sdk', 'cloud-identity']),
    /** In whose name the service account reads groups (domain-wide delegation). */
    delegatedAdmin: email,
  }),
]);
export type DirectorySettings = z.output<typeof directorySettings>;

/** The key file of a Google service account, whole, as it was downloaded. */
export const serviceAccountKey = z.string().min(1).max(10_000);
