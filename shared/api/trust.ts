/** Trust rules: whose tokens (Kubernetes, GitHub Actions, GitLab, any OIDC issuer) open sessions of which workload, without a stored secret. */
import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { pageOf, pageQuery } from './pagination.ts';
import { change, idParams, time, trustRuleId, workloadId } from './values.ts';

const oneLine = (most: number) =>
  z
    .string()
    .min(1)
    .max(most)
    .regex(/^[^\p{C}]*$/u, 'must be one line without control characters');

/** Name of a claim, or a JSON pointer to a nested one, such as `/kubernetes.io/namespace` (RFC 6901). */
const claimName = oneLine(200);
/** Exact, but for `*`, which stands for one whole part between `/` and `:`. */
const claimValue = oneLine(300);

export const trustRule = z.object({
  id: trustRuleId,
  workload: z.object({ id: workloadId, name: z.string() }),
  issuer: z.string(),
  audience: z.string(),
  /** All of them must match. */
  claims: z.record(z.string(), z.string()),
  /** Where the issuer's keys come from: its discovery document, or a set that was given with the rule. */
  keys: z.enum(['discovery', 'given']),
  /** The issuer's certificate must come from an authority that was given with the rule. */
  ownAuthority: z.boolean(),
  sessionSeconds: z.int(),
  /** False: a token opens one session and no second. */
  reusable: z.boolean(),
  createdAt: time,
  createdBy: z.string(),
  lastUsedAt: time.nullable(),
});
export type TrustRule = z.output<typeof trustRule>;

export const trustRules = {
  list: endpoint({
    name: 'trustRules.list',
    summary: 'Trust rules, oldest first',
    method: 'GET',
    path: '/api/v1/trust-rules',
    access: 'view',
    query: pageQuery.extend({ workload: workloadId.optional() }),
    result: pageOf(trustRule),
  }),
  get: endpoint({
    name: 'trustRules.get',
    summary: 'One trust rule',
    method: 'GET',
    path: '/api/v1/trust-rules/:id',
    access: 'view',
    params: idParams(trustRuleId),
    result: trustRule,
  }),
  /** Asks the issuer for its keys first, unless they are given. */
  create: endpoint({
    name: 'trustRules.create',
    summary: 'Let tokens of an issuer open sessions of a workload',
    method: 'POST',
    path: '/api/v1/trust-rules',
    access: 'admin',
    body: z.strictObject({
      workload: workloadId,
      /** To the letter as the tokens write it. */
      issuer: z.string().min(1).max(300),
      /** Absent: the server's publicUrl. */
      audience: oneLine(300).optional(),
      claims: z.record(claimName, claimValue).refine((claims) => Object.keys(claims).length <= 20, 'at most 20 claims'),
      /** The issuer's keys as a JSON Web Key Set, for an issuer that this server cannot reach. */
      jwks: z.string().max(65_536).optional(),
      /** PEM: the authority of the issuer's certificate, where it is a private one. */
      ca: z.string().max(32_768).optional(),
      /** A minute to a day, and never longer than `session.lifetime`. */
      sessionSeconds: z.int().min(60).max(86_400).default(3600),
      reusable: z.boolean().default(false),
    }),
    result: trustRule,
    status: 201,
  }),
  remove: endpoint({
    name: 'trustRules.remove',
    summary: 'Remove a trust rule with the sessions it opened, and their leases',
    method: 'DELETE',
    path: '/api/v1/trust-rules/:id',
    access: 'admin',
    params: idParams(trustRuleId),
    result: z.object({ sessionsEnded: z.int(), leasesRevoked: z.int(), change }),
  }),
};
