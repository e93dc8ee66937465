/** Where connectors' tunnels come in: an upgrade that is asked with a connector's assertion, audited when it opens and when it closes, and ended with what it leads to. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { tunnelPath, tunnelReplica } from '../../shared/api/connector-tunnel.ts';
import { DomainError } from '../../shared/api/problem.ts';
import { toTime, type Clock } from '../../shared/clock.ts';
import { newId } from '../../shared/id.ts';
import type { Logger } from '../../shared/node/logger.ts';
import type { AcceptWebSocket, WebSocketStream } from '../../shared/node/web-socket.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import { connectorAuthor } from '../audit/caller.ts';
import { problemResponse } from '../http/problem-handler.ts';
import type { ConnectorCaller } from '../http/route.ts';
import type { ChangeBell } from '../storage/change-feed.ts';
import type { Transact } from '../storage/transact.ts';
import { createTunnel } from './tunnel.ts';
import type { TunnelHub } from './tunnel-hub.ts';

export interface TunnelDoor {
  isFor(request: IncomingMessage): boolean;
  take(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Resolves when what is being recorded is. */
  settled(): Promise<void>;
}

export interface TunnelDoorOptions {
  readonly hub: TunnelHub;
  readonly accept: AcceptWebSocket;
  /** Throws `assertion.*`. */
  readonly authenticate: (request: IncomingMessage) => Promise<ConnectorCaller>;
  /** The connector and its destination are still there. */
  readonly isLive: (caller: ConnectorCaller) => Promise<boolean>;
  readonly transact: Transact<{ readonly audit: AuditLog }>;
  readonly bell: ChangeBell;
  readonly clock: Clock;
  readonly logger: Logger;
}

export function createTunnelDoor(options: TunnelDoorOptions): TunnelDoor {
  const { accept, authenticate, logger } = options;
  const recording = new Set<Promise<unknown>>();
  const keep = (work: Promise<unknown>): void => {
    recording.add(work);
    void work.finally(() => recording.delete(work));
  };
  return {
    isFor: (request) => pathOf(request) === tunnelPath,
    take: (request, socket, head) => {
      const broken = (): void => void socket.destroy();
      socket.on('error', broken);
      const admit = async (): Promise<void> => {
        try {
          if (pathOf(request) !== tunnelPath) throw new DomainError('request.not-found', 'Nothing at this address can be upgraded.');
          const caller = await authenticate(request);
          const replica = replicaOf(request);
          accept(request, socket, head, (line) => {
            socket.off('error', broken);
            keep(open(options, { caller, replica, line }, keep));
          });
        } catch (error) {
          if (!(error instanceof DomainError)) logger.error({ err: error }, 'a tunnel could not be opened');
          socket.end(problemResponse(error), () => socket.destroy());
        }
      };
      void admit();
    },
    settled: async () => {
      while (recording.size > 0) await Promise.allSettled(recording);
    },
  };
}

const pathOf = ({ url = '' }: IncomingMessage): string => url.split('?', 1)[0] ?? '';

function replicaOf({ url = '' }: IncomingMessage): string {
  const parsed = tunnelReplica.safeParse(new URL(url, 'https://server').searchParams.get('replica'));
  if (parsed.success) return parsed.data;
  throw new DomainError('request.invalid', 'The query must name the connector’s replica: 1–100 letters, digits, ".", "_" or "-".');
}

const lookMilliseconds = 200;

interface Arrival {
  readonly caller: ConnectorCaller;
  readonly replica: string;
  readonly line: WebSocketStream;
}

async function open(options: TunnelDoorOptions, arrival: Arrival, keep: (work: Promise<unknown>) => void): Promise<void> {
  const { hub, clock, bell, logger } = options;
  const { caller, replica, line } = arrival;
  const { connectorId, destination, source } = caller;
  const since = clock.now();
  const id = newId('tunnel', since);
  const details = { connector: connectorId, tunnel: id, replica };
  const by = connectorAuthor(connectorId, destination.name, source);
  const record = options.transact;
  try {
    await record(async ({ audit }) => audit.record({ event: 'connector.tunnel-opened', act: { by, now: since }, destination, details }));
  } catch (error) {
    // What cannot be recorded is not opened.
    logger.error({ err: error }, 'a tunnel could not be recorded');
    line.stream.destroy();
    return;
  }
  const tunnel = createTunnel({
    owner: { connectorId, destinationId: destination.id, replica, source: source.address },
    line,
    since: toTime(since),
    ended: (reason, streams) => {
      stopListening();
      hub.remove(tunnel);
      const now = clock.now();
      const end = { ...details, seconds: Math.round((now - since) / 1000), streams, reason: reason.slice(0, 500) };
      keep(
        record(async ({ audit }) => audit.record({ event: 'connector.tunnel-closed', act: { by, now }, destination, details: end })).catch(
          (error: unknown) => logger.error({ err: error, tunnel: id }, 'the end of a tunnel could not be recorded'),
        ),
      );
    },
  });
  // The bell rings for every certificate too, and each look reads the database: one look for all that changed meanwhile.
  let look: NodeJS.Timeout | undefined;
  const stopLooking = bell.listen(destination.id, () => {
    look ??= setTimeout(() => {
      look = undefined;
      void endUnlessLive();
    }, lookMilliseconds);
  });
  const stopListening = (): void => {
    stopLooking();
    clearTimeout(look);
  };
  const endUnlessLive = async (): Promise<void> => {
    try {
      if (!(await options.isLive(caller))) tunnel.end('its destination or connector was removed');
    } catch (error) {
      logger.error({ err: error }, 'could not look up whom a tunnel belongs to');
    }
  };
  hub.add(tunnel);
  // Removed between its authentication and the line above: no bell rings for that any more.
  await endUnlessLive();
}
