/** What ends when something is taken back, told beforehand. */
import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { destinationId, grantId, leaseId, sessionId, userId } from './values.ts';

export const revocationImpact = z.object({
  /** Sessions that end. */
  sessions: z.int(),
  /** Credentials that open nothing any more, or less. Of a grant: those that are lent its rights; they stay, for what else they are good for. */
  leases: z.int(),
  /** Who loses something. */
  people: z.int(),
  /** Whose connectors must hear of it, by name. `online`: one of them is in contact now. 1000 at most. */
  destinations: z.array(z.object({ id: destinationId, name: z.string(), online: z.boolean() })),
});
export type RevocationImpact = z.output<typeof revocationImpact>;

export const revocations = {
  /** Of one's own user, session or lease anybody; of others’, of grants and of destinations with `view` on infra. */
  impact: endpoint({
    name: 'revocations.impact',
    summary: 'What ends when a user, a session, a lease, a grant or a destination is taken back',
    method: 'GET',
    path: '/api/v1/revocation-impact',
    access: 'session',
    query: z
      .strictObject({
        user: userId.optional(),
        session: sessionId.optional(),
        lease: leaseId.optional(),
        grant: grantId.optional(),
        destination: destinationId.optional(),
      })
      .refine(
        (query) => Object.values(query).filter((value) => value !== undefined).length === 1,
        'name one of user, session, lease, grant and destination',
      ),
    result: revocationImpact,
  }),
};
