/** HTTP/1.1 from clients: Node's strict parser, one request of a connection at a time, upgrades handed on. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Server } from 'node:https';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ConnectionLimits } from './connection-limits.ts';
import type { Entrance } from './entrance.ts';
import { Http1Exchange } from './http1-exchange.ts';
import { endAndLinger } from './relay.ts';
import type { Rests } from './rests.ts';
import { refuse, statusResponse, type Refusal, type StatusReason } from './status.ts';
import { createTurns } from './turns.ts';
import type { UpgradeHandler } from './upgrade-proxy.ts';

export const http1Limits = {
  headersTimeout: 15_000,
  // Uploads (kubectl cp through a pod proxy, large applies) may take as long as they move.
  requestTimeout: 0,
  // Above the 90 s after which Go clients drop an idle connection themselves.
  keepAliveTimeout: 120_000,
  connectionsCheckingInterval: 5000,
  maxHeaderSize: 32_768,
  // A missing Host is refused in admission, as a Status.
  requireHostHeader: false,
} as const;

/** Bytes that are thrown away after the answer to what is no request: whoever sends more has had time to read it. */
const mostAfterRefusal = 8 * 1024 * 1024;

export interface Http1Parts {
  readonly entrance: Entrance;
  readonly connections: Pick<ConnectionLimits, 'mayStay'>;
  readonly rests: Rests;
  readonly upgrade: UpgradeHandler;
}

export function serveHttp1(server: Server, { entrance, connections, rests, upgrade }: Http1Parts): void {
  // Bounded by their size alone: past a count Node would frame the body by a header that admission never sees.
  server.maxHeadersCount = 0;
  const turns = createTurns();
  server.on('request', (request, response) => turns.take(request.socket, response, () => serve(request, response)));
  const serve = (request: IncomingMessage, response: ServerResponse): void => {
    const { socket } = request;
    // What was sent in one go with a request that ended the connection.
    if (socket.destroyed || socket.writableEnded) return;
    const exchange = new Http1Exchange(request, response);
    const turnAway = (refusal: Refusal): void => {
      if (!connections.mayStay(socket)) response.setHeader('connection', 'close');
      if (refusal.retryAfterSeconds !== undefined) response.once('finish', () => rests.rest(socket));
      exchange.refuse(refusal);
    };
    entrance.serve(exchange, turnAway);
  };
  server.on('upgrade', (request, socket, head) => {
    // Sent ahead of the answer to a request, which would come in the middle of what follows the upgrade.
    if (turns.isBusy(request.socket)) socket.destroy();
    else upgrade(request, socket, head);
  });
  server.on('connect', (_request, socket) => {
    socket.on('error', () => socket.destroy());
    socket.end(statusResponse(refuse('MethodNotAllowed', 'CONNECT is not offered')));
  });
  const whenRefused = new WeakMap<Duplex, number>();
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const before = whenRefused.get(socket);
    // Node tells of everything that still comes.
    if (before !== undefined) {
      if (bytesReadOf(socket) - before > mostAfterRefusal) socket.destroy();
      return;
    }
    // Without a finished handshake (a timeout, no TLS at all) an answer would wait for ever to be sent.
    if (!socket.writable || !isHttpError(error.code)) {
      socket.destroy();
      return;
    }
    whenRefused.set(socket, bytesReadOf(socket));
    socket.write(statusResponse(refuse(reasonOf(error.code), 'this is not a well-formed HTTP/1.1 request')));
    // Its sender may be in the middle of it, and would find a reset in place of the answer.
    endAndLinger(socket);
  });
}

const bytesReadOf = (socket: Duplex): number => (socket instanceof Socket ? socket.bytesRead : 0);

const isHttpError = (code: string | undefined): boolean => code?.startsWith('HPE_') === true || code === 'ERR_HTTP_REQUEST_TIMEOUT';

const reasonOf = (code: string | undefined): StatusReason =>
  code === 'HPE_HEADER_OVERFLOW' ? 'RequestHeaderFieldsTooLarge' : 'BadRequest';
