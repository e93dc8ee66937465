/** Revocation as a visible fact: who has enforced a change, and when. */
import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { connectorId, destinationId, time } from './values.ts';

export const acknowledgement = z.object({
  destination: z.object({ id: destinationId, name: z.string() }),
  /** Null: the destination has no connector yet. */
  connectorId: connectorId.nullable(),
  replica: z.string().nullable(),
  state: z.enum(['enforced', 'pending']),
  enforcedAt: time.nullable(),
  appliedAt: time.nullable(),
  /** From the commit of the change to the gate's acknowledgement, milliseconds on the server's clock. */
  tookMilliseconds: z.int().nullable(),
  streamsClosed: z.int(),
  /** For `pending`: when the staleness limit or the end of the last lease makes it true at the latest. */
  trueBy: time.nullable(),
  lastSeenAt: time.nullable(),
});
export type Acknowledgement = z.output<typeof acknowledgement>;

export const changes = {
  /** With `waitSeconds` the answer is held until every connector has enforced the change, at most that long. The one who made the change, or `view` on infra. */
  acknowledgements: endpoint({
    name: 'changes.acknowledgements',
    summary: 'Which connectors have enforced a change',
    method: 'GET',
    path: '/api/v1/changes/:revision/acknowledgements',
    access: 'session',
    params: z.strictObject({ revision: z.coerce.number().int().min(1) }),
    query: z.strictObject({ waitSeconds: z.coerce.number().int().min(0).max(25).default(0) }),
    result: z.object({ revision: z.int(), committedAt: time, complete: z.boolean(), acknowledgements: z.array(acknowledgement) }),
  }),
};
