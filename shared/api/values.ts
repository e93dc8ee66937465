/** The small values that many resources share: ids, times, names, subjects. */
import { z } from 'zod';
import { idPattern } from '../id.ts';
import { parseImpersonateRole } from '../impersonate-role.ts';
import {
  isDestinationName,
  isEmail,
  isImpersonateRole,
  isLocalName,
  isNamespaceName,
  isProviderName,
  parseGroupName,
  isRoleName,
  parseResourceName,
  parseSubjectName,
} from '../resource-name.ts';

export const userId = z.string().regex(idPattern('user'), 'is no user id (usr_…)').brand<'UserId'>();
export const workloadId = z.string().regex(idPattern('workload'), 'is no workload id (wkl_…)').brand<'WorkloadId'>();
export const identityId = z.string().regex(idPattern('user', 'workload'), 'is no identity id (usr_… or wkl_…)').brand<'IdentityId'>();
export const groupId = z.string().regex(idPattern('group'), 'is no group id (grp_…)').brand<'GroupId'>();
export const sessionId = z.string().regex(idPattern('session'), 'is no session id (ses_…)').brand<'SessionId'>();
export const accessKeyId = z.string().regex(idPattern('accessKey'), 'is no access key id (key_…)').brand<'AccessKeyId'>();
export const destinationId = z.string().regex(idPattern('destination'), 'is no destination id (dst_…)').brand<'DestinationId'>();
export const connectorId = z.string().regex(idPattern('connector'), 'is no connector id (con_…)').brand<'ConnectorId'>();
export const grantId = z.string().regex(idPattern('grant'), 'is no grant id (grt_…)').brand<'GrantId'>();
export const leaseId = z.string().regex(idPattern('lease'), 'is no lease id (lse_…)').brand<'LeaseId'>();
export const providerId = z.string().regex(idPattern('provider'), 'is no identity provider id (idp_…)').brand<'ProviderId'>();
export const providerLoginTestId = z
  .string()
  .regex(idPattern('providerLoginTest'), 'is no id of a provider’s login test (plt_…)')
  .brand<'ProviderLoginTestId'>();
export const accountId = z.string().regex(idPattern('account'), 'is no account id (acc_…)').brand<'AccountId'>();
export const scimTokenId = z.string().regex(idPattern('scimToken'), 'is no SCIM token id (sct_…)').brand<'ScimTokenId'>();
export const secondFactorId = z.string().regex(idPattern('secondFactor'), 'is no second factor id (sfa_…)').brand<'SecondFactorId'>();
export const passkeyLinkId = z.string().regex(idPattern('passkeyLink'), 'is no passkey link id (pkl_…)').brand<'PasskeyLinkId'>();
export const trustRuleId = z.string().regex(idPattern('trustRule'), 'is no trust rule id (tru_…)').brand<'TrustRuleId'>();
export const auditEventId = z.string().regex(idPattern('auditEvent'), 'is no audit event id (aud_…)').brand<'AuditEventId'>();

export type IdentityId = z.output<typeof identityId>;
export type UserId = z.output<typeof userId>;
export type WorkloadId = z.output<typeof workloadId>;
export type GroupId = z.output<typeof groupId>;
export type SessionId = z.output<typeof sessionId>;
export type AccessKeyId = z.output<typeof accessKeyId>;
export type DestinationId = z.output<typeof destinationId>;
export type ConnectorId = z.output<typeof connectorId>;
export type GrantId = z.output<typeof grantId>;
export type LeaseId = z.output<typeof leaseId>;
export type ProviderId = z.output<typeof providerId>;
export type ProviderLoginTestId = z.output<typeof providerLoginTestId>;
export type AccountId = z.output<typeof accountId>;
export type ScimTokenId = z.output<typeof scimTokenId>;
export type SecondFactorId = z.output<typeof secondFactorId>;
export type PasskeyLinkId = z.output<typeof passkeyLinkId>;
export type TrustRuleId = z.output<typeof trustRuleId>;
export type AuditEventId = z.output<typeof auditEventId>;

/** RFC 3339 in UTC; any precision is read, milliseconds are written. */
export const time = z.iso
  .datetime({ error: 'is no RFC 3339 time in UTC, such as 2026-01-31T12:00:00Z' })
  .transform((text) => new Date(text).toISOString());

export const email = z.string().trim().refine(isEmail, 'is no email address');
/** A local group, or `okta/platform`. */
export const groupName = z
  .string()
  .refine((text) => parseGroupName(text) !== undefined, 'must be the name of a local group, such as platform, or PROVIDER/GROUP');
export const localName = z
  .string()
  .refine(isLocalName, 'must be 1–63 lower-case letters, digits, "-", "_" or ".", and neither "system" nor "infra"');
export const providerName = z
  .string()
  .refine(isProviderName, 'must be 1–40 lower-case letters, digits or "-", and none of local, system, infra');
export const destinationName = z.string().refine(isDestinationName, 'must be 1–63 lower-case letters, digits or "-", and not "infra"');
export const namespaceName = z.string().refine(isNamespaceName, 'is no namespace name');
export const roleName = z.string().superRefine((text, { addIssue }) => {
  const impersonate = isImpersonateRole(text) ? parseImpersonateRole(text) : undefined;
  if (impersonate === undefined && !isRoleName(text)) addIssue('is no role name');
  if (impersonate !== undefined && 'fault' in impersonate) addIssue(impersonate.fault);
});
export const resourceName = z
  .string()
  .refine((text) => parseResourceName(text) !== undefined, 'must be DESTINATION or DESTINATION.NAMESPACE, such as prod or prod.web');
export const subjectName = z
  .string()
  .refine((text) => parseSubjectName(text) !== undefined, 'must be an email, group:NAME or workload:NAME');

/** `totp`: codes of an app (RFC 6238) · `passkey`: an authenticator, in the browser (WebAuthn). */
export const secondFactorKind = z.enum(['totp', 'passkey']);
export type SecondFactorKind = z.output<typeof secondFactorKind>;

/** Free text from people: one line, no control characters, so that it can stand in a table, a log or a page. */
export const note = z
  .string()
  .trim()
  .max(500)
  .regex(/^[^\p{C}]*$/u, 'must be one line without control characters');

/** Part of a name, whatever its case: `%` and `_` stand for themselves. */
export const searchText = z
  .string()
  .trim()
  .min(1, 'must be at least one character')
  .max(200, 'must be 200 characters at most')
  .regex(/^[^\p{C}]*$/u, 'must be one line without control characters');

/** Where something comes from: an identity provider, or infra itself. */
export const originName = z
  .string()
  .refine((text) => text === 'local' || isProviderName(text), 'must be the name of an identity provider, or local');

/** Who a grant is for, resolved. */
export const subject = z.object({ kind: z.enum(['user', 'group', 'workload']), id: z.string(), name: z.string() });
export type Subject = z.output<typeof subject>;

/** A change that connectors must enforce: watch `changes.acknowledgements` with its revision. Null: no connector needs to know. */
export const change = z.object({ revision: z.int(), destinations: z.array(destinationId) }).nullable();
export type Change = z.output<typeof change>;

export const idParams = <Id extends z.ZodType>(id: Id) => z.strictObject({ id });
