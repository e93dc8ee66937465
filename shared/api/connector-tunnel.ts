/**
 * The tunnel by which a connector that nobody can reach is reached: the connector opens a WebSocket (RFC 6455) to the server, and inside it the server is
 * the client of an HTTP/2 session (RFC 9113) whose every stream is one CONNECT: the bytes of one person's TLS connection, which ends at the connector.
 */
import { z } from 'zod';
import { time } from './values.ts';

/** Asked with a connector's assertion, as every request of a connector; the query names the replica. */
export const tunnelPath = '/api/v1/connector/tunnel';

export const tunnelReplica = z.string().regex(/^[A-Za-z0-9._-]{1,100}$/);

/** Of the WebSocket: both ends speak this, or there is no tunnel. */
export const tunnelProtocol = 'infra-tunnel.v1';

/** Header of a CONNECT: `IP:PORT` (`[IPv6]:PORT`) that the person's connection came from, as the server saw it. For limits and records; it lends no right. */
export const personAddressHeader = 'infra-person-address';

/** The connector asks for a sign of life this often, … */
export const tunnelPingMilliseconds = 3000;
/** … and either side takes a tunnel on which nothing came for this long for dead. */
export const tunnelSilenceMilliseconds = 7000;

/** Bytes that one stream may have under way in one direction: what a stalled person costs, and what a fast one has per round trip. */
export const tunnelStreamWindow = 1024 * 1024;
/** Streams in one tunnel. */
export const tunnelStreams = 2500;

/** A tunnel as admins see it. */
export const tunnelSummary = z.object({
  replica: z.string(),
  since: time,
  /** Where it came from. */
  source: z.string(),
  /** Open now. */
  streams: z.int(),
  /** Of the last sign of life; null: none yet. */
  roundTripMilliseconds: z.number().nullable(),
});
export type TunnelSummary = z.output<typeof tunnelSummary>;
