/** What changed, as it changes: for pages that are open. Each event names topics alone; what is new is asked for as anything else is. */
import { z } from 'zod';
import { endpoint } from './endpoint.ts';

export const topic = z.enum([
  'users',
  'groups',
  'grants',
  'destinations',
  'sessions',
  'leases',
  'providers',
  'workloads',
  'access-keys',
  'scim-tokens',
  'trust-rules',
  'audit',
  /** What the caller may reach, and what is their own: sessions, keys, factors, leases. */
  'access',
]);
export type Topic = z.output<typeof topic>;

/** Names of the events. */
export const changeEvent = 'change';
/** The caller's session has ended; the stream ends with it. An end without it means: connect again, to this server or another. */
export const endedEvent = 'ended';

export const changeNotice = z.object({ topics: z.array(topic) });
export const endedNotice = z.object({ reason: z.string() });

/** Streams of one session at a time. */
export const mostStreams = 8;

export const events = {
  /**
   * Server-sent events, to be read by `fetch`, for `EventSource` sends no header: `change` within 300 ms of the commit, several at once together.
   * Without `view` on infra: `access`, `sessions` and `access-keys` alone, when they concern the caller. What changed before the stream was open is
   * not told: ask once it is.
   */
  stream: endpoint({
    name: 'events.stream',
    summary: 'What changed, as it changes',
    method: 'GET',
    path: '/api/v1/events',
    access: 'session',
    result: changeNotice,
    stream: true,
  }),
};
