/** What goes on at a destination this moment: watches, logs, shells, port-forwards. Told by its connectors, which alone see it. */
import { z } from 'zod';
import { connectorId, identityId, leaseId, time } from './values.ts';

/** Of the streams of one connector, and of a destination, so many at most are named; all are counted. */
export const streamsNamed = 200;

const streamFields = {
  leaseId,
  /** When it was let in, on the server's clock. */
  since: time,
  /** As the cluster has it; `get` with the subresource `exec` is a shell. */
  verb: z.string().max(40),
  /** Without the query. */
  path: z.string().max(500),
  namespace: z.string().max(253),
  resource: z.string().max(253),
  subresource: z.string().max(253),
  name: z.string().max(253),
};

export const toldStream = z.strictObject(streamFields);
export type ToldStream = z.output<typeof toldStream>;

export const toldStreams = z.strictObject({
  /** Named or not. */
  total: z.int().min(0).max(10_000_000),
  /** The newest first. */
  streams: z.array(toldStream).max(streamsNamed),
});
export type ToldStreams = z.output<typeof toldStreams>;

export const openStream = z.object({
  ...streamFields,
  /** Whose lease it is, as the server has it. */
  identity: z.object({ id: identityId, kind: z.enum(['user', 'workload']), name: z.string() }),
  connectorId,
  replica: z.string(),
});
export type OpenStream = z.output<typeof openStream>;

export const openStreamsResult = z.object({
  /** False: no connector that is in contact tells of its streams; it is older than that, or came a moment ago. */
  told: z.boolean(),
  total: z.int(),
  /** The newest first; 200 at most. */
  streams: z.array(openStream),
});
export type OpenStreamsResult = z.output<typeof openStreamsResult>;
