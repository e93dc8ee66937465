/** How things stand: what an admin looks at first. Counts, the first few of each, and what wants a hand. */
import { z } from 'zod';
import { auditEvent } from './audit.ts';
import { endpoint } from './endpoint.ts';
import { grant } from './grants.ts';
import { time } from './values.ts';

/** Something that somebody should see to. */
export const want = z.object({
  kind: z.enum([
    ...([
      'connector-offline',
      'connector-stale',
      'connector-never',
      'connector-outdated',
      'grant-failed',
      'provider-sync-failing',
    ] as const),
    ...(['scim-token-ending', 'access-key-ending', 'authority-ending', 'second-admin-missing', 'setup-pending'] as const),
  ]),
  /** `now`: it does not work, or ends within a day. */
  severity: z.enum(['now', 'soon']),
  /** What it is about; `id` as in the API, or `infra` for the server itself. */
  subject: z.object({
    kind: z.enum(['destination', 'grant', 'provider', 'scim-token', 'access-key', 'authority', 'server']),
    id: z.string(),
    /** A grant's is its subject; a SCIM token's its provider. */
    name: z.string(),
  }),
  /** What is the matter. */
  sentence: z.string(),
  /** What to do, with the command where there is one. */
  remedy: z.string(),
});
export type Want = z.output<typeof want>;

export const overviewResult = z.object({
  /** When it was so. */
  at: time,
  /** `never`: no connector was heard of yet. Together they are `total`. */
  destinations: z.object({ total: z.int(), online: z.int(), offline: z.int(), never: z.int() }),
  /** Identities with a session that was used within the last 15 minutes. */
  peopleActive: z.int(),
  /** Within seven days, the first to end first; ten at most. */
  grantsEndingSoon: z.object({ count: z.int(), items: z.array(grant).max(10) }),
  /** Of the last hour, newest first; ten at most. */
  refusals: z.object({ count: z.int(), items: z.array(auditEvent).max(10) }),
  /** The most pressing first; of each kind 20 at most. */
  wants: z.array(want),
  /** How many there are, those left out too. */
  wantsCount: z.int(),
});
export type Overview = z.output<typeof overviewResult>;

export const overview = {
  get: endpoint({
    name: 'overview.get',
    summary: 'How things stand, and what wants a hand',
    method: 'GET',
    path: '/api/v1/overview',
    access: 'view',
    result: overviewResult,
  }),
};
